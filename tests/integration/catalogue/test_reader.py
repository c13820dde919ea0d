"""The catalogue finds sailings by id and shows the coming live ones page by page, in any shape."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import structlog

from adapters.catalogue.layout import CRUISES, OWN, Layout, layout_of
from adapters.catalogue.reader import CatalogueReader, open_reader
from adapters.catalogue.rows import BadCursor
from adapters.catalogue.search_statements import Filters
from adapters.simulator.sailings import seeded_sailings
from booking_flow.errors import RefusalCode, Refused
from booking_flow.model.sailing import Sailing
from booking_flow.ports import StoreUnavailable
from booking_http.demo.seed import row_of
from persistence.catalogue import CatalogueRow, seed
from persistence.database import create_engine
from tests.integration.catalogue.conftest import MakeShelf
from tests.support.catalogue_tables import NEEDED, Shelf, today
from tests.support.changes import SAILING

TODAY = date(2030, 1, 1)
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

TEXTS = {
    "cruise_lines": {"id": "text PRIMARY KEY"},
    "ships": {"id": "text PRIMARY KEY", "cruise_line_id": "text"},
    "cruises": {
        "id": "char(20)",
        "cruise_line_id": "text",
        "ship_id": "text",
        "sailing_date": "text",
        "nights": "text",
        "ports": "text",
        "cheapest_price": "text",
        "is_active": "text",
    },
}
COUNTS = {
    "cruise_lines": {"id": "bigint PRIMARY KEY"},
    "ships": {"id": "numeric PRIMARY KEY", "cruise_line_id": "bigint"},
    "cruises": {
        "id": "bigint PRIMARY KEY",
        "cruise_line_id": "bigint",
        "ship_id": "smallint",
        "sailing_date": "timestamptz",
        "nights": "numeric(6,2)",
        "ports": "text[]",
        "cheapest_price": "double precision",
        "is_active": "boolean",
        "noise": "uuid DEFAULT gen_random_uuid()",
    },
}
MOMENTS = {
    "cruises": {"id": "numeric(12,2)", "sailing_date": "timestamp", "ports": "varchar(50)[]"},
}
OPTIONAL = ("name", "ports", "embark_port", "cheapest_price", "currency", "is_active", "raw_data")
SHAPES = {"usual": {}, "texts": TEXTS, "counts": COUNTS, "moments": MOMENTS}


def known(cruise_id: str) -> Sailing:
    """Return a sailing of the supplier as a catalogue should tell of it."""
    return next(
        row.sailing
        for row in map(row_of, seeded_sailings(today()))
        if row.sailing.cruise_id == cruise_id
    )


def reading(url: str, layout: Layout = CRUISES, *, seconds: float = 0) -> Any:
    return open_reader(url, layout, live_lines=(22, 3), seconds=seconds)


@pytest.fixture
async def catalogue(database_url: str) -> AsyncIterator[CatalogueReader]:
    engine = create_engine(database_url, pool_size=1)
    rows = [CatalogueRow(sailing=s, currency="USD") for s in (*LIVE, PAST, OTHER_LINE)]
    hidden = replace(SAILING, cruise_id="hidden")
    rows.append(CatalogueRow(sailing=hidden, currency="USD", active=False))
    rows[2] = replace(rows[2], embark_port="Fort Lauderdale")
    await seed(engine, rows)
    await engine.dispose()
    async with reading(database_url, OWN) as reader:
        yield reader


async def test_every_active_sailing_is_found_by_its_id(catalogue: CatalogueReader) -> None:
    """Whether it can be booked is the core's decision."""
    for sailing in (*LIVE, PAST, OTHER_LINE):
        assert await catalogue.sailing(sailing.cruise_id) == sailing
    for cruise_id in ("nothing", "hidden", ""):
        assert await catalogue.sailing(cruise_id) is None


async def test_a_search_shows_coming_live_sailings(catalogue: CatalogueReader) -> None:
    for wanted, found in SEARCHES:
        assert (await catalogue.search(Filters(after=TODAY, **wanted))).sailings == found, wanted


