"""What is left to a worker or to staff, so that they can die over it in their turn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import psutil

from booking_http.worker.outbox_sender import BATCH
from tests.acceptance.journeys import ADD, BOOK, LATER, PAY, SETTLE, SPOOLED, Journey
from tests.acceptance.matrix import TRIES, Cell, Matrix, fated, recovered
from tests.acceptance.observing import DIES, read
from tests.acceptance.walks import (
    to_booked,
    to_booked_and_paid,
    to_cancelling,
    to_doubt,
    to_doubtful_money,
    to_held,
    to_paid_later,
    to_released,
)
from tests.acceptance.world import HOLDS, LEASES, LIVES, World
from tests.support.processes import Fate
from tests.support.service import Guest
from tests.support.waiting import slowness
from tests.support.workers import rows

PATIENCE: Final = 8.0
"""Seconds in which a worker comes to its next point, or more where all is slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover(Journey):
    """A journey after which something is left, to whom, and what has become of it since."""

    dies: str | None = None
    """The moment at which the guest's process dies, if it does."""
    since: tuple[str, ...] = ()
    """What only much time could have written into the rows of a session."""
    later: timedelta = LEASES
    failing: tuple[tuple[str, str], ...] = ()
    """What is wrong at the supplier when it is worked off."""
    staff: bool = False
    """Whether staff answer a task, or a worker works."""


LEFTOVERS: Final = (
    Leftover(name="a hold that was made", walk=to_held, dies=f"after {ADD}"),
    Leftover(name="a hold that was not made", walk=to_held, dies=f"before {ADD}"),
    Leftover(
        name="a hold, and no basket to be read",
        walk=to_held,
        dies=f"after {ADD}",
        failing=(("basket.pl", "http_500"),),
    ),
    Leftover(name="a booking that was made", walk=to_booked_and_paid, dies=f"after {BOOK}"),
    Leftover(name="a booking that was not made", walk=to_booked_and_paid, dies=f"before {BOOK}"),
    Leftover(
        name="a booking, and nobody to ask",
        walk=to_booked_and_paid,
        dies=f"after {BOOK}",
        office=False,
    ),
    Leftover(
        name="a payment that was taken", walk=to_paid_later, dies=f"after {PAY}", settings=LATER
    ),
    Leftover(
        name="a payment that was not taken",
        walk=to_paid_later,
        dies=f"before {PAY}",
        settings=LATER,
    ),
    Leftover(
        name="a payment to be compared",
        walk=to_paid_later,
        settings=LATER,
        faults=(("cruiseimportbooking.pl", "http_404"),),
    ),
    Leftover(
        name="a payment that cannot be compared",
        walk=to_paid_later,
        settings=LATER,
        faults=(("cruiseimportbooking.pl", "http_404"),),
        failing=(("cruiseimportbooking.pl", "http_404"),),
    ),
    Leftover(
        name="an answer in the spool",
        walk=to_booked_and_paid,
        outage=(f"before {SETTLE}", 9),
        dies=f"after {SPOOLED}",
        later=timedelta(0),
    ),
    Leftover(name="a cabin owed", walk=to_released, faults=(("basketremove.pl", "http_500"),)),
    Leftover(
        name="a cabin owed that lapses",
        walk=to_released,
        faults=(("basketremove.pl", "http_500"),),
        later=HOLDS,
    ),
    Leftover(
        name="a cabin owed that cannot be given back",
        walk=to_released,
        faults=(("basketremove.pl", "http_500"),),
        since=(
            "UPDATE saga_steps SET attempts = 8, hold_until = NULL"
            " WHERE session_id = :id AND status = 'owed' RETURNING 1",
        ),
        failing=(("basketremove.pl", "http_500"),),
    ),
    Leftover(
        name="a cancelled session", walk=to_cancelling, faults=(("basketremove.pl", "http_500"),)
    ),
    Leftover(name="a hold that lapses", walk=to_held, later=HOLDS),
    Leftover(name="a session that ends", walk=to_held, later=LIVES),
    Leftover(
        name="a booking nobody paid",
        walk=to_booked,
        settings=LATER,
        since=(
            "UPDATE bookings SET payment_due_at = booking_now() WHERE session_id = :id RETURNING 1",
            "UPDATE booking_sessions SET pay_by = booking_now() WHERE id = :id RETURNING 1",
        ),
    ),
    Leftover(
        name="a booking nobody collects",
        walk=to_booked,
        settings=LATER,
        since=("DELETE FROM staff_tasks WHERE session_id = :id RETURNING 1",),
        uncollected=True,
    ),
    Leftover(name="a task", walk=to_doubt, office=False, staff=True),
    Leftover(
        name="a task about money",
        walk=to_doubtful_money,
        faults=(("book.pl", "charged_too_little"),),
        staff=True,
    ),
)


