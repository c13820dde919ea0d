"""A process that is frozen, overtaken by a worker and thawed again neither doubles nor loses."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil

from booking_flow.steps import book
from tests.acceptance.journeys import ADD, BOOK
from tests.acceptance.ledger import agrees, facts_of
from tests.acceptance.test_recovered import Court, court
from tests.acceptance.walks import Named, to_paid
from tests.support.processes import Fate, nursery
from tests.support.service import Guest, Reply, Simulator
from tests.support.waiting import eventually
from tests.support.workers import LEASES

HASTE = 0.1
"""The share of the service's time limits that frozen processes have."""
PAST_SENDING = HASTE * book.BOOK.limits.send
"""Seconds after which a booking that was begun may not be sent any more."""


@dataclass(kw_only=True)
class Frozen:
    """A guest whose process stands still in the middle of a step."""

    guest: Guest
    pid: int
    walking: asyncio.Task[None]
    judge: Court

    async def thawed(self) -> Reply:
        """Let the process go on to the end of the journey, and return what the guest sees."""
        os.kill(self.pid, signal.SIGCONT)
        await asyncio.wait([self.walking])
        return await self.guest.look()


@asynccontextmanager
async def frozen(database_url: str, simulator: Simulator, moment: str) -> AsyncIterator[Frozen]:
    """Walk to a booking in a process that stops at a moment, and wait until it has."""
    async with (
        nursery(database_url, simulator, traveltek_time_scale=HASTE) as made,
        court(database_url, simulator) as judge,
    ):
        service = await made.start(Fate(doomed={"somebody": (moment, 1)}, how=signal.SIGSTOP))
        guest, pid = Named.of(service, "somebody").guest(), made.children[-1]
        walking = asyncio.create_task(to_paid(guest))
        await eventually(lambda: _stands_still(pid))
        yield Frozen(guest=guest, pid=pid, walking=walking, judge=judge)


async def _stands_still(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_STOPPED


async def test_an_answer_that_was_frozen_is_the_truth_and_closes_the_task(
    seeded_url: str, simulator: Simulator
) -> None:
    """book.pl had answered; the worker could only ask a person."""
    async with frozen(seeded_url, simulator, f"after {BOOK}") as cell:
        await cell.judge.recovered(LEASES)
        doubtful = await facts_of(seeded_url, cell.guest)
        thawed = await cell.thawed()
        facts = await facts_of(seeded_url, cell.guest)
    assert doubtful is not None
    assert doubtful["openStep"]["status"] == "unknown"
    assert [task["kind"] for task in doubtful["tasks"]] == ["book_unknown"]
    assert (thawed.body["state"], thawed.body["pending"]) == ("paid", None)
    assert facts is not None
    # What the guest wishes for is passed on once it is booked.
    assert [each["kind"] for each in facts["tasks"] if not each["closedAt"]] == ["pass_on_requests"]
    assert await agrees(simulator, facts)
    assert await simulator.received("book.pl") == 1


async def test_a_booking_that_was_frozen_before_it_was_sent_is_never_sent(
    seeded_url: str, simulator: Simulator
) -> None:
    """Its deadline is over when it wakes; that it was not sent is the truth as well."""
    async with frozen(seeded_url, simulator, f"before {BOOK}") as cell:
        await cell.judge.recovered(LEASES)
        await asyncio.sleep(PAST_SENDING)
        thawed = await cell.thawed()
        facts = await facts_of(seeded_url, cell.guest)
    assert thawed.body["pending"] is None
    assert thawed.body["state"] == "basketed"
    assert thawed.body["booking"] is None
    assert await simulator.received("book.pl") == 0
    assert facts is not None
    assert all(task["closedAt"] for task in facts["tasks"])


async def test_a_hold_that_a_worker_found_meanwhile_is_not_taken_back(
    seeded_url: str, simulator: Simulator
) -> None:
    """Both saw the same cabin; one hold, one step, and the journey goes on."""
    async with frozen(seeded_url, simulator, f"after {ADD}") as cell:
        await cell.judge.recovered(LEASES)
        found = await facts_of(seeded_url, cell.guest)
        thawed = await cell.thawed()
    assert found is not None
    assert found["state"] == "basketed"
    assert thawed.body["state"] == "paid"
    ledger = await simulator.ledger()
    assert (len(ledger["holds"]), len(ledger["bookings"])) == (0, 1)
    assert await simulator.received("basketadd.pl") == 1
