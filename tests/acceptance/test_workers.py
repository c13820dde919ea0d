"""`booking-flow worker` as operators run it: beside a service, several at once, stopped at will."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from booking_http.settings import Settings
from tests.acceptance.ledger import agrees, facts_of
from tests.conftest import ROOT
from tests.support.ports import free_port
from tests.support.processes import environment
from tests.support.service import Guest, Service
from tests.support.waiting import eventually, kept_back
from tests.support.workers import LEASES, clocks_of

SECRETS = ("hidden-token", "Alexa", "alexa@example.test")


class WorkerProcess:
    """A worker of its own, and what it wrote."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log

    async def says(self, words: str) -> None:
        async def said() -> bool:
            return words in self.log.read_text()

        await eventually(said)


@asynccontextmanager
async def worker_process(
    settings: Settings, log: Path, **more: str
) -> AsyncIterator[WorkerProcess]:
    """Run `booking-flow worker` until the block ends."""
    env = environment(settings) | {
        "LOG_LEVEL": "INFO",
        "WORKER_POLL_SECONDS": "0.2",
        "BACK_OFFICE_TOKEN": "hidden-token",
        **more,
    }
    with log.open("wb") as printed:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "booking_http.cli", "worker"), cwd=ROOT, env=env, stderr=printed
        )
    made = WorkerProcess(process, log)
    try:
        await made.says('"working"')
        yield made
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def in_state(service: Service, guest: Guest, state: str) -> None:
    """Wait until rows say so; nobody looks at the session as a guest does."""
    database_url = service.parts.settings.database_url.get_secret_value()

    async def reached() -> bool:
        facts = await facts_of(database_url, guest)
        return facts is not None and bool(facts["state"] == state)

    await eventually(reached)


@pytest.mark.slow
async def test_a_worker_that_is_stopped_finishes_what_it_holds(
    service: Service, tmp_path: Path
) -> None:
    """It is asking the supplier about a cabin; the answer is entered before it ends."""
    guest = service.guest()
    await guest.to_priced()
    await service.simulator.fault("basketadd.pl", "reset")
    assert (await guest.select()).status == 202
    settings, port = service.parts.settings, free_port()
    async with worker_process(settings, tmp_path / "log", WORKER_PORT=str(port)) as worker:
        with kept_back("basket"):
            await service.simulator.has_received("basket.pl", 1)
            counted = await service.http.get(f"http://127.0.0.1:{port}/metrics")
            assert 'booking_work_in_progress{job="open_step"} 1.0' in await counted.text()
            worker.process.terminate()
        assert await worker.process.wait() == 0
    assert (await guest.look()).body["state"] == "basketed"
    assert [word for word in SECRETS if word in worker.log.read_text()] == []


@pytest.mark.slow
async def test_when_one_worker_is_killed_another_goes_on_with_its_work(
    service: Service, tmp_path: Path
) -> None:
    """The step is leased to the dead one; it is free when the lease is over."""
    guest = service.guest()
    await guest.to_priced()
    await service.simulator.fault("basketadd.pl", "reset")
    assert (await guest.select()).status == 202
    settings = service.parts.settings
    async with AsyncExitStack() as running:
        with kept_back("basket"):
            first = await running.enter_async_context(worker_process(settings, tmp_path / "first"))
            await service.simulator.has_received("basket.pl", 1)
            first.process.kill()
        await running.enter_async_context(worker_process(settings, tmp_path / "second"))
        await clocks_of(service).advance(LEASES)
        await in_state(service, guest, "basketed")
        await clocks_of(service).advance(timedelta(hours=3))
        await in_state(service, guest, "expired")
    facts = await facts_of(settings.database_url.get_secret_value(), guest)
    assert await agrees(service.simulator, facts)
    assert (await service.simulator.ledger())["holds"] == []
