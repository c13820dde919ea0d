"""A sync copies the columns both sides have, whatever their types, and says what it leaves out."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from adapters.catalogue.fields import Table
from adapters.catalogue.pairing import CannotCopy
from tests.integration.catalogue.conftest import MakeShelf
from tests.support.catalogue_copies import FIRST, copy, every_row, fill, keys, look, sold

SAILINGS, SHIPS = Table.SAILINGS, Table.SHIPS


async def test_the_same_tables_copy_every_column_they_share(make_shelf: MakeShelf) -> None:
    """Columns we know nothing of go along; what refers to tables of other people stays behind."""
    more = {"stars": "smallint", "notes": "json", "updated_at": "timestamptz DEFAULT now()"}
    source = await make_shelf({"cruises": more | {"theirs": "text"}}, stocked=False)
    ours = {"cruises": more | {"ours": "text", "embark_port": None}}
    target = await make_shelf(ours | {"cruise_lines": {"logo": "text"}}, stocked=False)
    await target.run("CREATE TABLE ports (id integer PRIMARY KEY)")
    for shelf, kind in ((source, "integer"), (target, "integer REFERENCES ports")):
        await shelf.run(f"ALTER TABLE cruises ADD COLUMN port_id {kind}")
    await fill(source, 4)
    await source.run("UPDATE cruises SET stars = 4, port_id = 7, raw_data = '{\"a\": [1]}'")
    await source.run("UPDATE cruises SET notes = '{\"b\": 1}' WHERE id = $1", str(FIRST))
    report = await copy(source, target.owner)
    assert report.tables[SAILINGS].new == 4
    assert report.left_out == {
        Table.LINES: {"logo": "only the target has it"},
        SAILINGS: {
            "embark_port": "only the source has it",
            "updated_at": "each database keeps its own",
            "ours": "only the target has it",
            "theirs": "only the source has it",
            "port_id": "it refers to ports, which is not copied",
        },
    }
    rows = await target.run("SELECT stars, raw_data, notes, ports FROM cruises ORDER BY id")
    assert tuple(rows[0]) == (4, '{"a": [1]}', '{"b": 1}', '["Miami", "Nassau"]')
    assert (await copy(source, target.owner)).written == 0


Case = tuple[str, str, str, Any]
"""A column's type and value in the source, its type in the target, and its value there."""
ROUNDS: list[dict[str, Case]] = [
    {
        "is_active": ("varchar(1)", "Y", "boolean", True),
        "nights": ("varchar(10)", " 7\n", "integer", 7),
        "cheapest_price": ("text", "1,485.24", "numeric(10,2)", Decimal("1485.24")),
        "sailing_date": ("timestamp", "2031-03-07 12:30:00", "date", date(2031, 3, 7)),
        "ports": ("text", "Miami,Nassau", "text[]", ["Miami", "Nassau"]),
        "raw_data": ("text", '{"a": 1}', "jsonb", '{"a": 1}'),
    },
    {
        "is_active": ("integer", "1", "text", "1"),
        "nights": ("numeric(5,1)", "7.0", "integer", 7),
        "cheapest_price": ("double precision", "9.239", "numeric(10,2)", Decimal("9.24")),
        "sailing_date": ("text", "2031-03-07T00:00:00Z", "date", date(2031, 3, 7)),
        "ports": (
            "text[]",
            '{Miami,"St. John, Antigua"}',
            "jsonb",
            '["Miami","St. John, Antigua"]',
        ),
    },
    {
        "is_active": ("boolean", "true", "smallint", 1),
        "ports": ("varchar(50)[]", "{Miami}", "varchar(50)[]", ["Miami"]),
    },
    {"ports": ("jsonb", '["Miami", "Nassau"]', "text", "Miami,Nassau")},
]
GIVEN = {
    "id": "1",
    "cruise_line_id": "22",
    "ship_id": "1",
    "nights": "7",
    "sailing_date": "2031-03-07",
}


def plain(value: Any, kind: str) -> Any:
    """Return what a document says, however it is spaced."""
    return json.loads(value) if kind == "jsonb" else value


