"""How fast a worker clears up: steps that a crash left open, and sessions whose time is over."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import UUID

from aiohttp import ClientError
from rich.console import Console
from sqlalchemy import text

from booking_flow.policy import Policy
from persistence.database import execute, fetch_one
from tests.bench.clients import service_of
from tests.bench.copies import copy_session
from tests.bench.cost import postmaster
from tests.bench.figures import Figures
from tests.bench.processor import seconds_of
from tests.support.processes import environment
from tests.support.service import Guest
from tests.support.testbed import Ground, Program, Server, run, server, standing

GROUP: Final = "one worker process"
STEPS: Final = "open steps recovered after a crash"
LONGEST: Final = 300.0
SOON: Final = "booking_now() - interval '1 second'"
OPEN: Final = """
SELECT count(*) AS left FROM saga_steps
WHERE status = 'started' OR (status = 'unknown' AND next_attempt_at IS NOT NULL)"""
EXPIRING: Final = """
SELECT count(*) AS left FROM booking_sessions
WHERE state IN ('created', 'priced', 'cabin_selected') AND expires_at <= booking_now()"""
LAPSED: Final = """
SELECT count(*) AS left FROM booking_sessions
WHERE state = 'basketed' AND open_step IS NULL AND hold_until <= booking_now()"""


async def measure_recovery(
    ground: Ground,
    figures: Figures,
    *,
    doomed: Server,
    server: Server,
    steps: int,
    sessions: int,
) -> None:
    """Crash one server within a booking and a hold, multiply that, and let a worker come.

    The cabins that lapse are those that all measurements before have held.
    """
    await _abandoned(ground, doomed, steps)
    await _cleared(ground, figures, STEPS, OPEN)
    past = {"booking_sessions.expires_at": SOON}
    await copy_session(ground.database, await _priced(ground, server), sessions, past)
    await _cleared(ground, figures, "sessions expired", EXPIRING)
    await ground.advance(Policy().hold_longest)
    await _cleared(ground, figures, "holds lapsed", LAPSED)


@asynccontextmanager
async def _worker(ground: Ground) -> AsyncIterator[Program]:
    """Run a worker in a process of its own."""
    environ, log = environment(ground.settings()), ground.folder / "worker.log"
    worker = Program("booking_http.cli", "worker", log=log, environ=environ)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.end()


async def _abandoned(ground: Ground, server: Server, steps: int) -> None:
    """Leave so many steps open, half of them bookings, as a killed process does."""
    guests = [service_of(ground, server).guest() for _ in range(2)]
    for guest in guests:
        await guest.to_basketed()
    await guests[1].release()
    under_way = [
        asyncio.create_task(_hang(ground, "book.pl", guests[0].book)),
        asyncio.create_task(_hang(ground, "basketadd.pl", guests[1].hold)),
    ]
    await asyncio.sleep(1.0)
    await server.program.end()
    await asyncio.gather(*under_way)
    for guest in guests:
        await copy_session(ground.database, UUID(guest.uuid), steps // 2)
    await execute(ground.database, text(LET_GO))


LET_GO: Final = f"UPDATE saga_steps SET lease_until = {SOON} WHERE status = 'started'"


async def _hang(ground: Ground, endpoint: str, ask: Callable[[], Awaitable[object]]) -> None:
    """Ask for something that the supplier does and never answers."""
    await ground.simulator.fault(endpoint, "timeout_after")
    with suppress(ClientError):
        await ask()


async def _priced(ground: Ground, server: Server) -> UUID:
    guest = Guest(service_of(ground, server))
    await guest.to_priced()
    return UUID(guest.uuid)


async def _cleared(ground: Ground, figures: Figures, name: str, query: str) -> None:
    """Let a worker come, wait until nothing is left, and note what one takes since the first."""
    most = await _left(ground, query)
    async with asyncio.timeout(LONGEST), _worker(ground) as worker:
        rest = await _less_than(most, ground, query)
        pids = {
            "worker": worker.pid,
            "PostgreSQL": postmaster(ground),
            "supplier": ground.supplier.pid,
        }
        used = {part: seconds_of(pid) for part, pid in pids.items()}
        began = time.perf_counter()
        await _less_than(1, ground, query)
        took = time.perf_counter() - began
        figures.add(GROUP, f"{name}, {most:,} of them", rest / took, "/s")
        for part, pid in pids.items():
            each = (seconds_of(pid) - used[part]) / rest * 1000
            figures.add(GROUP, f"{name}: {part}'s processor time of one", each, "ms")


async def _less_than(number: int, ground: Ground, query: str) -> int:
    """Wait until less than so many are left, and return how many."""
    while (left := await _left(ground, query)) >= number:  # noqa: ASYNC110 - it is in a database
        await asyncio.sleep(0.1)
    return left


async def _left(ground: Ground, query: str) -> int:
    row = await fetch_one(ground.database, text(query))
    return int(row.left) if row else 0


async def alone() -> None:
    """Measure this alone, with as many of each."""
    figures, number = Figures(), int(sys.argv[1])
    async with standing() as ground:
        doomed, other = server(ground, 1), server(ground, 2)
        try:
            for one in (doomed, other):
                await one.start()
            await measure_recovery(
                ground, figures, doomed=doomed, server=other, steps=number, sessions=number
            )
        finally:
            for one in (doomed, other):
                await one.program.end()
    figures.show(Console(width=100))


if __name__ == "__main__":
    run(alone())
