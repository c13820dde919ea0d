"""Run every measurement, print the tables and write `.bench/results.json`."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from booking_http.runtime.logs import configure_logs
from tests.bench import goals
from tests.bench.answer import measure_answer
from tests.bench.catalogue import measure_catalogue
from tests.bench.clients import bare, book, service_of
from tests.bench.cost import AT_ONCE, measure_cost
from tests.bench.crowd import measure_crowd
from tests.bench.durable_workflows import measure_workflows
from tests.bench.figures import Figures
from tests.bench.growth import measure_growth
from tests.bench.latency import measure_latency
from tests.bench.million import SESSIONS, measure_million
from tests.bench.processes import measure_processes
from tests.bench.recovery import measure_recovery
from tests.bench.statement import measure_statement
from tests.bench.steps import measure_steps
from tests.bench.store import measure_store
from tests.bench.waiting import MOST, measure_waiting
from tests.conftest import ROOT
from tests.support.testbed import Ground, Server, run, server, standing

GUESTS = 24
WARMING = 3
BUYERS = 96
FEW, MANY = 1_000, 200_000
MANY_SAILINGS = 50_000
ABANDONED, ENDING = 2_000, 1_500
WIDTH = 100


async def stepwise(ground: Ground, figures: Figures, *, one: Server) -> None:
    """Measure steps, with the bare server beside them."""
    async with bare(ground) as client:
        service = service_of(ground, one)
        await measure_steps(ground, figures, service=service, client=client, guests=GUESTS)


async def costing(ground: Ground, figures: Figures, *, one: Server) -> None:
    """Measure what calls cost the processors, with the bare server beside them."""
    async with bare(ground) as client:
        await measure_cost(ground, figures, server=one, bare=client, guests=BUYERS)


async def crowded(ground: Ground, figures: Figures, servers: list[Server]) -> None:
    """Measure crowds, with the bare server beside them."""
    async with bare(ground) as client:
        await measure_crowd(ground, figures, servers=servers, bare=client, seconds=7.5)


@asynccontextmanager
async def serving(ground: Ground) -> AsyncIterator[list[Server]]:
    """Run two warm servers without a worker."""
    async with AsyncExitStack() as running:
        made = [server(ground, number) for number in (1, 2)]
        for one in made:
            running.push_async_callback(one.program.end)
            await one.start()
            await _warm(ground, one)
        yield made


async def _warm(ground: Ground, one: Server) -> None:
    """Book often enough that every connection to the database has prepared its statements."""
    service = service_of(ground, one)
    for _ in range(WARMING):
        await asyncio.gather(*(book(service.guest()) for _ in range(AT_ONCE)))


async def as_run(progress: Progress, ground: Ground, figures: Figures, *, seconds: float) -> None:
    """Measure one server as it is run: with INFO logs and its worker."""
    one = server(ground, 1, log_level="INFO", worker=True)
    try:
        await one.start()
        await _warm(ground, one)
        await _shown(progress, "cost of calls", costing(ground, figures, one=one))
        late = measure_latency(ground, figures, server=one, seconds=seconds)
        await _shown(progress, "half the rate", late)
    finally:
        await one.program.end()


async def quick(progress: Progress) -> Figures:
    """Measure what calls cost."""
    figures = Figures()
    await _shown(progress, "one answer", measure_answer(figures))
    async with standing() as ground:
        await as_run(progress, ground, figures, seconds=6)
        await _shown(progress, "one process and two", measure_processes(ground, figures, seconds=6))
        beside = measure_workflows(ground, figures, seconds=3.6, crowds=[16])
        await _shown(progress, "ours and DBOS", beside)
        await _shown(progress, f"{FEW:,} who wait", measure_waiting(ground, figures, number=FEW))
    return figures


async def bench(progress: Progress) -> Figures:
    """Measure everything, one thing after the other."""
    figures = Figures()
    await _shown(progress, "one answer", measure_answer(figures))
    async with standing() as ground:
        await as_run(progress, ground, figures, seconds=30)
    async with standing() as ground, serving(ground) as servers:
        one = servers[0]
        await _shown(progress, "steps", stepwise(ground, figures, one=one))
        await _shown(progress, "one statement", measure_statement(ground, figures))
        await _shown(progress, "store", measure_store(ground, figures, sessions=1_000))
        await _shown(progress, "crowd", crowded(ground, figures, servers))
        turns = measure_processes(ground, figures, seconds=22.5)
        await _shown(progress, "one process and two", turns)
        beside = measure_workflows(ground, figures, seconds=12, crowds=[16, 64])
        await _shown(progress, "ours and DBOS", beside)
        copying = measure_catalogue(ground, figures, few=MANY_SAILINGS // 10, many=MANY_SAILINGS)
        await _shown(progress, f"catalogue of {MANY_SAILINGS:,} sailings", copying)
        growing = measure_growth(
            ground, figures, servers=servers, few=FEW, many=MANY, guests=GUESTS // 2
        )
        await _shown(progress, f"growth to {MANY:,} sessions", growing)
        clearing = measure_recovery(
            ground, figures, doomed=one, server=servers[1], steps=ABANDONED, sessions=ENDING
        )
        await _shown(progress, "recovery", clearing)
    async with standing() as ground:
        waiting = measure_waiting(ground, figures, number=MOST)
        await _shown(progress, f"{MOST:,} who wait", waiting)
    name = f"staff among {SESSIONS:,} sessions"
    await _shown(progress, name, staffed(progress, figures))
    return figures


async def staffed(progress: Progress, figures: Figures) -> None:
    """Measure what staff wait for, and show how far the filling is."""
    task = progress.add_task("", total=1)

    def filled(share: float) -> None:
        progress.update(task, description=f"filled to {share:.0%}")

    await measure_million(figures, filled)
    progress.remove_task(task)


async def _shown(progress: Progress, name: str, work: Awaitable[None]) -> None:
    task, began = progress.add_task(name, total=1), time.perf_counter()
    await work
    progress.remove_task(task)
    progress.console.print(f"measured {name} in {time.perf_counter() - began:.0f} s")


def main() -> None:
    """Measure, print, write."""
    configure_logs("WARNING")
    console, began = Console(width=WIDTH), time.perf_counter()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        figures = run(quick(progress) if os.environ.get("QUICK") else bench(progress))
    figures.show(console)
    goals.show(figures, console)
    written = figures.write(ROOT).relative_to(ROOT)
    console.print(f"{written} written after {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