@pytest.mark.parametrize("cases", ROUNDS, ids=range(1, 5))
async def test_types_may_differ(cases: dict[str, Case], make_shelf: MakeShelf) -> None:
    """Values come over in the other side's spelling, and once there nothing differs."""
    theirs = {column: case[0] for column, case in cases.items()}
    ours = {column: case[2] for column, case in cases.items()}
    source = await make_shelf({"cruises": theirs}, stocked=False)
    target = await make_shelf({"cruises": ours}, stocked=False)
    await source.run("INSERT INTO cruise_lines VALUES (22, 'Royal Caribbean')")
    await source.run("INSERT INTO ships VALUES (1, 22, 'Icon of the Seas')")
    row = GIVEN | {column: case[1] for column, case in cases.items()}
    values = ", ".join(f"'{word}'" for word in row.values())
    await source.run(f"INSERT INTO cruises ({', '.join(row)}) VALUES ({values})")
    assert (await copy(source, target.owner)).faults == []
    (found,) = await target.run(f"SELECT {', '.join(cases)} FROM cruises")
    for column, (_, _, kind, meant) in cases.items():
        assert plain(found[column], kind) == plain(meant, kind), column
    assert (await copy(source, target.owner)).written == 0


async def test_ids_may_count_on_one_side_and_be_text_on_the_other(make_shelf: MakeShelf) -> None:
    """Numbers sort otherwise than text; still nothing is skipped and nothing vanishes."""
    source = await make_shelf({"cruises": {"id": "integer PRIMARY KEY"}}, stocked=False)
    target = await make_shelf(stocked=False)
    await source.run("INSERT INTO cruise_lines VALUES (22, 'Royal Caribbean')")
    await source.run("INSERT INTO ships VALUES (1, 22, 'Icon of the Seas')")
    await source.run(
        "INSERT INTO cruises (id, cruise_line_id, ship_id, sailing_date, nights)"
        " SELECT n, 22, 1, current_date + 9, 7 FROM generate_series(1, 1234) n"
    )
    assert (await copy(source, target.owner)).tables[SAILINGS].new == 1234
    again = await copy(source, target.owner)
    assert (again.written, again.tables[SAILINGS].same) == (0, 1234)


async def test_what_the_source_lacks_and_the_target_demands_is_filled(
    database_url: str, make_shelf: MakeShelf
) -> None:
    columns = {"ports": None, "currency": None, "is_active": None, "raw_data": None}
    source = await make_shelf({"cruises": columns}, stocked=False)
    await source.run("INSERT INTO cruise_lines VALUES (22, 'Royal Caribbean')")
    await source.run("INSERT INTO ships VALUES (1, 22, 'Icon of the Seas')")
    await source.run(
        "INSERT INTO cruises VALUES ('1', 'Week', 22, 1, current_date + 9, 7, 'Miami', 99.5)"
    )
    report = await copy(source, database_url)
    assert (report.faults, report.tables[SAILINGS].new) == ([], 1)
    row = (await sold(database_url))[0]
    assert (row[6], row[9], row[10]) == ([], "USD", True)
    assert (await copy(source, database_url)).written == 0


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"cruises": {"ship_id": None}}, "public.cruises.ship_id is missing, required"),
        ({"cruises": {"sailing_date": "point"}}, "public.cruises.sailing_date is of type point"),
        ({"cruise_lines": {"name": None}}, "public.cruise_lines.name is missing"),
    ],
)
async def test_a_side_without_what_a_booking_needs_is_refused(
    columns: dict[str, Any], message: str, make_shelf: MakeShelf
) -> None:
    whole, broken = await make_shelf(stocked=False), await make_shelf(columns, stocked=False)
    with pytest.raises(CannotCopy, match=message):
        await copy(broken.owner, whole.owner)
    before = await every_row(broken.owner, "public")
    with pytest.raises(CannotCopy, match=message):
        await copy(whole, broken.owner)
    assert await every_row(broken.owner, "public") == before


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"cruises": {"agent": "text NOT NULL"}}, "demands agent, and nothing comes for it"),
        ({"cruises": {"id": "varchar(20)"}}, "two rows with the same id"),
    ],
)
async def test_a_target_that_cannot_take_rows_is_refused(
    columns: dict[str, Any], message: str, make_shelf: MakeShelf
) -> None:
    source, target = await make_shelf(stocked=False), await make_shelf(columns, stocked=False)
    with pytest.raises(CannotCopy, match=message):
        await copy(source, target.owner)


async def test_a_database_without_a_catalogue_is_refused(
    make_shelf: MakeShelf, empty_database_url: str
) -> None:
    source = await make_shelf(stocked=False)
    with pytest.raises(CannotCopy, match=r"public\.cruises is no table"):
        await copy(source, empty_database_url)


