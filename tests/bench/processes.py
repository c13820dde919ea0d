"""What a second process of the same service brings: whole bookings in a second, by turns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import ClientSession, TCPConnector

from tests.bench.clients import book, per_second, service_of
from tests.bench.figures import Figures
from tests.support.service import Service
from tests.support.testbed import Ground, server
from tests.support.waiting import eventually

GROUP: Final = "processes that share a port"
AT_ONCE: Final = 16
TURNS: Final = 3
ALONE: Final = "bookings, 1 process"
GAIN: Final = "bookings, 2 processes"


async def measure_processes(ground: Ground, figures: Figures, *, seconds: float) -> None:
    """Measure one process and two by turns, so that other work on the machine meets both."""
    rates: dict[int, float] = {1: 0.0, 2: 0.0}
    for _ in range(TURNS):
        for count in rates:
            async with _serving(ground, count) as service:
                rates[count] += await _rate(service, seconds / TURNS) / TURNS
    figures.add(GROUP, ALONE, rates[1], "/s")
    figures.add(GROUP, GAIN, rates[2], "/s", over=rates[1], to="1 process")


async def _rate(service: Service, seconds: float) -> float:
    async def one(_: int) -> None:
        await book(service.guest())

    return await per_second(one, at_once=AT_ONCE, for_s=seconds)


@asynccontextmanager
async def _serving(ground: Ground, count: int) -> AsyncIterator[Service]:
    """Run so many processes, warm, and guests whose connections are new."""
    one = server(ground, 20 + count, also={"SERVE_PROCESSES": str(count)})
    try:
        await one.start()
        async with ClientSession(connector=TCPConnector(limit=0)) as http:
            service = Service(
                app=service_of(ground, one).app, url=one.url, http=http, simulator=ground.simulator
            )
            await eventually(lambda: _ready(service))
            await _rate(service, 1.0)
            yield service
    finally:
        await one.program.end()


async def _ready(service: Service) -> bool:
    async with service.http.get(service.url / "readyz") as answer:
        return answer.status == 200
