"""Files of the export come into the catalogue as they should read, and bad ones are named."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from adapters.catalogue.fields import Table
from adapters.catalogue.files import list_files
from adapters.catalogue.imports import Tree as Folder
from adapters.catalogue.imports import import_files
from adapters.catalogue.report import Report
from persistence.database import create_engine
from persistence.sync_runs import PostgresSyncRuns
from tests.integration.catalogue.conftest import MakeShelf
from tests.support import catalogue_files as trees
from tests.support.catalogue_copies import (
    Nobody,
    all_gone,
    every_row,
    gate,
    look,
    open_gate,
    order,
    sold,
    someone_waits,
)
from tests.support.catalogue_files import Tree, grow, misplaced, spoil
from tests.support.programs import running, survivors

SAILINGS = Table.SAILINGS


@pytest.fixture
async def runs(database_url: str) -> AsyncIterator[PostgresSyncRuns]:
    engine = create_engine(database_url, pool_size=1)
    yield PostgresSyncRuns(engine)
    await engine.dispose()


async def take(
    tree: Tree,
    target: str,
    *,
    ledger: PostgresSyncRuns | None = None,
    whole: bool = False,
    workers: int | None = None,
    **changes: Any,
) -> Report:
    folder = Folder(folder=tree.folder, whole=whole, workers=workers)
    return await import_files(folder, order(target, **changes), ledger=ledger, watch=Nobody())


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.full) for n in range(1, 9))]
)
async def test_every_spelling_is_read_the_same(
    seed: int, database_url: str, tmp_path: Path
) -> None:
    """Rows are exactly what was meant, a second import writes nothing, other lines stay out."""
    tree = grow(tmp_path, 300, seed=seed)
    report = await take(tree, database_url)
    assert report.faults == []
    assert await sold(database_url) == tree.of_lines(22, 3)
    ships = await look(database_url, "SELECT ship_id, line_id, name FROM catalogue.ships")
    assert all((ship // 100, f"Ship {ship}") == (line, name) for ship, line, name in ships)
    lines = await look(database_url, "SELECT line_id, name FROM catalogue.lines ORDER BY 1")
    assert lines == [(3, "Celebrity Cruises"), (22, "Royal Caribbean")]
    before = await every_row(database_url, "catalogue")
    assert (await take(tree, database_url)).written == 0
    assert await every_row(database_url, "catalogue") == before


async def test_a_file_that_cannot_be_read_is_named_and_the_others_are_taken(
    database_url: str, tmp_path: Path
) -> None:
    tree = grow(tmp_path, 40)
    spoil(tree)
    for place in misplaced():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("{}")
        tree.malformed[place] = "it is not at YEAR/MONTH/LINE/SHIP/SAILING.json"
    (tmp_path / "readme.txt").write_text("no sailing")
    report = await take(tree, database_url, lines=(22, 3, 8))
    told = {fault.name: fault.reason for fault in report.faults}
    assert set(told) == set(tree.malformed)
    for path, reason in tree.malformed.items():
        assert reason in told[path], path
    assert await sold(database_url) == tree.of_lines(22, 3, 8)
    assert report.refused == len(tree.malformed)
    assert (await take(tree, database_url, lines=(22, 3, 8))).written == 0


async def test_a_file_that_cannot_be_opened_is_named(database_url: str, tmp_path: Path) -> None:
    tree = grow(tmp_path, 3)
    path = tmp_path / tree.paths[str(trees.FIRST)]
    path.unlink()
    path.mkdir()
    (path.parent / "1.json").symlink_to(path.parent / "nowhere.json")
    report = await take(tree, database_url)
    assert [fault.reason for fault in report.faults] == [
        "it cannot be opened: No such file or directory"
    ]


@pytest.fixture
def locked_folder() -> Iterator[Path]:
    """Return a folder of files of which one month cannot be looked into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    grow(folder, 60)
    month = min(folder.glob("2027/*"))
    month.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield folder
    os.seteuid(user)
    month.chmod(0o700)
    shutil.rmtree(folder)


def test_a_folder_that_cannot_be_looked_into_is_named(locked_folder: Path) -> None:
    listing = list_files(locked_folder, (22, 3))
    assert [fault.name for fault in listing.faults] == ["2027/01"]
    assert listing.faults[0].reason == "it cannot be opened: Permission denied"
    assert not listing.complete
    assert listing.files


async def test_of_two_files_for_one_sailing_the_later_month_counts(
    database_url: str, tmp_path: Path
) -> None:
    tree = grow(tmp_path, 6)
    key = str(trees.FIRST)
    old = tmp_path / tree.paths[key]
    later = tmp_path / "2030" / "01" / "22" / old.parent.name / old.name
    later.parent.mkdir(parents=True)
    shutil.copy(old, later)
    content = json.loads(later.read_text("utf-8-sig"))
    later.write_text(json.dumps(content | {"name": "Moved"}))
    report = await take(tree, database_url)
    assert [fault.name for fault in report.faults] == [tree.paths[key]]
    assert "2030/01/22" in report.faults[0].reason
    assert (await sold(database_url, f"cruise_id = '{key}'"))[0][1] == "Moved"
    assert (await take(tree, database_url)).written == 0


