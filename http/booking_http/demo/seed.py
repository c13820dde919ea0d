"""The demo's catalogue: exactly the sailings that the simulated supplier sells."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

from adapters.simulator.sailings import SeededSailing, seeded_sailings
from adapters.simulator.store import seed_date
from booking_flow.model.sailing import Sailing
from booking_http.demo.descriptions import NOTICES, picture_of, ship_of
from booking_http.settings import Settings
from persistence import catalogue
from persistence.catalogue import CatalogueRow
from persistence.database import create_engine


def seed_day(state_file: Path) -> date:
    """Return the day that the dates of the supplier's sailings count from."""
    return seed_date(state_file, datetime.now(UTC).date())


async def seed(settings: Settings, *, day: date) -> int:
    """Put the supplier's sailings into the catalogue and return how many there are."""
    rows = [row_of(sailing) for sailing in seeded_sailings(day)]
    engine = create_engine(settings.database_url.get_secret_value(), pool_size=1)
    try:
        await catalogue.seed(engine, rows)
    finally:
        await engine.dispose()
    return len(rows)


def row_of(seeded: SeededSailing) -> CatalogueRow:
    """Return a sailing of the supplier as our catalogue keeps it."""
    sailing = Sailing(
        cruise_id=str(seeded.codetocruiseid),
        name=seeded.name,
        line_id=seeded.line_id,
        line_name=seeded.line_name,
        ship_id=seeded.ship_id,
        ship_name=seeded.ship_name,
        sailing_date=seeded.sail_date,
        nights=seeded.nights,
        ports=seeded.ports,
        from_price=seeded.from_price,
    )
    return CatalogueRow(
        sailing=sailing,
        currency="USD",
        embark_port=seeded.ports[0],
        image_url=picture_of(seeded),
        itinerary=[asdict(stop) for stop in seeded.stops],
        notices=NOTICES,
        ship=ship_of(seeded),
    )
