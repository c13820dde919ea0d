"""Putting sailings into our own catalogue, for the demo and for agencies without another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import text

from booking_flow.model.sailing import Sailing
from persistence.codec import encode
from persistence.database import Database, transaction

# Lines first, then ships, then sailings, as the foreign keys want it.
SEED: Final = (
    text(
        """
        INSERT INTO catalogue.lines (line_id, name)
        SELECT DISTINCT ON (r.line_id) r.line_id, r.line_name
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(line_id integer, line_name text)
        ON CONFLICT (line_id) DO UPDATE SET name = excluded.name
        """
    ),
    text(
        """
        INSERT INTO catalogue.ships (ship_id, line_id, name, description, year_built,
                                     guest_capacity, deck_count, image_url, images,
                                     cabin_categories)
        SELECT DISTINCT ON (r.ship_id) r.ship_id, r.line_id, r.ship_name, r.description,
               r.year_built, r.guest_capacity, r.deck_count, r.image_url, r.images,
               r.cabin_categories
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
            ship_id integer, line_id integer, ship_name text, description text,
            year_built integer, guest_capacity integer, deck_count integer, image_url text,
            images jsonb, cabin_categories jsonb)
        ON CONFLICT (ship_id) DO UPDATE
        SET name = excluded.name, line_id = excluded.line_id, description = excluded.description,
            year_built = excluded.year_built, guest_capacity = excluded.guest_capacity,
            deck_count = excluded.deck_count, image_url = excluded.image_url,
            images = excluded.images, cabin_categories = excluded.cabin_categories
        """
    ),
    text(
        """
        INSERT INTO catalogue.sailings (cruise_id, name, line_id, ship_id, sailing_date, nights,
                                        ports, embark_port, from_price, currency, active,
                                        image_url, itinerary, notices)
        SELECT r.cruise_id, r.name, r.line_id, r.ship_id, r.sailing_date, r.nights, r.ports,
               r.embark_port, r.from_price, r.currency, r.active, r.sailing_image_url,
               r.itinerary, r.notices
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
            cruise_id text, name text, line_id integer, ship_id integer, sailing_date date,
            nights integer, ports text[], embark_port text, from_price numeric, currency text,
            active boolean, sailing_image_url text, itinerary jsonb, notices jsonb)
        ON CONFLICT (cruise_id) DO UPDATE
        SET name = excluded.name, line_id = excluded.line_id, ship_id = excluded.ship_id,
            sailing_date = excluded.sailing_date, nights = excluded.nights,
            ports = excluded.ports, embark_port = excluded.embark_port,
            from_price = excluded.from_price, currency = excluded.currency,
            active = excluded.active, image_url = excluded.image_url,
            itinerary = excluded.itinerary,
            notices = excluded.notices
        """
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipDescription:
    """What pages show of a ship; lists as docs/catalogue.md spells them."""

    description: str | None = None
    year_built: int | None = None
    guest_capacity: int | None = None
    deck_count: int | None = None
    image_url: str | None = None
    images: Sequence[Mapping[str, str]] = ()
    cabin_categories: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueRow:
    """A sailing to seed, with what only the catalogue needs of it."""

    sailing: Sailing
    currency: str
    embark_port: str | None = None
    active: bool = True
    image_url: str | None = None
    itinerary: Sequence[Mapping[str, object]] = ()
    """Days as docs/catalogue.md spells them."""
    notices: Sequence[str] = ()
    ship: ShipDescription = ShipDescription()


async def seed(engine: Database, rows: Sequence[CatalogueRow]) -> None:
    """Insert sailings with their lines and ships, or bring them up to date."""
    values = {"rows": encode([_flat(row) for row in rows])}
    async with transaction(engine) as connection:
        for statement in SEED:
            await connection.execute(statement, values)


def _flat(row: CatalogueRow) -> dict[str, Any]:
    sailing = row.sailing
    return {
        "cruise_id": sailing.cruise_id,
        "name": sailing.name,
        "line_id": sailing.line_id,
        "line_name": sailing.line_name,
        "ship_id": sailing.ship_id,
        "ship_name": sailing.ship_name,
        "sailing_date": sailing.sailing_date,
        "nights": sailing.nights,
        "ports": sailing.ports,
        "embark_port": row.embark_port,
        "from_price": sailing.from_price,
        "currency": row.currency,
        "active": row.active,
        "sailing_image_url": row.image_url,
        "itinerary": list(row.itinerary),
        "notices": list(row.notices),
        **asdict(row.ship),
    }
