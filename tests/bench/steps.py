"""What each step costs the service itself: the time until its answer, less the supplier's."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from persistence.database import fetch_all
from persistence.statements import Row
from tests.bench.clients import BARE, BareClient, book_and_pay, checked
from tests.bench.figures import Figures, median
from tests.support.service import Guest, Reply, Service
from tests.support.testbed import Ground

CALLS: Final = text(
    "SELECT at, duration_s FROM supplier_calls WHERE session_id = :session_id ORDER BY at"
)
STEPS: Final = ("open", "price", "select", "hold", "release", "hold again", "book and pay", "look")
COMMITS: Final = (1, 1, 1, 2, 2, 2, 2, 0)
"""How many commits the design allows each step."""
GROUP: Final = "own cost of a step, supplier's time taken off"
WARM: Final = 3
BETWEEN: Final = 15
"""Requests to the bare server between two guests."""
Shop = tuple[Ground, Service]
Ask = Callable[[], Awaitable[Reply]]


async def measure_steps(
    ground: Ground, figures: Figures, *, service: Service, client: BareClient, guests: int
) -> None:
    """Measure each step and the bare server in turns."""
    bare: list[float] = []

    async def between() -> None:
        bare.extend([await _timed(client) for _ in range(BETWEEN)])

    (costs,) = await own_costs([(ground, service)], guests=guests, between=between)
    base = median(bare[WARM * BETWEEN :])
    figures.add(GROUP, BARE, base, "ms")
    for step, commits in zip(STEPS, COMMITS, strict=True):
        name = f"{step} ({commits} commit{'' if commits == 1 else 's'})"
        figures.add(GROUP, name, costs[step], "ms", over=base, to=BARE)


async def _timed(client: BareClient) -> float:
    began = time.perf_counter()
    await client.commit(0)
    return (time.perf_counter() - began) * 1000


async def _nothing() -> None:
    pass


async def own_costs(
    shops: Sequence[Shop], *, guests: int, between: Callable[[], Awaitable[None]] = _nothing
) -> Sequence[Mapping[str, float]]:
    """Return each shop's median milliseconds of every step.

    Guests come one after the other and to the shops in turns, so that whatever else the machine
    does costs them all the same.
    """
    costs: list[dict[str, list[float]]] = [defaultdict(list) for _ in shops]
    for number in range(guests + WARM):
        await between()
        for (ground, service), found in zip(shops, costs, strict=True):
            walked = await _walk(ground, service.guest())
            for step, cost in walked.items() if number >= WARM else ():
                found[step].append(cost)
    return [{step: median(each) for step, each in found.items()} for found in costs]


async def _walk(ground: Ground, guest: Guest) -> Mapping[str, float]:
    """Go through every step once and return what each cost the service."""
    costs, asked = {}, 0.0
    for step, ask in zip(STEPS, _asks(guest), strict=True):
        began = time.perf_counter()
        checked(await ask(), 200, 201)
        took = time.perf_counter() - began
        supplier = await _at_supplier(ground, guest)
        costs[step] = (took - (supplier - asked)) * 1000
        asked = supplier
    return costs


def _asks(guest: Guest) -> Iterable[Ask]:
    return (
        guest.open,
        guest.price,
        lambda: guest.select(addToBasket=False),
        guest.hold,
        guest.release,
        guest.hold,
        lambda: book_and_pay(guest),
        guest.look,
    )


async def _at_supplier(ground: Ground, guest: Guest) -> float:
    """Return the seconds that this session has spent at the supplier, as the evidence says."""
    values = {"session_id": UUID(guest.uuid)}
    return covered(await fetch_all(ground.database, CALLS, values))


def covered(calls: Iterable[Row]) -> float:
    """Return how much time calls cover, counting once what overlaps."""
    total, until = timedelta(), None
    for call in calls:
        ends = call.at + timedelta(seconds=call.duration_s)
        begins = call.at if until is None else max(call.at, until)
        total += max(ends - begins, timedelta())
        until = ends if until is None else max(ends, until)
    return total.total_seconds()
