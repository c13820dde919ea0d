"""How long the service itself takes at half the rate that it can do: the middle and the worst."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from persistence.database import fetch_all
from tests.bench.clients import book, book_and_pay, checked, per_second, service_of
from tests.bench.figures import Figures
from tests.bench.steps import CALLS, covered
from tests.support.service import Guest, Service
from tests.support.testbed import Ground, Server

GROUP: Final = "own time of a call at half the rate, supplier's time taken off"
AT_ONCE: Final = 16
MEDIAN: Final = "p50"
WORST: Final = "p99"


async def measure_latency(
    ground: Ground, figures: Figures, *, server: Server, seconds: float
) -> None:
    """Find out how many bookings a second it can do, and let half as many guests come evenly."""
    service = service_of(ground, server)
    full = await per_second(lambda _: book(service.guest()), at_once=AT_ONCE, for_s=seconds / 3)
    times = await _evenly(ground, service, rate=full / 2, seconds=seconds)
    percentiles = statistics.quantiles(times, n=100)
    figures.add(GROUP, "bookings that come", full / 2, "/s")
    figures.add(GROUP, MEDIAN, percentiles[49], "ms")
    figures.add(GROUP, WORST, percentiles[98], "ms")


async def _evenly(
    ground: Ground, service: Service, *, rate: float, seconds: float
) -> Sequence[float]:
    """Return the milliseconds of every call of guests who begin one after the other."""
    began, walks = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(began + number / rate - time.perf_counter(), 0))
        walks.append(asyncio.create_task(_walk(service.guest())))
    times: list[float] = []
    for walked, guest in await asyncio.gather(*walks):
        times += await _own(ground, guest, walked)
    return times


Windows = Mapping[datetime, tuple[datetime, float]]
"""When a call began, when it ended, and how many seconds it took."""


async def _walk(guest: Guest) -> tuple[Windows, Guest]:
    """Go from nothing to a booking that is paid."""
    windows: dict[datetime, tuple[datetime, float]] = {}
    for ask in (guest.open, guest.price, guest.select, lambda: book_and_pay(guest)):
        at, began = datetime.now(UTC), time.perf_counter()
        checked(await ask(), 200, 201)
        windows[at] = (datetime.now(UTC), time.perf_counter() - began)
    return windows, guest


async def _own(ground: Ground, guest: Guest, walked: Windows) -> Sequence[float]:
    """Take off what the supplier took of each call, as the evidence says."""
    calls = await fetch_all(ground.database, CALLS, {"session_id": UUID(guest.uuid)})
    return [
        (took - covered(call for call in calls if began <= call.at <= ended)) * 1000
        for began, (ended, took) in walked.items()
    ]
