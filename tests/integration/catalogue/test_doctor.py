"""The doctor names what is wrong with an installation, what it means, and corrects wrong lines."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from click.testing import CliRunner, Result
from sqlalchemy import text

from adapters.catalogue.inspection import FindingKind
from adapters.catalogue.layout import CRUISES
from adapters.catalogue.quality import Flaw
from adapters.catalogue.reader import open_reader
from adapters.catalogue.search_statements import Filters
from booking_http.cli.doctor.connections import open_connections
from booking_http.cli.doctor.findings import DoctorFinding, DoctorReport, Level
from booking_http.cli.doctor.runner import Scope, examine
from booking_http.cli.main import main
from booking_http.cli.sync_report import watching
from booking_http.settings import Settings
from persistence.database import create_engine, execute
from persistence.environment_mark import AppEnv
from persistence.migrate import upgrade
from tests.conftest import ROOT
from tests.integration.catalogue.conftest import MakeShelf
from tests.integration.catalogue.test_worlds import mark_as
from tests.support.catalogue_tables import Shelf, today
from tests.support.processes import environment
from tests.support.programs import run
from tests.support.service import Simulator, running_service, running_simulator, settings_for

DOCTOR = "http/booking_http/cli/doctor"
ROYAL_AS_CARNIVAL = "2161246"
"""A sailing of Royal Caribbean's that a catalogue took for one of Carnival's."""
CARNIVAL_AS_ROYAL = "2161250"


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with running_simulator() as simulator:
        yield simulator


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """A doctor for one booking database and one supplier."""

    database_url: str
    simulator: Simulator

    def settings(self, shelf: Shelf, **changes: Any) -> Settings:
        usual: dict[str, Any] = {
            "database_url": self.database_url,
            "supplier_url": self.simulator.api,
            "catalogue_url": shelf.url,
            "catalogue_layout": "cruises",
        }
        return settings_for(**usual | changes)

    async def report(
        self, shelf: Shelf, *, per_line: int | None = 2, **changes: Any
    ) -> DoctorReport:
        async with open_connections(self.settings(shelf, **changes)) as connections:
            with watching(quiet=True) as watch:
                return await examine(connections, Scope(per_line=per_line), watch)

    async def command(self, shelf: Shelf, *options: str, **more: str) -> Result:
        env = environment(self.settings(shelf)) | {
            "CATALOGUE_URL": shelf.url,
            "CATALOGUE_LAYOUT": "cruises",
            **more,
        }
        return await asyncio.to_thread(
            CliRunner().invoke, main, ["doctor", *options], env=env, input=""
        )


@pytest.fixture
def practice(database_url: str, simulator: Simulator) -> Practice:
    return Practice(database_url=database_url, simulator=simulator)


def of_check(report: DoctorReport, check: str) -> list[DoctorFinding]:
    return [finding for finding in report.findings if finding.check == check]


def wrong(report: DoctorReport) -> dict[str, Level]:
    """Return the checks that found something, with the worst of it."""
    found: dict[str, Level] = {}
    for finding in report.findings:
        if finding.level is not Level.OK and found.get(finding.check) is not Level.FAILURE:
            found[finding.check] = finding.level
    return found


async def deactivate_sailed(shelf: Shelf) -> None:
    await shelf.run("UPDATE cruises SET is_active = false WHERE sailing_date <= current_date")


async def test_a_healthy_installation_is_well(practice: Practice, make_shelf: MakeShelf) -> None:
    """Everything is named that was looked at, and the exit status is 0."""
    shelf = await make_shelf()
    await deactivate_sailed(shelf)
    report = await practice.report(shelf, per_line=3)
    assert wrong(report) == {}
    assert report.status == 0
    checks = {finding.check for finding in report.findings}
    assert checks >= {
        *("database", "clock.database", "migrations", "environment", "spool"),
        *("journal", "redis", "retention", "keys"),
        *("catalogue.database", "catalogue.schema", "catalogue.rows", "catalogue.on_sale"),
        *("catalogue.sync", "clock.supplier", "supplier.hold_times", "supplier.token"),
        "supplier.bounds",
        *("supplier.lines", "supplier.prices"),
    }
    assert len(of_check(report, "supplier.prices")) == 2
    (lines,) = of_check(report, "supplier.lines")
    assert lines.said == "the supplier agrees on the line of 9 sailings"


async def test_a_journal_is_looked_at(
    practice: Practice, make_shelf: MakeShelf, tmp_path: Path
) -> None:
    shelf, folder = await make_shelf(), tmp_path / "journal"
    (found,) = of_check(await practice.report(shelf), "journal")
    assert (found.level, found.said.partition(";")[0]) == (Level.OK, "not configured")
    (found,) = of_check(await practice.report(shelf, journal_dir=str(folder)), "journal")
    assert (found.level, found.said) == (Level.OK, f"claims are journaled in {folder}")
    folder.rmdir()
    folder.write_text("in the way")
    (found,) = of_check(await practice.report(shelf, journal_dir=str(folder)), "journal")
    assert (found.level, "Not a directory" in found.said) == (Level.WARNING, True)


async def test_a_spool_is_looked_at(
    practice: Practice, make_shelf: MakeShelf, tmp_path: Path
) -> None:
    """Nobody has to wait for an outage of the database to learn that nothing is kept."""
    shelf, folder = await make_shelf(), tmp_path / "spool"
    (found,) = of_check(await practice.report(shelf), "spool")
    assert (found.level, found.said.partition(";")[0]) == (Level.OK, "not configured")
    (found,) = of_check(await practice.report(shelf, spool_dir=str(folder)), "spool")
    said = f"answers are kept in {folder} while the database is away"
    assert (found.level, found.said) == (Level.OK, said)
    assert list(folder.iterdir()) == []
    folder.rmdir()
    folder.write_text("in the way")
    report = await practice.report(shelf, spool_dir=str(folder))
    (found,) = of_check(report, "spool")
    assert (found.level, "Not a directory" in found.said) == (Level.WARNING, True)
    assert "SPOOL_DIR" in found.todo


@pytest.mark.parametrize(
    ("entered", "level", "said"),
    [
        ("NULL, NULL", Level.FAILURE, "nothing is sold until they are entered: 1"),
        ("booking_now(), 'task'", Level.WARNING, "of 1 the outcome is open"),
    ],
)
async def test_what_a_database_has_forgotten_is_told(
    practice: Practice, make_shelf: MakeShelf, entered: str, level: Level, said: str
) -> None:
    engine = create_engine(practice.database_url, pool_size=1)
    await execute(
        engine,
        text(
            "INSERT INTO forgotten_claims (step_id, session_id, session_version, journaled, facts,"
            " found_at, due_at, entered_at, entered_as) VALUES (gen_random_uuid(),"
            f" gen_random_uuid(), 3, '{{}}', '{{}}', booking_now(), booking_now(), {entered})"
        ),
    )
    await engine.dispose()
    (found,) = of_check(await practice.report(await make_shelf()), "journal.forgotten")
    assert (found.level, said in found.said) == (level, True)
    assert "booking-flow reconcile" in found.todo


async def test_wrong_lines_are_found_by_asking_the_supplier(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    """Both ways: what is Royal Caribbean's and says Carnival, and the other way round."""
    shelf = await make_shelf()
    await deactivate_sailed(shelf)
    await mix_up(shelf)
    report = await practice.report(shelf, per_line=None)
    found = of_check(report, "supplier.lines")
    assert {finding.level for finding in found} == {Level.FAILURE}
    assert {finding.said.partition("sailings ")[2] for finding in found} == {
        "say line 8, the supplier says 22",
        "say line 22, the supplier says 8",
    }
    assert {(each.cruise_id, each.ours, each.theirs) for each in report.corrections} == {
        (ROYAL_AS_CARNIVAL, "8", "22"),
        (CARNIVAL_AS_ROYAL, "22", "8"),
    }
    assert report.status == 2
    assert all(finding.guest and finding.todo for finding in found)


