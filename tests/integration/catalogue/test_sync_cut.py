"""A sync that is killed or loses its connection leaves whole batches, and the next one goes on."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from adapters.catalogue.copy_connections import Busy, connected, take_alone
from adapters.catalogue.fields import Table
from persistence.database import Database, create_engine
from persistence.sync_runs import PastRun, PostgresSyncRuns
from persistence.tables.sync_runs import RunOutcome
from tests.integration.catalogue.conftest import MakeShelf
from tests.support.catalogue_copies import (
    FIRST,
    all_gone,
    copy,
    every_row,
    fill,
    gate,
    look,
    open_gate,
    sold,
    someone_waits,
)
from tests.support.catalogue_tables import Shelf
from tests.support.programs import running

SAILINGS = Table.SAILINGS
NUMBER, HELD_UP = 2400, FIRST + 2100


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Database]:
    engine = create_engine(database_url, pool_size=1)
    yield engine
    await engine.dispose()


@pytest.fixture
def runs(engine: Database) -> PostgresSyncRuns:
    return PostgresSyncRuns(engine)


@pytest.fixture
async def source(make_shelf: MakeShelf) -> Shelf:
    source = await make_shelf(stocked=False)
    await fill(source, NUMBER)
    return source


async def last_run(runs: PostgresSyncRuns) -> PastRun:
    (found,) = await runs.latest()
    return found


async def test_after_a_kill_the_next_one_goes_on_and_all_is_as_if_nothing_had_been(
    database_url: str,
    source: Shelf,
    runs: PostgresSyncRuns,
    make_shelf: MakeShelf,
    tmp_path: Path,
) -> None:
    command = ("catalogue", "sync", "--from", source.url, "--to", database_url)
    async with gate(database_url, HELD_UP) as keeper:
        with running(*command, cwd=tmp_path) as program:
            await someone_waits(keeper)
            program.end(signal.SIGKILL)
        await open_gate(keeper)
        await all_gone(keeper, "sync")
    there = await sold(database_url)
    reached = (await look(database_url, "SELECT reached FROM catalogue.sync_runs"))[0][0]
    assert 0 < len(there) < NUMBER
    assert there[-1][0] == reached
    assert (await last_run(runs)).outcome is RunOutcome.RUNNING
    report = await copy(source, database_url, ledger=runs)
    assert (report.resumed, report.tables[SAILINGS].new) == (1, NUMBER)
    assert report.tables[SAILINGS].same == 0
    ended = await last_run(runs)
    assert (ended.outcome, ended.written) == (RunOutcome.DONE, report.written)
    never_cut = await make_shelf(stocked=False)
    await copy(source, never_cut.owner)
    told = "SELECT id, name, cruise_line_id, ship_id, sailing_date, nights FROM cruises ORDER BY id"
    assert [row[:6] for row in await sold(database_url)] == await look(never_cut.owner, told)


async def test_a_lost_connection_is_made_again_and_nothing_is_done_twice(
    database_url: str, source: Shelf, runs: PostgresSyncRuns, tmp_path: Path
) -> None:
    command = ("catalogue", "sync", "--from", source.url, "--to", database_url)
    async with gate(database_url, HELD_UP) as keeper:
        with running(*command, cwd=tmp_path) as program:
            await keeper.execute("SELECT pg_terminate_backend($1)", await someone_waits(keeper))
            await open_gate(keeper)
            assert program.process.wait(60) == 0, program.printed
    assert f"wrote {NUMBER + 62:,} rows" in program.printed
    assert "went on from where it was cut off, 1 times" in program.printed
    assert len(await sold(database_url)) == NUMBER
    assert (await last_run(runs)).outcome is RunOutcome.DONE


@pytest.mark.full
async def test_the_sources_connection_may_be_lost_as_well(
    database_url: str, source: Shelf, tmp_path: Path
) -> None:
    command = ("catalogue", "sync", "--from", source.owner, "--to", database_url)
    async with gate(database_url, HELD_UP) as keeper:
        with running(*command, cwd=tmp_path) as program:
            await someone_waits(keeper)
            await source.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await open_gate(keeper)
            assert program.process.wait(60) == 0, program.printed
    assert len(await sold(database_url)) == NUMBER


async def test_a_stop_is_remembered_and_the_next_one_goes_on(
    database_url: str, source: Shelf, runs: PostgresSyncRuns, tmp_path: Path
) -> None:
    command = ("catalogue", "sync", "--from", source.url, "--to", database_url)
    async with gate(database_url, HELD_UP) as keeper:
        with running(*command, cwd=tmp_path) as program:
            await someone_waits(keeper)
            program.process.send_signal(signal.SIGTERM)
            assert program.process.wait(60) == 1
        await open_gate(keeper)
        await all_gone(keeper, "sync")
    assert "stopped; the next run goes on from here" in program.printed
    assert (await last_run(runs)).outcome is RunOutcome.INTERRUPTED
    assert (await copy(source, database_url, ledger=runs)).resumed == 1
    assert len(await sold(database_url)) == NUMBER


async def test_a_run_may_begin_afresh(
    database_url: str, source: Shelf, runs: PostgresSyncRuns
) -> None:
    fingerprints = "SELECT fingerprint FROM catalogue.sync_runs"
    await copy(source, database_url, ledger=runs)
    ((fingerprint,),) = await look(database_url, fingerprints)
    await look(database_url, "UPDATE catalogue.sync_runs SET outcome = 'failed'")
    report = await copy(source, database_url, ledger=runs, afresh=True)
    assert (report.resumed, report.tables[SAILINGS].same) == (0, NUMBER)
    assert await look(database_url, fingerprints) == [(fingerprint,)] * 2
    other = await copy(source, database_url, ledger=runs, lines=(22,))
    assert other.resumed == 0


async def test_an_old_run_is_not_gone_on_with(
    database_url: str, source: Shelf, runs: PostgresSyncRuns
) -> None:
    """What lies before the place where it was cut off may have changed since."""
    await copy(source, database_url, ledger=runs)
    await look(
        database_url,
        "UPDATE catalogue.sync_runs SET outcome = 'running', started_at = now() - interval '7 h'",
    )
    assert (await copy(source, database_url, ledger=runs)).resumed == 0


async def test_only_one_at_a_time_writes_into_a_catalogue(
    database_url: str, source: Shelf, tmp_path: Path
) -> None:
    """The second is told who is at it; a dry run needs nobody's leave."""
    command = ("catalogue", "sync", "--from", source.url, "--to", database_url)
    async with gate(database_url, HELD_UP) as keeper:
        with running(*command, cwd=tmp_path) as program:
            pid = await someone_waits(keeper)
            before = await every_row(database_url, "catalogue")
            with pytest.raises(Busy) as refused:
                await copy(source, database_url)
            assert await every_row(database_url, "catalogue") == before
            told = await copy(source, database_url, dry_run=True)
            assert told.tables[SAILINGS].new < NUMBER
            await open_gate(keeper)
            assert program.process.wait(60) == 0
            assert str(refused.value).startswith("booking-flow catalogue sync ")
            assert f"(backend {pid}) is writing into this catalogue" in str(refused.value)
            assert f":{program.process.pid}, connected from 127.0.0.1" in str(refused.value)


async def test_a_connection_that_the_server_has_not_missed_yet_is_no_rival(
    database_url: str, source: Shelf
) -> None:
    """After the network failed, the lock may still be held by what is left of our own first try."""
    async with connected(database_url, called="sync of mine", read_only=False) as lost:
        await take_alone(lost)
        async with connected(database_url, called="sync of mine", read_only=False) as again:
            await take_alone(again)
            with pytest.raises(Busy, match=r"sync of mine .* is writing"):
                await copy(source, database_url)
        assert lost.is_closed()


async def test_a_table_that_somebody_locks_is_not_waited_for_for_ever(
    database_url: str, source: Shelf
) -> None:
    blocker = await asyncpg.connect(database_url)
    try:
        await blocker.execute("BEGIN; LOCK TABLE catalogue.sailings IN EXCLUSIVE MODE")
        patience = (await look(database_url, "SHOW lock_timeout"))[0][0]
        assert patience == "0"
        with pytest.raises(Exception, match="lock timeout"):
            await copy(source, database_url, attempts=1, patience=0.2)
    finally:
        await blocker.close()
    assert (await copy(source, database_url)).tables[SAILINGS].new == NUMBER
