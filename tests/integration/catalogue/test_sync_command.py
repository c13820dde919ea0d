"""The commands as operators and timers run them."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from click.testing import CliRunner, Result
from yarl import URL

from booking_http.cli.catalogue_runs import duration
from booking_http.cli.main import main
from persistence.database import Database, create_engine
from persistence.environment_mark import AppEnv, remark
from persistence.sync_runs import PostgresSyncRuns
from tests.conftest import run_apart
from tests.integration.catalogue.conftest import MakeShelf
from tests.support.catalogue_copies import FIRST, fill, look, sold
from tests.support.catalogue_files import grow, spoil
from tests.support.catalogue_tables import Columns, Shelf
from tests.support.forking import PROGRAM
from tests.support.programs import environment, running
from tests.support.waiting import PATIENCE

Found = TypeVar("Found")


async def with_engine(url: str, work: Callable[[Database], Coroutine[Any, Any, Found]]) -> Found:
    engine = create_engine(url, pool_size=1)
    try:
        return await work(engine)
    finally:
        await engine.dispose()


def made(make_shelf: MakeShelf, columns: Columns | None = None) -> Shelf:
    async def make() -> Shelf:
        return await make_shelf(columns, stocked=False)

    return run_apart(make())


def catalogue(*arguments: str, **environment: str) -> Result:
    """Run a command in this process, whose main thread it needs for itself."""
    unset = {"DATABASE_URL": None, "CATALOGUE_URL": None}
    return CliRunner().invoke(main, ["catalogue", *arguments], env={**unset, **environment})


def test_a_sync_is_told_as_tables_and_as_json(database_url: str, make_shelf: MakeShelf) -> None:
    source = made(make_shelf, {"cruises": {"stars": "integer"}})
    run_apart(fill(source, 12))
    urls = {"SYNC_FROM": source.url, "SYNC_TO": database_url}
    told = catalogue("sync", "--dry-run", **urls)
    assert told.exit_code == 0, told.output
    assert "would write 74 rows" in told.output
    assert f"{URL(source.url).path} public.cruises to " in told.output
    assert f"{URL(database_url).path} catalogue.sailings (" in told.output
    assert f"sailings new: {FIRST}, " in told.output
    assert "left out sailings.stars: only the source has it" in told.output
    assert run_apart(sold(database_url)) == []
    done = catalogue("sync", "--lines", "22", "--json", **urls)
    facts = json.loads(done.output)
    assert (facts["kind"], facts["lines"], facts["dry_run"]) == ("sync", [22], False)
    assert facts["tables"]["sailings"]["new"] == len(run_apart(sold(database_url))) == 6
    assert (facts["notes"], facts["faults"]) == ([], [])
    run_apart(source.run("DELETE FROM cruises"))
    doubted = catalogue("sync", "--lines", "22", **urls)
    assert (doubted.exit_code, "nothing was marked inactive" in doubted.output) == (3, True)
    assert "--accept-vanished" in doubted.output
    for url in (source.url, database_url):
        assert str(URL(url).password) not in told.output + done.output


def test_where_to_goes_by_options_and_never_by_chance(database_url: str) -> None:
    missing = catalogue("sync", "--from", database_url)
    assert (missing.exit_code, "--to" in missing.output) == (2, True)
    strange = catalogue("sync", "--from", "mysql://root:hush@db/x", "--to", database_url)
    assert (strange.exit_code, "hush" in strange.output) == (2, False)
    lines = catalogue("sync", "--from", "postgresql://a/b", "--to", "x", "--lines", "RCI")
    assert lines.exit_code == 2
    nowhere = catalogue("import", ".")
    assert (nowhere.exit_code, "set CATALOGUE_URL or DATABASE_URL" in nowhere.output) == (1, True)


def test_what_is_in_the_way_is_a_sentence(
    database_url: str, empty_database_url: str, make_shelf: MakeShelf
) -> None:
    source, foreign = made(make_shelf), made(make_shelf)
    run_apart(fill(source, 3))
    away = str(URL(source.url).with_port(1))
    for found, words in (
        (catalogue("sync", "--from", source.url, "--to", empty_database_url), "is no table"),
        (catalogue("sync", "--from", database_url, "--to", database_url), "same database"),
        (catalogue("sync", "--from", source.url, "--to", foreign.url), "permission denied"),
    ):
        assert (found.exit_code, words in found.output) == (1, True), found.output
        assert found.output.startswith("Error: ")
    broken = catalogue("sync", "--from", away, "--to", away)
    assert broken.output.startswith("Error: the database cannot be reached")


def test_a_production_database_is_refused_by_its_own_mark(
    database_url: str, make_shelf: MakeShelf
) -> None:
    source = made(make_shelf)
    run_apart(fill(source, 3))
    run_apart(with_engine(database_url, lambda engine: remark(engine, AppEnv.PRODUCTION)))
    asked = ("sync", "--from", source.url, "--to", database_url)
    refused = catalogue(*asked)
    assert (refused.exit_code, "marked production" in refused.output) == (1, True)
    assert run_apart(sold(database_url)) == []
    meant = catalogue(*asked, "--production")
    assert (meant.exit_code, "(production): wrote 65 rows" in meant.output) == (0, True)


def test_a_run_into_a_foreign_database_is_remembered_in_our_own(
    database_url: str, make_shelf: MakeShelf, tmp_path: Path
) -> None:
    """Nothing of ours is made in a database that is not ours."""
    shelf = made(make_shelf)
    grow(tmp_path, 30)
    tables = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname <> 'pg_catalog'"
    before = run_apart(look(shelf.owner, tables))
    done = catalogue("import", str(tmp_path), "--to", shelf.owner, DATABASE_URL=database_url)
    assert (done.exit_code, "nothing remembers" in done.output) == (0, False), done.output
    (run,) = run_apart(with_engine(database_url, lambda e: PostgresSyncRuns(e).latest()))
    assert (run.kind, run.outcome, run.source) == ("import", "done", str(tmp_path))
    assert run.written > 20
    forgotten = catalogue("import", str(tmp_path), "--to", shelf.owner)
    assert (forgotten.exit_code, "nothing remembers this run" in forgotten.output) == (0, True)
    assert run_apart(look(shelf.owner, tables)) == before


def test_refused_files_show_in_the_exit_code(database_url: str, tmp_path: Path) -> None:
    tree = grow(tmp_path, 9)
    spoil(tree)
    done = catalogue("import", str(tmp_path), CATALOGUE_URL=database_url)
    assert done.exit_code == 3
    refused = [path for path in tree.malformed if "/8/" not in path]
    assert all(f"refused {path}: " in done.output for path in refused)
    assert len(run_apart(sold(database_url))) == 6


def test_a_sync_can_be_repeated_until_it_is_stopped(
    database_url: str, make_shelf: MakeShelf, tmp_path: Path
) -> None:
    """What is in the way once is told, and the next time comes all the same."""
    source = made(make_shelf)
    command = ("catalogue", "sync", "--from", source.url, "--to", database_url, "--every", "1s")
    with running(*command, cwd=tmp_path) as program:
        program.wait_for("the source has no line 22")
        run_apart(source.run("ALTER TABLE cruises RENAME TO away"))
        program.wait_for("not done: ")
        run_apart(source.run("ALTER TABLE away RENAME TO cruises"))
        run_apart(fill(source, 3))
        program.wait_for("wrote 65 rows")
        assert program.end(signal.SIGTERM) == 0


def test_a_terminal_shows_how_far_it_is(
    database_url: str, make_shelf: MakeShelf, tmp_path: Path
) -> None:
    """The bar goes to standard error, so that what is printed can still be read by programs."""
    source = made(make_shelf)
    run_apart(fill(source, 120))
    screen, terminal = pty.openpty()
    with (
        os.fdopen(screen, "rb", buffering=0) as seen,
        os.fdopen(terminal, "wb", buffering=0) as end,
    ):
        told = subprocess.run(
            [PROGRAM, "catalogue", "sync", "--json"],
            cwd=tmp_path,
            env=environment({"SYNC_FROM": source.url, "SYNC_TO": database_url, "TERM": "xterm"}),
            stdout=subprocess.PIPE,
            stderr=end,
            timeout=PATIENCE,
            check=True,
        )
        shown = os.read(seen.fileno(), 65536).decode()
    assert "sailings" in shown
    assert "120/120" in shown
    assert json.loads(told.stdout)["written"] == 182


def test_durations_are_read() -> None:
    assert [duration(words).total_seconds() for words in ("24h", "90m", "1d", "5 s")] == [
        86400,
        5400,
        86400,
        5,
    ]
    for words in ("", "24", "h", "0h", "-1h", "1w"):
        with pytest.raises(ValueError, match="a time such as"):
            duration(words)
