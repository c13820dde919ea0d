"""The catalogue finds sailings by id and shows the coming live ones page by page."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from booking_flow.sailing import Sailing
from persistence.catalogue import BadCursor, CataloguePage, CatalogueRow, PostgresCatalogue
from persistence.clock import set_clock_offset
from tests.persistence.samples import SAILING

PAST = replace(SAILING, cruise_id="past", sailing_date=date(2020, 1, 1))
OTHER_LINE = replace(
    SAILING, cruise_id="msc", line_id=7, line_name="MSC", ship_id=70, ship_name="Euribia"
)
LATER = replace(
    SAILING,
    cruise_id="later",
    nights=4,
    line_id=3,
    line_name="Celebrity",
    ship_id=30,
    ship_name="Apex",
    sailing_date=date(2031, 12, 31),
    ports=(),
    from_price=None,
)
SAME_DAY = replace(SAILING, cruise_id="2190295", nights=14)
LIVE = (SAILING, SAME_DAY, LATER)


SEARCHES: list[tuple[dict[str, Any], tuple[Sailing, ...]]] = [
    ({}, LIVE),
    ({"line": 3}, (LATER,)),
    ({"line": 7}, ()),
    ({"month": date(2031, 3, 31)}, (SAILING, SAME_DAY)),
    ({"month": date(2031, 12, 1)}, (LATER,)),
    ({"nights_min": 8}, (SAME_DAY,)),
    ({"nights_max": 7}, (SAILING, LATER)),
    ({"nights_min": 5, "nights_max": 10}, (SAILING,)),
    ({"port": "cozumel"}, (SAILING, SAME_DAY)),
    ({"port": "fort lauderdale"}, (LATER,)),
    ({"port": "Coz"}, ()),
]


@pytest.fixture
async def catalogue(engine: AsyncEngine) -> PostgresCatalogue:
    catalogue = PostgresCatalogue(engine, {22, 3})
    rows = [CatalogueRow(sailing=s, currency="USD") for s in (*LIVE, PAST, OTHER_LINE)]
    hidden = replace(SAILING, cruise_id="hidden")
    rows.append(CatalogueRow(sailing=hidden, currency="USD", active=False))
    rows[2] = replace(rows[2], embark_port="Fort Lauderdale")
    await catalogue.seed(rows)
    return catalogue


async def test_every_active_sailing_is_found_by_its_id(catalogue: PostgresCatalogue) -> None:
    """Whether it can be booked is the core's decision."""
    for sailing in (*LIVE, PAST, OTHER_LINE):
        assert await catalogue.sailing(sailing.cruise_id) == sailing
    for cruise_id in ("nothing", "hidden", ""):
        assert await catalogue.sailing(cruise_id) is None


async def test_a_search_shows_coming_live_sailings(catalogue: PostgresCatalogue) -> None:
    for wanted, found in SEARCHES:
        page = CataloguePage(sailings=found, next=None)
        assert await catalogue.search(**wanted) == page, wanted


async def test_pages_follow_one_another_without_a_gap(catalogue: PostgresCatalogue) -> None:
    seen: list[Sailing] = []
    cursor = None
    for _ in LIVE:
        page = await catalogue.search(cursor=cursor, limit=1)
        seen += page.sailings
        cursor = page.next
    assert (tuple(seen), cursor) == (LIVE, None)


async def test_a_made_up_cursor_is_refused(catalogue: PostgresCatalogue) -> None:
    for cursor in ("x", "%%%", "bm90IGEgcGxhY2U", ""):
        with pytest.raises(BadCursor):
            await catalogue.search(cursor=cursor)


async def test_a_sailing_leaves_the_search_on_its_day(
    catalogue: PostgresCatalogue, engine: AsyncEngine
) -> None:
    noon = datetime(2031, 3, 7, 12, tzinfo=UTC)
    await set_clock_offset(engine, noon - datetime.now(UTC))
    assert (await catalogue.search()).sailings == (LATER,)
    await set_clock_offset(engine, noon - datetime.now(UTC) - timedelta(days=1))
    assert (await catalogue.search()).sailings == LIVE


async def test_seeding_again_brings_up_to_date(catalogue: PostgresCatalogue) -> None:
    renamed = replace(SAILING, name="Renamed", line_name="RCI", ship_name="Star", nights=8)
    await catalogue.seed([CatalogueRow(sailing=renamed, currency="EUR")])
    assert await catalogue.sailing(SAILING.cruise_id) == renamed
    await catalogue.seed([])