async def test_pages_follow_one_another_without_a_gap(catalogue: CatalogueReader) -> None:
    seen: list[Sailing] = []
    cursor = None
    for _ in LIVE:
        page = await catalogue.search(Filters(after=TODAY), cursor=cursor, limit=1)
        seen += page.sailings
        cursor = page.next
    assert (tuple(seen), cursor) == (LIVE, None)


async def test_a_made_up_cursor_is_refused(catalogue: CatalogueReader) -> None:
    for cursor in ("x", "%%%", "bm90IGEgcGxhY2U", "", "MjAzMC0wMS0wMSAA"):
        with pytest.raises(BadCursor):
            await catalogue.search(Filters(after=TODAY), cursor=cursor)


async def test_a_sailing_leaves_the_search_on_its_day(catalogue: CatalogueReader) -> None:
    assert (await catalogue.search(Filters(after=date(2031, 3, 7)))).sailings == (LATER,)
    assert (await catalogue.search(Filters(after=date(2031, 3, 6)))).sailings == LIVE


async def test_seeding_again_brings_up_to_date(
    catalogue: CatalogueReader, database_url: str
) -> None:
    renamed = replace(SAILING, name="Renamed", line_name="RCI", ship_name="Star", nights=8)
    engine = create_engine(database_url, pool_size=1)
    await seed(engine, [CatalogueRow(sailing=renamed, currency="USD")])
    await seed(engine, [])
    await engine.dispose()
    assert await catalogue.sailing(SAILING.cruise_id) == renamed


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_catalogue_of_other_types_tells_the_same(make_shelf: MakeShelf, shape: str) -> None:
    """Whatever its columns count or spell, sailings, pages and filters stay the same."""
    shelf = await make_shelf(SHAPES[shape])
    coming = [
        row.sailing
        for row in map(row_of, seeded_sailings(today()))
        if row.sailing.line_id in {22, 3} and row.sailing.sailing_date > today()
    ]
    async with reading(shelf.url) as reader:
        assert await reader.sailing("2190294") == known("2190294")
        assert await reader.sailing("2161246") == known("2161246")
        for stranger in ("2190294x", "219029", "2190294 ", "9" * 30, "-1", "²", "2190294\0"):
            assert await reader.sailing(stranger) is None
        seen = await all_pages(reader, limit=7)
        assert sorted(seen, key=by_place) == sorted(coming, key=by_place)
        assert [one.sailing_date for one in seen] == sorted(one.sailing_date for one in coming)
        seattle = await all_pages(reader, port="seattle", nights_min=7, nights_max=7)
        assert {one.cruise_id for one in seattle} == {
            one.cruise_id for one in coming if "Seattle" in one.ports
        }
        with pytest.raises(BadCursor):
            await reader.search(Filters(after=today()), cursor="x")


def by_place(sailing: Sailing) -> tuple[date, str]:
    return sailing.sailing_date, sailing.cruise_id


async def all_pages(reader: CatalogueReader, *, limit: int = 20, **wanted: Any) -> list[Sailing]:
    seen: list[Sailing] = []
    cursor = None
    while True:
        page = await reader.search(Filters(after=today(), **wanted), cursor=cursor, limit=limit)
        seen += page.sailings
        if (cursor := page.next) is None:
            return seen


async def test_only_what_must_be_there_is_enough(make_shelf: MakeShelf) -> None:
    """Without the optional columns sailings are sold, and what is missing is named once."""
    shelf = await make_shelf(
        {
            "ships": {"cruise_line_id": None},
            "cruises": dict.fromkeys(OPTIONAL),
        }
    )
    with structlog.testing.capture_logs() as logs:
        async with reading(shelf.url) as reader:
            found = await reader.sailing("2190294")
            await all_pages(reader)
            assert await all_pages(reader, port="Miami") == []
    whole = known("2190294")
    assert found == replace(whole, name=f"7 nights on {whole.ship_name}", ports=(), from_price=None)
    (told,) = [one for one in logs if one["event"] == "catalogue_lacks"]
    assert told["bookable"] is True
    assert "public.cruises.raw_data is missing, optional" in told["columns"]
    assert len(told["columns"]) == 8