def mail_to(port: int) -> Leftover:
    """Return a confirmation that is still to be sent, by this mail server."""
    post = (("SMTP_URL", f"smtp://127.0.0.1:{port}?tls=none"), ("MAIL_FROM", "a@agency.test"))
    return Leftover(
        name="a mail to be sent",
        walk=to_booked,
        settings=post,
        later=timedelta(seconds=1),
        # A sender has no more under way: another one's turn comes when one of these is over.
        together=BATCH,
    )


@dataclass(slots=True, kw_only=True)
class Aftermath(Matrix):
    """Runs cells in which whoever works off what was left dies over it, too."""

    async def dry(self, world: World, journey: Journey, log: Path) -> str:
        """Let one session be worked off and every moment be written down."""
        (guest,) = await self._left(world, journey, ["dry"])
        await self._work(world, journey, Fate(log=log, traced=True), "drain")
        return guest.uuid

    async def die(
        self, world: World, cells: Sequence[Cell], log: Path
    ) -> dict[str, tuple[Guest, Cell]]:
        """Let a worker, or staff, die at all these points at once."""
        journey = cells[0].journey
        guests = await self._left(
            world, journey, [f"left-{number}" for number in range(len(cells))]
        )
        doomed = {guest.uuid: (guest, cell) for guest, cell in zip(guests, cells, strict=True)}
        fates = {who: (cell.moment, cell.number) for who, (_, cell) in doomed.items()}
        await self._work(world, journey, Fate(doomed=fates, log=log), "work")
        return doomed

    async def die_looking(self, left: Leftover, fates: Mapping[str, tuple[str, int]]) -> None:
        """Let a worker die when all its lanes look for work, or have just taken some."""
        async with self.world(left) as world:
            guests = await self._left(world, left, ["somebody"])
            log = self.file()
            await self._work(world, left, Fate(doomed=fates, log=log), "work")
            assert {who for who, what in read(log) if what == DIES} == set(fates)
            await recovered(world, guests, uncollected=left.uncollected)

    async def _leaving(self, world: World, journey: Leftover, names: Sequence[str]) -> list[Guest]:
        """Let guests walk, and return those who left what the journey is about."""
        log = self.file()
        doomed = dict.fromkeys(names, (journey.dies, 1)) if journey.dies else {}
        fate = fated(journey, names, log=log, doomed=doomed)
        guests = await self.walked(world, journey, fate, names)
        dead = {who for who, what in read(log) if what == DIES} if journey.dies else set(names)
        return [guest for name, guest in guests.items() if name in dead]

    async def _left(self, world: World, journey: Journey, names: Sequence[str]) -> list[Guest]:
        """Bring sessions to what is left of them, and let time pass."""
        assert isinstance(journey, Leftover)
        guests: list[Guest] = []
        # On a busy machine somebody may come through alive; others then take their places.
        for _ in range(TRIES):
            guests += await self._leaving(world, journey, names[len(guests) :])
            if len(guests) == len(names):
                break
        assert len(guests) == len(names)
        world.supplier.faults.clear()
        for guest in guests:
            for sql in journey.since:
                assert await rows(world.database, sql, id=guest.uuid)
        await world.pass_time(journey.later)
        for endpoint, fault in journey.failing:
            await world.simulator.fault(endpoint, fault, times=None)
        return guests

    async def _work(self, world: World, journey: Journey, fate: Fate, does: str) -> None:
        """Work off what is left in a process of its own, and wait until that is gone."""
        assert isinstance(journey, Leftover)
        environ = self.environ(journey) | {
            "WORKER_CONCURRENCY": "100",
            "WORKER_POLL_SECONDS": "0.2",
        }
        if journey.staff:
            does = "answer"
            environ["ANSWERS"] = json.dumps(await _answers(world))
        child = await self.made.fork(does, fate, environ)
        await _gone(child, fate.log or Path())
        self.made.kill()


async def _gone(child: int, log: Path) -> None:
    """Wait until a process is gone, or until nobody in it has come to a point for long."""
    loop = asyncio.get_running_loop()
    written, deadline = 0, loop.time() + PATIENCE * slowness()
    while psutil.pid_exists(child) and loop.time() < deadline:
        await asyncio.sleep(0.05)
        size = log.stat().st_size if log.exists() else 0
        if size > written:
            written, deadline = size, loop.time() + PATIENCE * slowness()


async def _answers(world: World) -> list[dict[str, str | None]]:
    """Return the true answer to every task, as staff would type it."""
    found = [
        (task, await world.truth(task, line_cancels=True)) for task in await world.open_tasks()
    ]
    return [
        {
            "session": str(task.session_id),
            "task_id": str(task.id),
            "version": str(task.version),
            "kind": answer.kind.value,
            "reservation": answer.reservation,
        }
        for task, answer in found
    ]