async def test_rows_that_cannot_be_taken_are_named_and_the_others_are_taken(
    make_shelf: MakeShelf,
) -> None:
    source = await make_shelf(
        {
            "cruises": {
                "nights": "text",
                "name": "text",
                "cruise_line_id": "integer",
                "ship_id": "integer",
            }
        },
        stocked=False,
    )
    target = await make_shelf(
        {"cruises": {"name": "varchar(20)", "ship_id": "integer"}}, stocked=False
    )
    await target.run("ALTER TABLE cruises ADD CHECK (nights >= 0)")
    await fill(source, 300)
    names = [str(FIRST + n) for n in (3, 50, 150, 299)]
    for key, change in zip(
        names,
        ("nights = 'seven'", "name = repeat('x', 21)", "nights = '-1'", "ship_id = 4040"),
        strict=True,
    ):
        await source.run(f"UPDATE cruises SET {change} WHERE id = $1", key)
    report = await copy(source, target.owner)
    told = {fault.name: fault.reason for fault in report.faults}
    assert list(told) == [f"sailing {key}" for key in names]
    reasons = list(told.values())
    assert reasons[0] == 'invalid input syntax for type numeric: "seven"'
    assert reasons[1] == "value too long for type character varying(20)"
    assert "violates check constraint" in reasons[2]
    assert reasons[3] == "there is no ship 4040"
    assert (report.tables[SAILINGS].new, report.refused) == (296, 4)
    there = keys(await look(target.owner, "SELECT id FROM cruises ORDER BY id"))
    assert len(there) == 296
    assert set(names).isdisjoint(there)
    assert (await copy(source, target.owner)).written == 0


async def test_a_source_of_which_nothing_fits_is_given_up(make_shelf: MakeShelf) -> None:
    source = await make_shelf({"cruises": {"nights": "text"}}, stocked=False)
    target = await make_shelf(stocked=False)
    await fill(source, 150)
    await source.run("UPDATE cruises SET nights = 'a week'")
    with pytest.raises(CannotCopy, match=r"more than 100 rows were refused.*a week"):
        await copy(source, target.owner, most_rejected=100)
    await source.run("UPDATE cruises SET nights = '7' WHERE id > $1", str(FIRST + 40))
    assert (await copy(source, target.owner, most_rejected=10)).refused == 41


async def test_a_ship_that_sails_for_another_line_comes_with_its_line(
    database_url: str, make_shelf: MakeShelf
) -> None:
    """The known fault of line ids: foreign keys hold all the same."""
    source = await make_shelf(stocked=False)
    await fill(source, 4)
    await source.run("UPDATE cruises SET ship_id = 9000 WHERE id = $1", str(FIRST))
    report = await copy(source, database_url)
    assert report.faults == []
    ships = await look(database_url, "SELECT line_id FROM catalogue.ships WHERE ship_id = 9000")
    assert ships == [(8,)]


async def test_a_target_that_notes_changes_by_itself_is_not_written_again(
    make_shelf: MakeShelf,
) -> None:
    source = await make_shelf({"cruises": {"updated_at": "timestamp"}}, stocked=False)
    target = await make_shelf({"cruises": {"updated_at": "timestamp"}}, stocked=False)
    await target.run(
        "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END'"
    )
    await target.run(
        "CREATE TRIGGER noted BEFORE INSERT OR UPDATE ON cruises"
        " FOR EACH ROW EXECUTE FUNCTION noted()"
    )
    await fill(source, 5)
    await source.run("UPDATE cruises SET updated_at = now()")
    assert (await copy(source, target.owner)).written > 0
    assert (await copy(source, target.owner)).written == 0


async def test_a_target_without_a_column_for_it_keeps_what_vanished(make_shelf: MakeShelf) -> None:
    source = await make_shelf(stocked=False)
    target = await make_shelf({"cruises": {"is_active": None}}, stocked=False)
    await fill(source, 5)
    await copy(source, target.owner)
    await source.run("DELETE FROM cruises WHERE id = $1", str(FIRST))
    report = await copy(source, target.owner)
    assert report.notes == [
        "nothing was marked inactive: 1 sailings are gone, and no column says what is on sale"
    ]
    assert len(await target.run("SELECT id FROM cruises")) == 5


