"""What it costs that many wait: bookings whose supplier does not answer, and open event streams."""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import UUID

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector
from rich.console import Console
from sqlalchemy import TextClause, text

from booking_http.api.action_links import BASE
from persistence.database import fetch_all, fetch_one
from tests.bench.clients import WentWrong, service_of
from tests.bench.copies import copy_session
from tests.bench.figures import Figures
from tests.bench.processor import seconds_of
from tests.support.service import Guest, Json
from tests.support.testbed import Ground, Server, run, server, standing

GROUP: Final = "many who wait in one process"
BOOKINGS: Final = "bookings that wait for the supplier"
CONNECTIONS: Final = f"{BOOKINGS}: database connections of the process"
OF_BOOKING: Final = f"{BOOKINGS}: memory of one"
STREAMS: Final = "open event streams"
SHARE: Final = f"{STREAMS}: share of a core for 1,000"
MOST: Final = 10_000
_SPARE: Final = 300
"""Descriptors that a process has open for other things."""
_STALL: Final = 1_500.0
_WATCHED: Final = 15.0
"""Seconds in which each stream says once that it is alive."""
_SETTLING: Final = 3.0
"""Seconds after the last claim until its call has left."""
_AT_ONCE: Final = 16
COPIES: Final = text(
    "SELECT id FROM booking_sessions WHERE secret_hash ="
    " (SELECT secret_hash FROM booking_sessions WHERE id = :id) AND id <> :id"
)
OPEN: Final = text("SELECT count(*) AS open FROM saga_steps WHERE status = 'started'")
BACKENDS: Final = text(
    "SELECT count(*) AS open FROM pg_stat_activity WHERE datname = current_database()"
)


async def measure_waiting(ground: Ground, figures: Figures, *, number: int) -> None:
    """Let so many wait for the supplier to book, and so many follow a session each.

    Each in a process of its own, since memory that was given back is used again.
    """
    number = min(number, (_descriptors() - _SPARE) // 2)
    others = await _count(ground, BACKENDS)
    async with _serving(ground) as one:
        template = service_of(ground, one).guest()
        await template.to_basketed()
        await copy_session(ground.database, UUID(template.uuid), number)
        rows = await fetch_all(ground.database, COPIES, {"id": UUID(template.uuid)})
        secret = template.session_id.partition(".")[2]
        keys = [f"{row.id}.{secret}" for row in rows]
        await _booked(ground, figures, one, template, keys, others=others)
    async with _serving(ground) as one:
        await _followed(figures, one, keys)


def _descriptors() -> int:
    """Return how many descriptors each process may have, of which as many are taken as we may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


@asynccontextmanager
async def _serving(ground: Ground) -> AsyncIterator[Server]:
    """Run a process that lets ten thousand wait, with few connections to the database."""
    also = {
        "TRAVELTEK_CONNECTIONS": str(MOST),
        "DATABASE_POOL_SIZE": "10",
        "CATALOGUE_POOL_SIZE": "3",
        "STREAM_SECONDS": str(_STALL),
    }
    one = server(ground, 9, also=also, traveltek_time_scale=20.0)
    try:
        await one.start()
        yield one
    finally:
        await one.program.end()


@asynccontextmanager
async def _crowd() -> AsyncIterator[ClientSession]:
    connector, forever = TCPConnector(limit=0), ClientTimeout(total=None)
    async with ClientSession(connector=connector, timeout=forever) as http:
        yield http


async def _followed(figures: Figures, one: Server, keys: Sequence[str]) -> None:
    """Open a stream for each session, and look what they cost while nothing happens."""
    before = _resident(one)
    async with _crowd() as http:
        streams: list[ClientResponse] = []

        async def follow(key: str) -> None:
            answer = await http.get(f"{one.url.origin()}{BASE}/{key}/events")
            if answer.status != 200:
                raise WentWrong(f"a stream was answered with {answer.status} {await answer.text()}")
            streams.append(answer)

        await _each(keys, follow)
        used, began = seconds_of(one.program.pid), time.perf_counter()
        await asyncio.sleep(_WATCHED)
        share = (seconds_of(one.program.pid) - used) / (time.perf_counter() - began)
        figures.add(GROUP, STREAMS, len(streams), "")
        figures.add(GROUP, SHARE, 100 * share * 1_000 / len(streams), "%")
        figures.add(GROUP, f"{STREAMS}: memory of one", _apiece(one, before, streams), "KB")
        for answer in streams:
            answer.close()


async def _booked(
    ground: Ground,
    figures: Figures,
    one: Server,
    template: Guest,
    keys: Sequence[str],
    *,
    others: int,
) -> None:
    """Book each session at a supplier that stalls, and look when all have been asked for."""
    await ground.simulator.fault("book.pl", "slow", times=None, seconds=_STALL)
    body = template.booking(payment=template.payment(template.rate()["total"]))
    before, most = _resident(one), 0
    async with _crowd() as http:

        async def book(key: str) -> None:
            # Whoever is told 503 by a service that is busy comes back, as guests' frontends do.
            with suppress(ClientError):
                url = f"{one.url.origin()}{BASE}/{key}/create"
                while await _asked_to_book(http, url, body):  # noqa: ASYNC110 - nobody tells when
                    await asyncio.sleep(1.0)

        waiting = []
        for number, key in enumerate(keys, start=1):
            waiting.append(asyncio.create_task(book(key)))
            if number % _AT_ONCE == 0 or number == len(keys):
                await _claimed(ground, min(number, len(keys)) - _AT_ONCE)
                most = max(most, await _count(ground, BACKENDS))
        await _claimed(ground, len(keys))
        await asyncio.sleep(_SETTLING)
        figures.add(GROUP, BOOKINGS, len(keys), "")
        figures.add(GROUP, OF_BOOKING, _apiece(one, before, keys), "KB")
        figures.add(GROUP, CONNECTIONS, most - others, "")
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _asked_to_book(http: ClientSession, url: str, body: Json) -> bool:
    """Ask, and return whether to ask again."""
    async with http.post(url, json=body) as answer:
        return answer.status == 503


async def _claimed(ground: Ground, number: int) -> None:
    while await _count(ground, OPEN) < number:  # noqa: ASYNC110 - it is in a database
        await asyncio.sleep(0.02)


async def _count(ground: Ground, query: TextClause) -> int:
    row = await fetch_one(ground.database, query)
    return int(row.open) if row else 0


async def _each(keys: Sequence[str], ask: Callable[[str], Awaitable[None]]) -> None:
    left = iter(keys)

    async def some() -> None:
        for key in left:
            await ask(key)

    await asyncio.gather(*(some() for _ in range(_AT_ONCE)))


def _resident(one: Server) -> int:
    """Return the kilobytes that a process has in memory."""
    status = Path(f"/proc/{one.program.pid}/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def _apiece(one: Server, before: int, those: Sequence[object]) -> float:
    return (_resident(one) - before) / len(those)


async def alone() -> None:
    """Measure this alone."""
    figures = Figures()
    async with standing() as ground:
        await measure_waiting(ground, figures, number=int(sys.argv[1]))
    figures.show(Console(width=100))


if __name__ == "__main__":
    run(alone())