async def test_of_two_months_the_later_one_counts_however_it_is_written(
    database_url: str, tmp_path: Path
) -> None:
    tree = grow(tmp_path, 1)
    path = tree.paths[str(trees.FIRST)]
    content = json.loads((tmp_path / path).read_text())
    (tmp_path / path).unlink()
    _, _, line, ship, name = path.split("/")
    for month in ("9", "10"):
        folder = tmp_path / "2028" / month / line / ship
        folder.mkdir(parents=True)
        (folder / name).write_text(json.dumps(content | {"name": f"Month {month}"}))
    report = await take(tree, database_url)
    assert [fault.name.split("/")[1] for fault in report.faults] == ["9"]
    assert [row[1] for row in await sold(database_url)] == ["Month 10"]


async def test_the_ending_of_a_file_may_be_in_capitals(database_url: str, tmp_path: Path) -> None:
    tree = grow(tmp_path, 1)
    path = tmp_path / tree.paths[str(trees.FIRST)]
    path.rename(path.with_suffix(".JSON"))
    assert (await take(tree, database_url)).tables[SAILINGS].new == 1


async def test_a_sailing_with_a_file_of_another_line_has_not_vanished(
    database_url: str, tmp_path: Path
) -> None:
    tree = grow(tmp_path, 30)
    await take(tree, database_url)
    key = tree.of_lines(22)[0][0]
    path = tree.paths[key]
    year, month, _, ship, name = path.split("/")
    moved = tmp_path / year / month / "8" / ship / name
    moved.parent.mkdir(parents=True)
    (tmp_path / path).rename(moved)
    report = await take(tree, database_url, whole=True)
    assert report.tables[SAILINGS].vanished == 0
    assert f"sailing {key} is of line 8 in the source; it was left as it is" in report.notes


async def test_only_a_whole_export_says_what_is_no_longer_on_sale(
    database_url: str, tmp_path: Path
) -> None:
    tree = grow(tmp_path, 30)
    await take(tree, database_url)
    gone, unreadable = str(trees.FIRST), str(trees.FIRST + 1)
    (tmp_path / tree.paths[gone]).unlink()
    (tmp_path / tree.paths[unreadable]).write_text("{")
    shown = {row[0] for row in await sold(database_url, "active")}
    assert {gone, unreadable} <= shown
    assert (await take(tree, database_url)).tables[SAILINGS].vanished == 0
    report = await take(tree, database_url, whole=True)
    assert report.tables[SAILINGS].samples["vanished"] == [gone]
    assert {row[0] for row in await sold(database_url, "active")} == shown - {gone}


async def test_a_dry_run_tells_the_same_and_writes_nothing(
    database_url: str, tmp_path: Path
) -> None:
    tree = grow(tmp_path, 60)
    before = await every_row(database_url, "catalogue", "public")
    told = await take(tree, database_url, dry_run=True)
    assert await every_row(database_url, "catalogue", "public") == before
    done = await take(tree, database_url)
    assert told.written == done.written == 40 + 2 + len({row[3] for row in tree.of_lines(22, 3)})


async def test_another_layout_takes_them_too(make_shelf: MakeShelf, tmp_path: Path) -> None:
    shelf = await make_shelf({"cruises": {"raw_data": None, "embark_port": None}}, stocked=False)
    tree = grow(tmp_path, 30)
    report = await take(tree, shelf.owner)
    assert report.faults == []
    rows = await shelf.run("SELECT id, name, ports, cheapest_price FROM cruises ORDER BY id")
    meant = [(r[0], r[1], json.dumps(r[6]), r[8]) for r in tree.of_lines(22, 3)]
    assert [tuple(row) for row in rows] == meant
    assert (await take(tree, shelf.owner)).written == 0


async def test_several_processes_read_the_same_as_one(database_url: str, tmp_path: Path) -> None:
    tree = grow(tmp_path, 600)
    spoil(tree)
    report = await take(tree, database_url, lines=(22, 3, 8), workers=2)
    assert {fault.name for fault in report.faults} == set(tree.malformed)
    assert await sold(database_url) == tree.of_lines(22, 3, 8)


async def test_after_a_kill_whole_batches_are_there_and_the_next_one_goes_on(
    database_url: str, runs: PostgresSyncRuns, tmp_path: Path
) -> None:
    """Nothing is half written, no process stays behind, and the end is the same."""
    tree = grow(tmp_path / "export", 1200)
    paths = sorted(path for key, path in tree.paths.items() if tree.sailings[key][2] != 8)
    held_up = int(Path(paths[700]).stem)
    command = ("catalogue", "import", str(tree.folder), "--to", database_url, "--workers", "2")
    async with gate(database_url, held_up) as keeper:
        with running(*command, cwd=tmp_path) as program:
            await someone_waits(keeper)
            family = program.family()
            program.end(signal.SIGKILL)
        await open_gate(keeper)
        await all_gone(keeper, "import")
    assert survivors(family) == []
    assert not [one for one in psutil.process_iter() if one in family]
    there = await sold(database_url)
    assert {row[0] for row in there} == {Path(path).stem for path in paths[:500]}
    assert [row for row in tree.of_lines(22, 3) if row in there] == there
    report = await take(tree, database_url, ledger=runs)
    assert (report.resumed, report.tables[SAILINGS].new) == (1, len(paths))
    assert await sold(database_url) == tree.of_lines(22, 3)
