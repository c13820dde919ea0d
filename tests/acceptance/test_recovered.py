"""What a killed process left is finished by a worker; ledger and rows agree at every point."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from booking_http.worker import Worker
from tests.acceptance.journeys import (
    Journey,
    die,
    points_of,
    to_cancelled,
    to_paid,
    to_released,
)
from tests.acceptance.ledger import agrees, facts_of
from tests.acceptance.processes import Nursery, nursery
from tests.http.kit import Guest, Json, Simulator, settings_for
from tests.worker.kit import LEASES, Clocks, worker_for

OVER = timedelta(hours=4)
"""When every hold and every session has ended."""


@dataclass(kw_only=True)
class Court:
    """A worker, the clocks, and what is to be compared once it is done."""

    database_url: str
    simulator: Simulator
    worker: Worker
    clocks: Clocks

    async def recovered(self, by: timedelta) -> None:
        """Let so much time pass, and the worker do all there is to do."""
        await self.clocks.advance(by)
        await self.worker.drain()

    async def faults(self, guest: Guest) -> list[str]:
        """Recover what the guest's process left, and return what is wrong afterwards."""
        wrong = []
        for by in (timedelta(0), LEASES, timedelta(seconds=10), OVER, timedelta(seconds=10)):
            await self.recovered(by)
            if not await agrees(self.simulator, await facts_of(self.database_url, guest)):
                wrong.append(f"rows and ledger differ {self.clocks.ahead} later")
        if (await self.simulator.ledger())["holds"]:
            wrong.append("a cabin is held for nobody")
        if not _settled(await facts_of(self.database_url, guest)):
            wrong.append("the session is stuck")
        return wrong


def _settled(facts: Json | None) -> bool:
    """Whether a session has come to an end, or waits for a person who knows."""
    if facts is None or facts["state"] in ("expired", "cancelled", "booked", "paid"):
        return True
    return any(task["closedAt"] is None for task in facts["tasks"])


@asynccontextmanager
async def court(database_url: str, simulator: Simulator, **changes: str) -> AsyncIterator[Court]:
    """Open a worker beside the processes that die."""
    settings = settings_for(database_url=database_url, supplier_url=simulator.api, **changes)
    async with worker_for(settings) as (worker, parts):
        yield Court(
            database_url=database_url,
            simulator=simulator,
            worker=worker,
            clocks=Clocks(parts.database, simulator),
        )


async def _disagreements(
    court: Court, made: Nursery, journey: Journey, folder: Path
) -> tuple[int, list[str]]:
    wrong: list[str] = []
    points = await points_of(made, folder / "dry", journey)
    cells = list(enumerate(points, start=1))[_known(points, journey) :]
    for number, point in cells:
        await court.clocks.reset()
        guest = await die(made, folder / str(number), journey, number)
        wrong += [f"{number} {point}: {fault}" for fault in await court.faults(guest)]
    return len(cells), wrong


def _known(points: list[str], journey: Journey) -> int:
    """Return how many points are those of another journey, which dies at them."""
    return 0 if journey is to_paid else points.index("after supplier.add_to_basket")


@pytest.mark.crash
@pytest.mark.parametrize("journey", [to_paid, to_released, to_cancelled])
async def test_every_step_is_recovered_after_a_kill_at_every_point(
    journey: Journey, seeded_url: str, simulator: Simulator, tmp_path: Path
) -> None:
    """No second booking or charge, no booking without a row or task, no hold for nobody."""
    office = str(simulator.base / "_control" / "back-office")
    async with (
        nursery(seeded_url, simulator) as made,
        court(seeded_url, simulator, back_office_url=office) as judge,
    ):
        cells, wrong = await _disagreements(judge, made, journey, tmp_path)
    print(f"{cells} cells, {len(wrong)} disagreements")  # noqa: T201 - the number of cells
    assert cells > 5
    assert wrong == []


async def test_a_booking_a_process_died_over_is_found_and_entered(
    seeded_url: str, simulator: Simulator, tmp_path: Path
) -> None:
    """After book.pl has acted and before anything was settled; the card was charged once."""
    office = str(simulator.base / "_control" / "back-office")
    async with (
        nursery(seeded_url, simulator) as made,
        court(seeded_url, simulator, back_office_url=office) as judge,
    ):
        points = await points_of(made, tmp_path / "dry", to_paid)
        await judge.clocks.reset()
        answered = points.index("after supplier.book") + 1
        guest = await die(made, tmp_path / "log", to_paid, answered)
        await judge.recovered(LEASES)
        facts = await facts_of(seeded_url, guest)
    assert facts is not None
    ledger = await simulator.ledger()
    assert facts["state"] == "paid"
    assert facts["booking"]["reservation"] == ledger["bookings"][0]["reservation"]
    assert (len(ledger["bookings"]), len(ledger["charges"])) == (1, 1)
    assert await simulator.received("book.pl") == 1