async def test_nothing_is_sold_without_a_required_column(make_shelf: MakeShelf) -> None:
    """A sailing that cannot be told right is not told at all."""
    shelf = await make_shelf()
    for table, column in ((table, name) for table, names in NEEDED.items() for name in names):
        await shelf.run(f"ALTER TABLE {table} RENAME {column} TO elsewhere")
        async with reading(shelf.url) as reader:
            with pytest.raises(Refused) as refused:
                await reader.sailing("2190294")
            assert refused.value.refusal.code is RefusalCode.UNAVAILABLE
            with pytest.raises(Refused):
                await reader.search(Filters(after=today()))
            (finding,) = (await reader.inspection()).harmful
            assert str(finding) == f"public.{table}.{column} is missing, required"
        await shelf.run(f"ALTER TABLE {table} RENAME elsewhere TO {column}")


async def test_a_column_that_comes_back_is_seen(make_shelf: MakeShelf) -> None:
    """A catalogue that cannot be used is looked at again with every question."""
    shelf = await make_shelf()
    await shelf.run("ALTER TABLE cruises RENAME nights TO length")
    async with reading(shelf.url, seconds=60) as reader:
        with pytest.raises(Refused):
            await reader.sailing("2190294")
        await shelf.run("ALTER TABLE cruises RENAME length TO nights")
        assert await reader.sailing("2190294") == known("2190294")


async def test_a_column_that_goes_is_noticed_at_the_next_question(make_shelf: MakeShelf) -> None:
    """A schema may change under a running service: what was inspected is inspected anew."""
    shelf = await make_shelf()
    async with reading(shelf.url) as reader:
        assert await reader.sailing("2190294") == known("2190294")
        await shelf.run("ALTER TABLE cruises DROP COLUMN ports")
        assert await reader.sailing("2190294") == replace(known("2190294"), ports=())
        await shelf.run("ALTER TABLE cruises DROP COLUMN cruise_line_id")
        with pytest.raises(Refused):
            await reader.sailing("2190294")


async def test_rows_that_make_no_sense_are_not_on_sale(make_shelf: MakeShelf) -> None:
    """They hide nothing else: the sailings around them are shown."""
    shelf = await make_shelf(TEXTS)
    for column, nonsense in (
        ("nights", "a week"),
        ("cruise_line_id", "99999999999999"),
        ("ship_id", "Wonder"),
        ("sailing_date", "2030-02-30"),
        ("sailing_date", "soon"),
        ("ship_id", "4711"),
        ("is_active", "no"),
    ):
        await shelf.run(f"UPDATE cruises SET {column} = $1 WHERE id = '2190294'", nonsense)
        async with reading(shelf.url) as reader:
            assert await reader.sailing("2190294") is None, nonsense
            shown = [one.cruise_id for one in await all_pages(reader)]
        assert "2190294" not in shown
        assert "2190295" in shown
        right = {**known_row("2190294")}[column]
        await shelf.run(f"UPDATE cruises SET {column} = $1 WHERE id = '2190294'", right)


def known_row(cruise_id: str) -> dict[str, str]:
    sailing = known(cruise_id)
    return {
        "nights": str(sailing.nights),
        "cruise_line_id": str(sailing.line_id),
        "ship_id": str(sailing.ship_id),
        "sailing_date": f" {sailing.sailing_date}T00:00:00\n",
        "is_active": "TRUE\n",
    }


async def test_blanks_around_values_are_no_part_of_them(make_shelf: MakeShelf) -> None:
    shelf = await make_shelf({"cruises": {"id": "text", "cheapest_price": "text"}})
    await shelf.run(
        "UPDATE cruises SET id = E' 2190294\\r\\n', name = ' Western ', cheapest_price = '1,299.5'"
        " WHERE id = '2190294'"
    )
    async with reading(shelf.url) as reader:
        found = await reader.sailing("2190294")
        assert found is not None
        assert (found.cruise_id, found.name, str(found.from_price)) == (
            "2190294",
            "Western",
            "1299.50",
        )
        assert "2190294" in [one.cruise_id for one in await all_pages(reader, limit=1)]


