"""What a killed process left is finished by a worker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from booking_http.worker.main import Worker
from tests.acceptance.journeys import BOOK, walk_to_death
from tests.acceptance.ledger import facts_of
from tests.acceptance.walks import to_paid
from tests.support.processes import nursery
from tests.support.service import Simulator, settings_for
from tests.support.workers import LEASES, Clocks, worker_for


@dataclass(kw_only=True)
class Court:
    """A worker and the clocks, beside the processes that die."""

    worker: Worker
    clocks: Clocks

    async def recovered(self, by: timedelta) -> None:
        """Let so much time pass, and the worker do all there is to do."""
        await self.clocks.advance(by)
        await self.worker.drain()


@asynccontextmanager
async def court(database_url: str, simulator: Simulator, **changes: str) -> AsyncIterator[Court]:
    """Open a worker beside the processes that die."""
    settings = settings_for(database_url=database_url, supplier_url=simulator.api, **changes)
    async with worker_for(settings) as (worker, parts):
        yield Court(worker=worker, clocks=Clocks(parts.database, simulator))


async def test_a_booking_a_process_died_over_is_found_and_entered(
    seeded_url: str, simulator: Simulator
) -> None:
    """After book.pl has acted and before anything was settled; the card was charged once."""
    office = str(simulator.base / "_control" / "back-office")
    async with (
        nursery(seeded_url, simulator) as made,
        court(seeded_url, simulator, back_office_url=office) as judge,
    ):
        guest = await walk_to_death(made, to_paid, f"after {BOOK}")
        await judge.recovered(LEASES)
        facts = await facts_of(seeded_url, guest)
    assert facts is not None
    ledger = await simulator.ledger()
    assert facts["state"] == "paid"
    assert facts["booking"]["reservation"] == ledger["bookings"][0]["reservation"]
    assert (len(ledger["bookings"]), len(ledger["charges"])) == (1, 1)
    assert await simulator.received("book.pl") == 1