async def mix_up(shelf: Shelf) -> None:
    await shelf.run("UPDATE cruises SET cruise_line_id = 8 WHERE id = $1", ROYAL_AS_CARNIVAL)
    await shelf.run("UPDATE cruises SET cruise_line_id = 22 WHERE id = $1", CARNIVAL_AS_ROYAL)


async def lines_of(shelf: Shelf) -> dict[str, int]:
    rows = await shelf.run(
        "SELECT id, cruise_line_id FROM cruises WHERE id = ANY($1::text[])",
        [ROYAL_AS_CARNIVAL, CARNIVAL_AS_ROYAL],
    )
    return {row["id"]: row["cruise_line_id"] for row in rows}


async def test_rows_that_are_another_sailing_at_the_supplier_are_named(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    """Both sides of date, ship and nights; nights alone are a warning."""
    shelf = await make_shelf()
    await deactivate_sailed(shelf)
    await shelf.run("UPDATE cruises SET sailing_date = sailing_date + 3 WHERE id = '2190294'")
    await shelf.run("UPDATE cruises SET nights = nights + 2 WHERE id = '2190295'")
    report = await practice.report(shelf, per_line=None)
    (other,) = of_check(report, "supplier.sailings")
    assert (other.level, len(other.examples)) == (Level.FAILURE, 1)
    assert other.examples[0].startswith("2190294: sailingDate ours ")
    (nights,) = of_check(report, "supplier.nights")
    assert nights.level is Level.WARNING
    assert nights.examples[0].startswith("2190295: nights ours ")


async def test_wrong_lines_are_corrected_when_somebody_says_yes(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    """Without a yes, with an account that may only read, or in production nothing is written."""
    shelf = await make_shelf()
    await mix_up(shelf)
    before = await lines_of(shelf)
    refused = await practice.command(shelf, "--all", "--fix-lines", "--yes")
    assert (refused.exit_code, "may only read" in refused.output) == (2, True)
    declined = await practice.command(shelf, "--all", "--fix-lines", CATALOGUE_URL=shelf.owner)
    assert "Rows to correct" in declined.output
    await mark_as(practice.database_url, AppEnv.PRODUCTION)
    production = await practice.command(
        shelf, "--fix-lines", "--yes", CATALOGUE_URL=shelf.owner, APP_ENV="production"
    )
    assert (production.exit_code, "is a production catalogue" in production.output) == (2, True)
    assert await lines_of(shelf) == before
    await mark_as(practice.database_url, AppEnv.DEVELOPMENT)
    done = await practice.command(
        shelf, "--all", "--fix-lines", "--yes", "--json", CATALOGUE_URL=shelf.owner
    )
    corrected = json.loads(done.stdout)["corrected"]
    assert sorted(corrected["done"]) == [ROYAL_AS_CARNIVAL, CARNIVAL_AS_ROYAL]
    assert await lines_of(shelf) == {ROYAL_AS_CARNIVAL: 22, CARNIVAL_AS_ROYAL: 8}
    again = await practice.report(shelf, per_line=None)
    assert again.corrections == []


OTHER_DAY, OTHER_NIGHTS, OTHER_SHIP = "2190294", "2190295", "2190301"


async def go_wrong(shelf: Shelf) -> None:
    """Let the catalogue say another day, other nights and another ship than the supplier."""
    await shelf.run("UPDATE cruises SET sailing_date = sailing_date + 3 WHERE id = $1", OTHER_DAY)
    await shelf.run("UPDATE cruises SET nights = nights + 2 WHERE id = $1", OTHER_NIGHTS)
    await shelf.run(
        "UPDATE cruises SET ship_id = (SELECT min(ship_id) FROM cruises o WHERE o.ship_id <>"
        " cruises.ship_id AND o.cruise_line_id = cruises.cruise_line_id) WHERE id = $1",
        OTHER_SHIP,
    )


async def facts_of_rows(shelf: Shelf) -> dict[str, tuple[str, ...]]:
    rows = await shelf.run("SELECT id, sailing_date::text, nights, ship_id FROM cruises")
    return {row["id"]: tuple(map(str, tuple(row)[1:])) for row in rows}


async def test_days_nights_and_ships_are_put_right_with_yes_only(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    """Afterwards it is looked again, so that the status says how it stands now."""
    shelf = await make_shelf()
    await deactivate_sailed(shelf)
    right = await facts_of_rows(shelf)
    await go_wrong(shelf)
    before = await facts_of_rows(shelf)
    proposed = await practice.command(shelf, "--all", "--fix", CATALOGUE_URL=shelf.owner)
    assert (proposed.exit_code, "--yes corrects them" in proposed.output) == (2, True)
    assert "Rows to correct" in proposed.output
    assert await facts_of_rows(shelf) == before
    done = await practice.command(
        shelf, "--all", "--fix", "--yes", "--json", CATALOGUE_URL=shelf.owner
    )
    said = json.loads(done.stdout)
    assert sorted(said["corrected"]["done"]) == [OTHER_DAY, OTHER_NIGHTS, OTHER_SHIP]
    assert (done.exit_code, said["status"], said["proposed"]) == (0, 0, [])
    assert await facts_of_rows(shelf) == right


REFUSE = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$"
ON_CHANGE = (
    "CREATE TRIGGER keeps BEFORE UPDATE ON cruises FOR EACH ROW"
    f" WHEN (OLD.id = '{OTHER_DAY}') EXECUTE FUNCTION refuse()"
)


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [
        pytest.param(
            [REFUSE.format("RAISE 'dates are kept';"), ON_CHANGE], "dates are kept", id="trigger"
        ),
        pytest.param(
            [REFUSE.format("RETURN NULL;"), ON_CHANGE], "kept it as it was", id="silent trigger"
        ),
        pytest.param(
            [
                "ALTER TABLE cruises ADD CHECK"
                f" (id <> '{OTHER_DAY}' OR sailing_date = '{{day}}'::date)"
            ],
            "violates check constraint",
            id="check",
        ),
        pytest.param(
            [
                "ALTER TABLE cruises RENAME sailing_date TO sails",
                "ALTER TABLE cruises ADD sailing_date date GENERATED ALWAYS AS (sails) STORED",
            ],
            "can only be updated to DEFAULT",
            id="generated column",
        ),
        pytest.param(
            [
                "ALTER TABLE cruises RENAME TO cruises_of_old",
                "DELETE FROM cruises_of_old WHERE sailing_date = '{day}'::date - 3",
                "CREATE TABLE cruises (LIKE cruises_of_old) PARTITION BY LIST (sailing_date)",
                "DO $$ BEGIN EXECUTE 'CREATE TABLE known PARTITION OF cruises FOR VALUES IN ('"
                " || (SELECT string_agg(DISTINCT quote_literal(sailing_date), ', ')"
                " FROM cruises_of_old) || ')'; END $$",
                "INSERT INTO cruises SELECT * FROM cruises_of_old",
                "GRANT SELECT ON cruises TO PUBLIC",
            ],
            "no partition",
            id="missing partition",
        ),
    ],
)
async def test_a_row_that_the_database_refuses_stops_no_other(
    practice: Practice, make_shelf: MakeShelf, obstacle: list[str], words: str
) -> None:
    shelf = await make_shelf()
    await deactivate_sailed(shelf)
    await go_wrong(shelf)
    day = (await facts_of_rows(shelf))[OTHER_DAY][0]
    for statement in obstacle:
        await shelf.run(statement.replace("{day}", day))
    done = await practice.command(
        shelf, "--all", "--fix", "--yes", "--json", CATALOGUE_URL=shelf.owner
    )
    corrected = json.loads(done.stdout)["corrected"]
    assert sorted(corrected["done"]) == [OTHER_NIGHTS, OTHER_SHIP]
    ((left, why),) = [(each["cruiseId"], each["why"]) for each in corrected["refused"]]
    assert (left, words in why) == (OTHER_DAY, True)
    assert done.exit_code == 2


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
async def test_a_catalogue_that_cannot_be_updated_says_so_for_each_row(
    practice: Practice, make_shelf: MakeShelf, kind: str
) -> None:
    shelf = await make_shelf()
    await deactivate_sailed(shelf)
    await go_wrong(shelf)
    await shelf.run("ALTER TABLE cruises RENAME TO cruises_of_old")
    await shelf.run(f"CREATE {kind} cruises AS SELECT DISTINCT * FROM cruises_of_old")
    await shelf.run("GRANT SELECT ON cruises TO PUBLIC")
    done = await practice.command(shelf, "--all", "--fix", "--yes", CATALOGUE_URL=shelf.owner)
    assert done.exit_code == 2
    assert done.output.count("left, since the database refused it") == 3
    assert "0 corrected" in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    "spoiled",
    [
        "UPDATE cruises SET nights = NULL",
        "UPDATE ships SET name = ' '",
        "UPDATE cruise_lines SET name = ''",
        "UPDATE cruises SET is_active = false",
    ],
)
async def test_what_the_doctor_counts_is_what_guests_find(
    practice: Practice, make_shelf: MakeShelf, spoiled: str
) -> None:
    """One rule says what is on sale; what is not is named where it is no matter of a flag."""
    shelf = await make_shelf()
    await shelf.run("ALTER TABLE cruises ALTER COLUMN nights DROP NOT NULL")
    await shelf.run(spoiled)
    async with open_reader(shelf.url, CRUISES, live_lines=(22, 3)) as reader:
        assert (await reader.search(Filters(after=today()))).sailings == ()
    report = await practice.report(shelf)
    assert {each.level for each in of_check(report, "catalogue.on_sale")} == {Level.FAILURE}
    assert bool(of_check(report, "catalogue.unreadable")) == ("is_active" not in spoiled)


async def test_missing_optional_columns_are_warnings(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    shelf = await make_shelf({"cruises": {"raw_data": None, "ports": None}})
    await deactivate_sailed(shelf)
    report = await practice.report(shelf)
    assert wrong(report) == {"catalogue.missing_optional": Level.WARNING}
    assert report.status == 1
    said = [finding.said for finding in of_check(report, "catalogue.missing_optional")]
    assert [words.partition(" is missing")[0] for words in said] == [
        "public.cruises.ports",
        "public.cruises.raw_data",
    ]


async def test_a_missing_required_column_is_a_failure_and_ends_no_other_check(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    shelf = await make_shelf(stocked=False)
    await shelf.run("ALTER TABLE cruises DROP COLUMN cruise_line_id")
    report = await practice.report(shelf)
    assert wrong(report) == {"catalogue.missing_required": Level.FAILURE}
    (missing,) = of_check(report, "catalogue.missing_required")
    assert "public.cruises.cruise_line_id" in missing.said
    assert missing.guest == "No guest can begin a booking."
    assert of_check(report, "supplier.token")[0].level is Level.OK


async def test_an_absent_table_is_one_finding_with_the_settings_that_name_it(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    shelf = await make_shelf(stocked=False)
    await shelf.run("CREATE SCHEMA elsewhere")
    await shelf.run("ALTER TABLE cruises SET SCHEMA elsewhere")
    report = await practice.report(shelf)
    assert wrong(report) == {"catalogue.missing_table": Level.FAILURE}
    (missing,) = of_check(report, "catalogue.missing_table")
    assert missing.said == "public.cruises is no table that this account can read"
    assert missing.guest == "No guest can begin a booking."
    assert "CATALOGUE_SCHEMA" in missing.todo


async def test_extra_columns_and_other_types_are_named(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    """What cannot be read is named with its type; what is of no use is only listed."""
    shelf = await make_shelf(
        {"cruises": {"id": "bigint", "ports": "uuid", "noise": "text"}}, stocked=False
    )
    await shelf.run("ALTER TABLE cruises ALTER nights TYPE interval USING NULL")
    report = await practice.report(shelf)
    assert wrong(report) == {"catalogue.wrong_type": Level.FAILURE}
    said = [finding.said for finding in of_check(report, "catalogue.wrong_type")]
    assert said[0].startswith("public.cruises.nights is of type interval")
    assert said[1].startswith("public.cruises.ports is of type uuid")
    (extra,) = of_check(report, "catalogue.extra")
    assert extra.examples == ("public.cruises.noise (text)",)


async def test_every_flaw_of_rows_is_counted_with_examples(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    loose = {
        "ships": {"cruise_line_id": "integer"},
        "cruises": {
            "id": "text",
            "cruise_line_id": "integer",
            "ship_id": "integer",
            "nights": "text",
        },
    }
    shelf = await make_shelf(loose)
    for cruise_id, change in (
        ("2190290", "cruise_line_id = 99"),
        ("2190291", "ship_id = 9999"),
        ("2190292", "cruise_line_id = 3"),
        ("2190293", "nights = 'a week'"),
        ("2190295", "id = 'RCL-2190295'"),
        ("2190296", "id = ' 2190296'"),
    ):
        await shelf.run(f"UPDATE cruises SET {change} WHERE id = '{cruise_id}'")
    await shelf.run("INSERT INTO cruises SELECT * FROM cruises WHERE id = '2190297'")
    report = await practice.report(shelf)
    assert {
        check: [finding.examples for finding in of_check(report, check)]
        for check in wrong(report)
        if check.startswith("catalogue")
    } == {
        "catalogue.missing_line": [("2190290",)],
        "catalogue.missing_ship": [("2190291",)],
        "catalogue.other_ship": [("2190292",)],
        "catalogue.sailed": [("2190001, 2201001",)],
        "catalogue.unreadable": [("2190293",)],
        "catalogue.bad_id": [("RCL-2190295",)],
        "catalogue.padded_id": [("2190296",)],
        "catalogue.twice": [("2190297, 2190297",)],
        "catalogue.same_ship": [("2190297, 2190297",)],
    }


async def test_a_supplier_that_prices_nothing_is_a_failure_of_that_line(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    """With one line in trouble the other one is still seen to be well."""
    shelf = await make_shelf()
    await deactivate_sailed(shelf)
    await practice.simulator.fault("cruisecabingrades.pl", "http_500", times=6)
    report = await practice.report(shelf)
    assert wrong(report) == {"supplier.prices": Level.FAILURE}
    assert {finding.level for finding in of_check(report, "supplier.prices")} == {
        Level.OK,
        Level.FAILURE,
    }


async def test_sailings_the_supplier_does_not_find_are_named(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    shelf = await make_shelf()
    await deactivate_sailed(shelf)
    await shelf.run("UPDATE cruises SET sailing_date = sailing_date + 90 WHERE id = '2190294'")
    report = await practice.report(shelf, per_line=None)
    assert wrong(report) == {"supplier.unknown": Level.WARNING}
    assert of_check(report, "supplier.unknown")[0].examples == ("2190294",)


async def test_everything_that_is_away_is_named_and_the_rest_is_looked_at(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    shelf = await make_shelf()
    nowhere = "http://127.0.0.1:9/2.1/json"
    report = await practice.report(
        shelf,
        supplier_url=nowhere,
        redis_url="redis://127.0.0.1:9/0",
        catalogue_url="postgresql://reader:hidden@127.0.0.1:9/none",
    )
    assert wrong(report) == {
        "redis": Level.WARNING,
        "catalogue.database": Level.FAILURE,
        "clock.supplier": Level.WARNING,
        "supplier.token": Level.FAILURE,
    }
    assert "hidden" not in json.dumps(report.facts())
    away = await practice.report(shelf, database_url="postgresql://me:hidden@127.0.0.1:9/none")
    assert {"database", "migrations", "environment"} <= wrong(away).keys()
    assert of_check(away, "supplier.token")[0].level is Level.OK


async def test_another_worlds_database_is_a_failure(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    shelf = await make_shelf(stocked=False)
    report = await practice.report(shelf, app_env="production")
    (found,) = of_check(report, "environment")
    assert found.level is Level.FAILURE
    assert "the database is marked development" in found.said


async def test_a_catalogue_of_another_world_is_a_warning(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    """It is only read, so nothing is refused; an account that cannot see the mark is no fault."""
    shelf = await make_shelf()
    await deactivate_sailed(shelf)
    await upgrade(shelf.owner, app_env=AppEnv.PRODUCTION)
    assert wrong(await practice.report(shelf, per_line=1)) == {}
    await shelf.run("GRANT SELECT ON installation TO public")
    report = await practice.report(shelf, per_line=1)
    assert wrong(report) == {"catalogue.environment": Level.WARNING}


async def test_a_supplier_that_does_not_say_how_long_it_holds_is_a_warning(
    practice: Practice, make_shelf: MakeShelf, database_url: str
) -> None:
    """Seen in the answers of holds that were made, so that the doctor need hold nothing."""
    shelf = await make_shelf()
    await deactivate_sailed(shelf)
    url, simulator = database_url, practice.simulator
    changes = {"catalogue_url": shelf.url, "catalogue_layout": "cruises"}
    async with running_service(url, simulator, **changes) as service:
        await service.guest().to_basketed()
        assert "supplier.hold_times" not in wrong(await practice.report(shelf))
        await simulator.fault("basketadd.pl", "hold_missing")
        await service.guest().to_basketed()
    report = await practice.report(shelf)
    assert wrong(report) == {"supplier.hold_times": Level.WARNING}
    assert of_check(report, "supplier.hold_times")[0].said == "missing from 1 of the last 2 holds"


async def test_the_command_prints_a_table_or_json_and_ends_with_the_status(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    shelf = await make_shelf({"cruises": {"raw_data": None}})
    await deactivate_sailed(shelf)
    told = await practice.command(shelf, "--sample", "1")
    assert told.exit_code == 1, told.output
    assert "public.cruises.raw_data is missing, optional" in told.output
    assert "development: Guests can book" in told.output
    as_json = await practice.command(shelf, "--sample", "1", "--json")
    facts = json.loads(as_json.stdout)
    assert (as_json.exit_code, facts["status"], facts["level"]) == (1, 1, "warning")
    assert facts["findings"][0]["check"] == "database"


async def test_what_cannot_be_examined_ends_with_two(tmp_path: Path) -> None:
    done = await asyncio.to_thread(run, "doctor", cwd=tmp_path, env={})
    assert done.returncode == 2
    assert "DATABASE_URL is not set" in done.stderr


async def test_a_database_without_tables_is_named_with_the_command_to_run(
    practice: Practice, make_shelf: MakeShelf, empty_database_url: str
) -> None:
    """What needs the tables is left out, and the supplier is still asked for a token."""
    report = await practice.report(await make_shelf(), database_url=empty_database_url)
    (found,) = of_check(report, "migrations")
    assert (found.level, found.todo) == (Level.FAILURE, "Run `booking-flow migrate`.")
    assert of_check(report, "supplier.token")[0].level is Level.OK
    assert "database" not in wrong(report)


async def test_clocks_that_disagree_are_a_warning(
    practice: Practice, make_shelf: MakeShelf
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(headers={"Date": "Fri, 01 Jan 2100 00:00:00 GMT"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        url = str(server.make_url("/2.1/json"))
        report = await practice.report(await make_shelf(), supplier_url=url)
    (found,) = of_check(report, "clock.supplier")
    assert found.level is Level.WARNING
    assert "ahead of ours" in found.said


async def test_the_server_of_tokens_is_named(
    practice: Practice, make_shelf: MakeShelf, redis_url: str
) -> None:
    report = await practice.report(await make_shelf(stocked=False), redis_url=redis_url)
    (found,) = of_check(report, "redis")
    assert found.level is Level.OK
    assert found.said.startswith("Valkey ")


def test_the_page_lists_every_check() -> None:
    page = (ROOT / "docs" / "catalogue.md").read_text("utf-8")
    source = "".join(path.read_text("utf-8") for path in (ROOT / DOCTOR).glob("*.py"))
    named = set(re.findall(r'check="([a-z._]+)"', source))
    named |= {f"catalogue.{flaw}" for flaw in Flaw} | {"clock.database", "clock.supplier"}
    named |= {f"catalogue.{kind}" for kind in FindingKind if kind is not FindingKind.PRESENT}
    assert [check for check in sorted(named) if f"`{check}`" not in page] == []
