"""Whether a step costs the same among many sessions as among few."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from persistence.work_queue import PostgresWorkQueue
from tests.bench.clients import book, service_of
from tests.bench.copies import TABLES, copy_session
from tests.bench.figures import Figures, median
from tests.bench.steps import own_costs
from tests.support.testbed import Ground, Server, beside, server

GROUP: Final = "sessions in the tables"
WORK: Final = "a worker's look for work"
KEPT: Final = tuple(table for table in TABLES if table not in ("supplier_calls", "session_quotes"))
"""What is copied; quotes and evidence are most of the bytes, and no step looks for them."""


async def measure_growth(
    ground: Ground, figures: Figures, *, servers: Sequence[Server], few: int, many: int, guests: int
) -> None:
    """Measure every step among few sessions and among many, in turns in two databases."""
    async with beside(ground, "few") as small:
        sparse = server(small, len(servers) + 1)
        await sparse.start()
        try:
            await _filled(small, sparse, few)
            began = time.perf_counter()
            await _filled(ground, servers[0], many)
            figures.add(GROUP, f"copies made, {many:,}", time.perf_counter() - began, "s")
            await _compare(figures, (small, sparse), (ground, servers[0]), guests, (few, many))
        finally:
            await sparse.program.end()


async def _filled(ground: Ground, server: Server, number: int) -> None:
    guest = service_of(ground, server).guest()
    await book(guest)
    await copy_session(ground.database, UUID(guest.uuid), number, tables=KEPT)


async def _compare(
    figures: Figures,
    small: tuple[Ground, Server],
    large: tuple[Ground, Server],
    guests: int,
    sizes: tuple[int, int],
) -> None:
    shops = [(ground, service_of(ground, server)) for ground, server in (small, large)]
    sparse, dense = await own_costs(shops, guests=guests)
    looking = await _looking([small[0], large[0]], times=guests * 4)
    few, many = (
        {**steps, WORK: look} for steps, look in zip((sparse, dense), looking, strict=True)
    )
    for step, cost in few.items():
        figures.add(GROUP, f"{step}, among {sizes[0]:,}", cost, "ms")
        figures.add(
            GROUP, f"{step}, among {sizes[1]:,}", many[step], "ms", over=cost, to=f"{sizes[0]:,}"
        )


async def _looking(grounds: Sequence[Ground], *, times: int) -> list[float]:
    """Return the milliseconds in which a worker sees that there is nothing to do."""
    queues = [PostgresWorkQueue(ground.database, "bench") for ground in grounds]
    took: list[list[float]] = [[] for _ in queues]
    for _ in range(times):
        for queue, found in zip(queues, took, strict=True):
            found.append(await _look(queue))
    return [median(found) for found in took]


async def _look(queue: PostgresWorkQueue) -> float:
    began = time.perf_counter()
    await queue.take_open_steps(limit=8, lease_seconds=60)
    await queue.take_undos(limit=8, lease_seconds=60)
    await queue.due_sessions(limit=8)
    await queue.overdue_payments(limit=8)
    return (time.perf_counter() - began) * 1000
