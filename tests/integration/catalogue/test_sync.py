"""A sync writes what differs and nothing else, and never touches a booking."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.catalogue.fields import Table
from adapters.catalogue.pairing import CannotCopy
from tests.integration.catalogue.conftest import MakeShelf
from tests.support.catalogue_copies import FIRST, copy, every_row, fill, keys, look, sold
from tests.support.service import CRUISE, running_service, running_simulator, seed_catalogue

SAILINGS = Table.SAILINGS


async def some_bookings(database_url: str) -> None:
    """Leave sessions of several states behind, as guests would."""
    await seed_catalogue(database_url)
    async with (
        running_simulator() as simulator,
        running_service(database_url, simulator) as service,
    ):
        await service.guest().to_booked()
        await service.guest().to_basketed()
        await service.guest().to_priced()


@pytest.mark.parametrize("many", [5_000, pytest.param(50_000, marks=pytest.mark.full)])
async def test_thousands_of_sailings_leave_every_booking_as_it_was(
    database_url: str, make_shelf: MakeShelf, many: int
) -> None:
    """All rows outside the catalogue keep their place and writer; a second sync writes nothing."""
    await some_bookings(database_url)
    before = await every_row(database_url, "public")
    assert len(before["public.bookings"]) == 1
    assert len(before["public.booking_sessions"]) == 3
    source = await make_shelf(stocked=False)
    await fill(source, many)
    report = await copy(source, database_url, accept_vanished=True)
    assert report.tables[SAILINGS].new == many
    assert report.tables[SAILINGS].vanished > 0
    assert report.faults == []
    assert await every_row(database_url, "public") == before
    assert (await sold(database_url, f"cruise_id = '{CRUISE}'"))[0][-1] is False
    copied = await look(source.url, "SELECT id, name, nights, ship_id FROM cruises ORDER BY id")
    there = await look(
        database_url,
        "SELECT cruise_id, name, nights, ship_id FROM catalogue.sailings"
        " WHERE active AND line_id <> 8 ORDER BY cruise_id",
    )
    assert there == [row for row in copied if row[0] != "1999999"]
    catalogue = await every_row(database_url, "catalogue")
    again = await copy(source, database_url)
    assert (again.written, again.tables[SAILINGS].same) == (0, many)
    assert await every_row(database_url, "catalogue", "public") == catalogue | before


async def test_only_what_differs_is_written(database_url: str, make_shelf: MakeShelf) -> None:
    source = await make_shelf(stocked=False)
    await fill(source, 40)
    await copy(source, database_url)
    first = dict(
        row[1:] for row in (await every_row(database_url, "catalogue"))["catalogue.sailings"]
    )
    await source.run("UPDATE cruises SET nights = 9, name = 'Nine' WHERE id = $1", str(FIRST))
    await source.run("DELETE FROM cruises WHERE id = $1", str(FIRST + 1))
    await source.run("UPDATE ships SET name = 'Renamed' WHERE id = 1")
    await source.run(
        "INSERT INTO cruises (id, name, cruise_line_id, ship_id, sailing_date, nights)"
        " VALUES ('3000000', 'New', 22, 1, current_date + 10, 3)"
    )
    report = await copy(source, database_url)
    tally = report.tables[SAILINGS]
    assert (tally.new, tally.changed, tally.vanished, tally.same) == (1, 1, 1, 38)
    assert tally.samples["changed"] == [f"{FIRST}: name, nights"]
    assert (tally.samples["new"], tally.samples["vanished"]) == (["3000000"], [str(FIRST + 1)])
    assert report.tables[Table.SHIPS].samples["changed"] == ["1: name"]
    rows = (await every_row(database_url, "catalogue"))["catalogue.sailings"]
    assert len([row for row in rows if row[1] not in first]) == 3
    assert keys(await sold(database_url, "NOT active")) == [str(FIRST + 1)]


async def test_what_comes_back_is_on_sale_again(database_url: str, make_shelf: MakeShelf) -> None:
    source = await make_shelf(stocked=False)
    await fill(source, 10)
    await copy(source, database_url)
    await source.run("UPDATE cruises SET id = '1' WHERE id = $1", str(FIRST))
    assert (await copy(source, database_url)).tables[SAILINGS].vanished == 1
    assert keys(await sold(database_url, "NOT active")) == [str(FIRST)]
    await source.run("UPDATE cruises SET id = $1 WHERE id = '1'", str(FIRST))
    assert (await copy(source, database_url)).tables[SAILINGS].changed == 1
    assert keys(await sold(database_url, "NOT active")) == ["1"]


async def test_sailings_that_name_another_line_than_the_source_are_put_right(
    database_url: str, make_shelf: MakeShelf
) -> None:
    """The fault of old: the target says 8, Carnival, where the source says 22."""
    source = await make_shelf(stocked=False)
    await fill(source, 6)
    await copy(source, database_url, lines=(22, 3, 8))
    wrong = str(FIRST + 1)
    told = "SELECT line_id FROM catalogue.sailings WHERE cruise_id = $1"
    right = await look(database_url, told, wrong)
    await look(
        database_url,
        "UPDATE catalogue.sailings SET line_id = 8, ship_id = 9000 WHERE cruise_id = $1",
        wrong,
    )
    report = await copy(source, database_url)
    assert report.tables[SAILINGS].samples["changed"] == [f"{wrong}: line_id, ship_id"]
    assert await look(database_url, told, wrong) == right != [(8,)]


async def test_a_dry_run_tells_the_same_and_writes_nothing(
    database_url: str, make_shelf: MakeShelf
) -> None:
    source = await make_shelf(stocked=False)
    await fill(source, 30)
    empty = await every_row(database_url, "catalogue", "public")
    told = await copy(source, database_url, dry_run=True)
    assert (told.written, told.faults) == (2 + 60 + 30, [])
    assert await every_row(database_url, "catalogue", "public") == empty
    done = await copy(source, database_url)
    assert {t: done.tables[t].new for t in Table} == {t: told.tables[t].new for t in Table}
    await source.run("DELETE FROM cruises WHERE id = $1", str(FIRST))
    told = await copy(source, database_url, dry_run=True)
    assert (told.written, told.tables[SAILINGS].samples["vanished"]) == (1, [str(FIRST)])
    assert len(await sold(database_url, "active")) == 30


@pytest.mark.parametrize(
    "statement", ["DELETE FROM cruises", "DELETE FROM cruises WHERE nights > 4"]
)
async def test_a_source_that_lost_most_of_its_sailings_empties_no_shop(
    statement: str, database_url: str, make_shelf: MakeShelf
) -> None:
    source = await make_shelf(stocked=False)
    await fill(source, 100)
    await copy(source, database_url)
    await source.run(statement)
    report = await copy(source, database_url)
    assert report.tables[SAILINGS].vanished == 0
    assert report.doubted
    assert len(await sold(database_url, "active")) == 100
    assert any("sailings of line 3 are not in the source" in note for note in report.notes)
    assert any("sailings of line 22 are not in the source" in note for note in report.notes)
    believed = await copy(source, database_url, accept_vanished=True)
    assert believed.tables[SAILINGS].vanished == len(await sold(database_url, "NOT active")) > 50


async def test_a_line_that_the_source_does_not_know_is_noted(
    database_url: str, make_shelf: MakeShelf
) -> None:
    source = await make_shelf(stocked=False)
    await fill(source, 10)
    report = await copy(source, database_url, lines=(22, 77))
    assert report.notes == ["the source has no line 77"]
    assert {row[2] for row in await sold(database_url)} == {22}


async def test_a_database_is_not_copied_onto_itself(make_shelf: MakeShelf) -> None:
    source = await make_shelf(stocked=False)
    await fill(source, 3)
    with pytest.raises(CannotCopy, match="the same database"):
        await copy(source, source.owner)


async def test_a_production_database_must_be_meant(
    database_url: str, make_shelf: MakeShelf
) -> None:
    source = await make_shelf(stocked=False)
    await fill(source, 3)
    marked: dict[str, Any] = {"environment": "production"}
    with pytest.raises(CannotCopy, match="marked production"):
        await copy(source, database_url, **marked)
    assert await sold(database_url) == []
    assert (await copy(source, database_url, **marked, dry_run=True)).written == 65
    report = await copy(source, database_url, **marked, production=True)
    assert (report.environment, report.written) == ("production", 65)


async def test_what_a_trigger_keeps_out_is_not_told_as_new(make_shelf: MakeShelf) -> None:
    source, target = await make_shelf(stocked=False), await make_shelf(stocked=False)
    await fill(source, 6)
    await target.run(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    )
    await target.run(
        "CREATE TRIGGER no BEFORE INSERT ON cruises FOR EACH ROW"
        f" WHEN (NEW.id = '{FIRST}') EXECUTE FUNCTION no()"
    )
    for new, same in ((5, 0), (0, 5)):
        report = await copy(source, target.owner)
        tally = report.tables[SAILINGS]
        assert (tally.new, tally.same, tally.refused) == (new, same, 1)
        assert [str(fault.reason) for fault in report.faults] == [
            "a trigger of the table keeps it out"
        ]


async def test_a_dry_run_does_not_promise_what_the_table_refuses(make_shelf: MakeShelf) -> None:
    source = await make_shelf(stocked=False)
    target = await make_shelf({"cruises": {"name": "varchar(3) NOT NULL"}}, stocked=False)
    await target.run("ALTER TABLE cruises ADD COLUMN theirs serial NOT NULL")
    await target.run("ALTER TABLE cruises ADD CONSTRAINT short CHECK (nights < 9)")
    await fill(source, 30)
    await source.run("UPDATE cruises SET name = 'ok' WHERE id <= $1", str(FIRST + 20))
    before = await every_row(target.owner, "public")
    told = await copy(source, target.owner, dry_run=True)
    assert await every_row(target.owner, "public") == before
    done = await copy(source, target.owner)
    assert told.tables == done.tables
    assert told.faults == done.faults
    assert 0 < done.tables[SAILINGS].new < 30


async def test_a_sailing_of_another_line_has_not_vanished(
    database_url: str, make_shelf: MakeShelf
) -> None:
    """Its row is left as it is, and the report names the line it has in the source."""
    source = await make_shelf(stocked=False)
    await fill(source, 6)
    await copy(source, database_url)
    await source.run("UPDATE cruises SET cruise_line_id = 8 WHERE id = $1", str(FIRST))
    report = await copy(source, database_url)
    assert report.tables[SAILINGS].vanished == 0
    assert f"sailing {FIRST} is of line 8 in the source; it was left as it is" in report.notes
    assert (await sold(database_url, f"cruise_id = '{FIRST}'"))[0][-1] is True