async def test_columns_have_the_names_that_settings_give_them(make_shelf: MakeShelf) -> None:
    """Also a column of a type of its own, once it is declared."""
    shelf = await make_shelf()
    for sql in (
        "CREATE SCHEMA shop",
        "CREATE TYPE shop.flagged AS ENUM ('true', 'false')",
        "ALTER TABLE cruises RENAME id TO codetocruiseid",
        "ALTER TABLE cruises ALTER is_active TYPE shop.flagged USING is_active::text::shop.flagged",
        "ALTER TABLE cruises SET SCHEMA shop",
        "ALTER TABLE cruise_lines SET SCHEMA shop",
        "ALTER TABLE ships SET SCHEMA shop",
        "ALTER TABLE shop.cruises RENAME TO voyages",
        "GRANT USAGE ON SCHEMA shop TO public",
    ):
        await shelf.run(sql)
    names = {
        "sailings.cruise_id": "voyages.codetocruiseid",
        "sailings.active": "voyages.is_active::shop.flagged",
    }
    async with reading(shelf.url, layout_of("cruises", schema="shop", names=names)) as reader:
        assert await reader.sailing("2190294") == known("2190294")
        await shelf.run("UPDATE shop.voyages SET is_active = 'false'")
        assert await reader.sailing("2190294") is None


async def test_what_was_read_is_shown_again_for_a_while(make_shelf: MakeShelf) -> None:
    shelf = await make_shelf()
    async with reading(shelf.url, seconds=60) as reader:
        found = await reader.sailing("2190294")
        page = await reader.search(Filters(after=today()))
        await shelf.run("UPDATE cruises SET is_active = false")
        assert await reader.sailing("2190294") is found
        assert await reader.search(Filters(after=today())) is page
        assert await reader.sailing("2190295") is None


async def test_a_price_in_another_currency_is_not_shown(make_shelf: MakeShelf) -> None:
    """A bare amount beside others would be taken for the shop's own currency."""
    shelf = await make_shelf()
    await shelf.run("UPDATE cruises SET currency = 'CAD' WHERE id = '2190294'")
    async with reading(shelf.url) as reader:
        assert await reader.sailing("2190294") == replace(known("2190294"), from_price=None)
        assert await reader.sailing("2190295") == known("2190295")


async def test_nothing_can_be_written_even_by_an_account_that_may(make_shelf: MakeShelf) -> None:
    shelf: Shelf = await make_shelf()
    async with reading(shelf.owner) as reader:
        async with reader._pool.lent() as connection:
            rows = await connection.fetch("SHOW default_transaction_read_only")
        assert rows[0][0] == "on"


async def test_a_catalogue_that_is_away_is_unavailable(make_shelf: MakeShelf) -> None:
    """The core turns that into a problem that says so; the next question connects anew."""
    shelf = await make_shelf()
    nowhere = shelf.url.replace("/shelf", "/no_shelf")
    async with reading(nowhere) as reader:
        with pytest.raises(StoreUnavailable):
            await reader.sailing("2190294")


@pytest.mark.parametrize(("zone", "days"), [("Asia/Tokyo", 0), ("UTC", -1)])
async def test_a_day_is_read_off_a_moment_where_the_catalogue_says(
    make_shelf: MakeShelf, zone: str, days: int
) -> None:
    """Midnight in Tokyo is the day before in Greenwich."""
    shelf = await make_shelf({"cruises": {"sailing_date": "timestamptz"}})
    await shelf.run(
        "UPDATE cruises SET sailing_date = sailing_date::date::timestamp AT TIME ZONE 'Asia/Tokyo'"
    )
    right = known(SAILING.cruise_id).sailing_date
    async with open_reader(shelf.url, CRUISES, live_lines=(22, 3), time_zone=zone) as reader:
        sailing = await reader.sailing(SAILING.cruise_id)
        assert sailing is not None
        assert sailing.sailing_date == right + timedelta(days=days)
        found = await reader.search(Filters(after=sailing.sailing_date - timedelta(days=1)))
        assert sailing.cruise_id in {each.cruise_id for each in found.sailings}