async def test_bookings_of_somebody_elses_tables_stay(make_shelf: MakeShelf) -> None:
    """Rows that would go with the sailing they refer to are safe, since no sailing ever goes."""
    source, target = await make_shelf(stocked=False), await make_shelf(stocked=False)
    await fill(source, 20)
    await copy(source, target.owner)
    await target.run(
        "CREATE TABLE bookings AS SELECT n AS id, $1::int + n || '' AS cruise_id"
        " FROM generate_series(0, 19) n",
        FIRST,
    )
    await target.run(
        "ALTER TABLE bookings ADD FOREIGN KEY (cruise_id) REFERENCES cruises ON DELETE CASCADE"
    )
    before = (await every_row(target.owner, "public"))["public.bookings"]
    await source.run("DELETE FROM cruises WHERE nights < 7")
    await source.run("UPDATE cruises SET name = 'Changed'")
    report = await copy(source, target.owner, accept_vanished=True)
    assert report.tables[SAILINGS].vanished > 0
    assert (await every_row(target.owner, "public"))["public.bookings"] == before
    assert len(before) == 20


async def test_rows_without_a_key_are_passed_by(make_shelf: MakeShelf) -> None:
    source = await make_shelf({"cruises": {"id": "varchar(20)"}}, stocked=False)
    target = await make_shelf(stocked=False)
    await fill(source, 3)
    await source.run("UPDATE cruises SET id = NULL WHERE id = $1", str(FIRST))
    await source.run("INSERT INTO cruises SELECT * FROM cruises WHERE id = $1", str(FIRST + 1))
    assert (await copy(source, target.owner)).tables[SAILINGS].new == 2
    assert (await copy(source, target.owner)).written == 0


LISTED = '["Cozumel, Mexico", "Miami"]'


@pytest.mark.parametrize(
    ("theirs", "ours", "meant"),
    [
        ("text", "jsonb", LISTED),
        ("text", "text", LISTED),
        ("jsonb", "text", LISTED),
        ("text[]", "text", '["Cozumel, Mexico","Miami"]'),
    ],
)
async def test_a_list_in_a_text_is_no_text_with_commas(
    theirs: str, ours: str, meant: str, make_shelf: MakeShelf
) -> None:
    source = await make_shelf({"cruises": {"ports": theirs}}, stocked=False)
    target = await make_shelf({"cruises": {"ports": ours}}, stocked=False)
    await fill_one(source, ports='{"Cozumel, Mexico", Miami}' if theirs == "text[]" else LISTED)
    assert (await copy(source, target.owner)).faults == []
    ((ports,),) = await target.run("SELECT ports FROM cruises")
    assert ports == meant
    assert (await copy(source, target.owner)).written == 0


async def fill_one(shelf: Any, **values: str) -> None:
    """Put one sailing in, with some of its values."""
    await shelf.run("INSERT INTO cruise_lines VALUES (22, 'Royal Caribbean')")
    await shelf.run("INSERT INTO ships VALUES (1, 22, 'Icon of the Seas')")
    row = GIVEN | values
    listed = ", ".join(f"'{word}'" for word in row.values())
    await shelf.run(f"INSERT INTO cruises ({', '.join(row)}) VALUES ({listed})")


@pytest.mark.parametrize("type_", ["numeric", "double precision"])
async def test_a_price_without_end_is_none(type_: str, make_shelf: MakeShelf) -> None:
    source = await make_shelf({"cruises": {"cheapest_price": type_}}, stocked=False)
    target = await make_shelf({"cruises": {"cheapest_price": "numeric"}}, stocked=False)
    await fill_one(source, cheapest_price="NaN")
    report = await copy(source, target.owner)
    assert (report.faults, report.tables[SAILINGS].new) == ([], 1)
    ((price,),) = await target.run("SELECT cheapest_price FROM cruises")
    assert price is None


@pytest.mark.parametrize(("theirs", "ours"), [("date", "date"), ("timestamp", "timestamp")])
async def test_a_day_without_end_is_refused_by_its_name(
    theirs: str, ours: str, make_shelf: MakeShelf
) -> None:
    source = await make_shelf({"cruises": {"sailing_date": theirs}}, stocked=False)
    target = await make_shelf({"cruises": {"sailing_date": ours}}, stocked=False)
    await fill_one(source, sailing_date="infinity")
    report = await copy(source, target.owner)
    assert report.tables[SAILINGS].new == 0
    assert [fault.name for fault in report.faults] == ["sailing 1"]
    assert "infinity is no day" in report.faults[0].reason
