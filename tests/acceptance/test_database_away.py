"""book.pl has answered, the database is down, the process is killed: the answer is not lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import ClientError

from adapters.embedded import EmbeddedPostgres
from adapters.spool import FileSpool
from booking_http.web.metrics import Metrics
from booking_http.worker.main import running_worker
from persistence.migrate import upgrade
from tests.acceptance.ledger import agrees, facts_of
from tests.support.processes import nursery
from tests.support.service import Guest, Simulator, seed_catalogue, settings_for
from tests.support.waiting import eventually, kept_back
from tests.support.workers import LEASES, Clocks, worker_for


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    """Run a PostgreSQL of this test's own, which it may stop."""
    async with EmbeddedPostgres(tmp_path / "postgres") as server:
        await upgrade(server.dsn)
        await seed_catalogue(server.dsn)
        yield server


async def _book(guest: Guest, total: str) -> None:
    with suppress(ClientError):
        await guest.book(guest.booking(payment=guest.payment(total)))


@pytest.mark.slow
async def test_an_answer_that_could_not_be_written_is_entered_by_a_worker(
    postgres: EmbeddedPostgres, simulator: Simulator, tmp_path: Path
) -> None:
    folder = tmp_path / "spool"
    spool = FileSpool(folder)
    async with nursery(postgres.dsn, simulator, spool_dir=str(folder)) as made:
        guest = (await made.start()).guest()
        held = await guest.to_basketed()
        with kept_back("book"):
            booking = asyncio.create_task(_book(guest, held.body["price"]["total"]))
            await simulator.has_received("book.pl", 1)
            await postgres.stop()

        async def spooled() -> bool:
            return bool(await spool.read_all())

        await eventually(spooled)
        made.kill()
        await booking
    await postgres.start()
    settings = settings_for(
        database_url=postgres.dsn, supplier_url=simulator.api, spool_dir=str(folder)
    )
    async with worker_for(settings) as (worker, _):
        await worker.drain()
    facts = await facts_of(postgres.dsn, guest)
    assert facts is not None
    assert (facts["state"], facts["openStep"]) == ("paid", None)
    assert await agrees(simulator, facts)
    assert await spool.read_all() == []


@pytest.mark.slow
async def test_a_worker_goes_on_when_the_database_is_back(
    postgres: EmbeddedPostgres, simulator: Simulator, tmp_path: Path
) -> None:
    """It loses its connections and its ear; nobody has to start it again."""
    settings = settings_for(
        database_url=postgres.dsn, supplier_url=simulator.api, worker_poll_seconds=0.2
    )
    async with (
        nursery(postgres.dsn, simulator) as made,
        worker_for(settings) as (_, parts),
        running_worker(parts, metrics=Metrics()),
    ):
        guest = (await made.start()).guest()
        await guest.to_basketed()
        await postgres.stop()
        await asyncio.sleep(1)
        await postgres.start()
        await eventually(lambda: _advanced(Clocks(parts.database, simulator)))

        async def let_go() -> bool:
            facts = await facts_of(postgres.dsn, guest)
            return facts is not None and bool(facts["state"] == "expired")

        await eventually(let_go)


async def _advanced(clocks: Clocks) -> bool:
    with suppress(Exception):
        await clocks.advance(60 * LEASES)
        return True
    return False
