"""What a crowd gets: bookings and look-ups in a second, beside what the bare server manages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.bench.clients import BARE, BareClient, book, checked, per_second, service_of
from tests.bench.figures import Figures
from tests.support.testbed import Ground, Server

GROUP: Final = "a crowd"
AT_ONCE: Final = 16
COMMITS_OF_A_BOOKING: Final = 7
"""One to open, price and select, two to hold, two to book and pay."""


async def measure_crowd(
    ground: Ground,
    figures: Figures,
    *,
    servers: Sequence[Server],
    bare: BareClient,
    seconds: float,
) -> None:
    """Measure bookings with one server and with all, look-ups, and the baseline."""
    base = await per_second(bare.commit, at_once=AT_ONCE, for_s=seconds / 3)
    figures.add(GROUP, f"{BARE}, {AT_ONCE} at once", base, "/s")
    for number in range(1, len(servers) + 1):
        rate = await _bookings(ground, servers[:number], seconds)
        name = f"bookings, {AT_ONCE} guests, {number} process{'es' if number > 1 else ''}"
        figures.add(GROUP, name, rate, "/s")
        figures.add(
            GROUP, f"their commits, {number}", rate * COMMITS_OF_A_BOOKING, "/s", over=base, to=BARE
        )
    rate = await _looks(ground, servers[0], seconds / 3)
    figures.add(GROUP, f"GET session, {AT_ONCE} at once", rate, "/s", over=base, to=BARE)


async def _bookings(ground: Ground, servers: Sequence[Server], seconds: float) -> float:
    services = [service_of(ground, server) for server in servers]

    async def one(number: int) -> None:
        await book(services[number % len(services)].guest())

    return await per_second(one, at_once=AT_ONCE, for_s=seconds)


async def _looks(ground: Ground, server: Server, seconds: float) -> float:
    guest = service_of(ground, server).guest()
    await guest.to_basketed()

    async def one(_: int) -> None:
        checked(await guest.look(), 200)

    return await per_second(one, at_once=AT_ONCE, for_s=seconds)
