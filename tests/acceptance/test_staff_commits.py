"""What staff do is done once, wherever on its way the database is lost for a moment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import pytest

from booking_flow.staff.people import Role
from tests.acceptance.judge import judge, judge_the_end
from tests.acceptance.wishes import book, cancel, pay
from tests.acceptance.world import LEASES, World
from tests.support.service import VISA, Guest, Json, Reply, Service
from tests.support.staff import Clerk, hire, in_doubt, rows

Arrange = Callable[[Service], Awaitable[Guest]]
Deed = Callable[[Clerk, Guest, Json], Awaitable[Reply]]
"""What somebody does about a guest, from a screen that showed them this session and its task."""


async def held(service: Service) -> Guest:
    """Hold a cabin."""
    guest = service.guest()
    await guest.to_basketed()
    return guest


async def booked(service: Service) -> Guest:
    """Book without a card."""
    guest = await held(service)
    assert (await book(None)(guest, {})).status == 201
    return guest


async def paid_another_amount(service: Service) -> Guest:
    """Pay what the line takes another amount of."""
    guest = await booked(service)
    await service.simulator.fault("payment.pl", "charged_too_little")
    assert (await pay(VISA)(guest, {})).status == 202
    return guest


async def never_answered(service: Service) -> Guest:
    """Book, and hear nothing."""
    guest, _ = await in_doubt(service)
    return guest


async def cancelling(service: Service) -> Guest:
    """Ask that a booking be cancelled, which the line does."""
    guest = await booked(service)
    asked = await cancel(guest, {})
    assert asked.body["cancellation"]["status"] == "requested"
    reservation = asked.body["booking"]["reservation"]
    await service.simulator.control("cancel", reservation=reservation)
    return guest


async def owing(service: Service) -> Guest:
    """Cancel while the supplier does not let the cabin go."""
    guest = await held(service)
    await service.simulator.fault("basketremove.pl", "http_500")
    await cancel(guest, {})
    return guest


def answer(kind: str) -> Deed:
    """Return the answer to the guest's task."""

    async def deed(clerk: Clerk, _: Guest, seen: Json) -> Reply:
        return await clerk.answer(seen["tasks"][0], kind)

    return deed


async def answer_booked(clerk: Clerk, _: Guest, seen: Json) -> Reply:
    """Answer by the reservation that the line has made."""
    made = (await clerk.service.simulator.ledger())["bookings"][-1]
    return await clerk.answer(
        seen["tasks"][0], "reservation", reservation=made["reservation"], override=True
    )


def act(name: str) -> Deed:
    """Return an action upon the guest's session."""

    async def deed(clerk: Clerk, guest: Guest, seen: Json) -> Reply:
        return await clerk.act(guest.uuid, name, seen["session"]["version"])

    return deed


DEEDS: Final[Mapping[str, tuple[Arrange, Deed]]] = {
    "answer not_paid": (paid_another_amount, answer("not_paid")),
    "answer reservation": (never_answered, answer_booked),
    "answer line_cancelled": (cancelling, answer("line_cancelled")),
    "confirm-cancellation": (cancelling, act("confirm-cancellation")),
    "cancel": (booked, act("cancel")),
    "cancel a hold": (held, act("cancel")),
    "release-hold": (held, act("release-hold")),
    "retry-undo": (owing, act("retry-undo")),
}
OFTEN: Final = ("answer not_paid", "release-hold")


@pytest.fixture
def payment_channel() -> str:
    """Have money taken after booking."""
    return "supplier_payment"


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in OFTEN else pytest.mark.full) for n in DEEDS]
)
async def test_a_database_lost_at_any_point_changes_nothing_that_staff_do(
    world: World, name: str
) -> None:
    """They hear that it is done or that nothing can be said, and do it again as they saw it.

    What was begun a worker ends; what is only on record can be done by whoever reads it anew.
    """
    arrange, deed = DEEDS[name]
    clerk = await hire(world.service, Role.SUPERVISOR)
    guest = await arrange(world.service)
    usual = await deed(clerk, guest, await clerk.read(guest.uuid))
    assert usual.status in (200, 202), usual
    wanted = await left(world, clerk, guest)
    for point in range(1, 100):
        guest = await arrange(world.service)
        seen = await clerk.read(guest.uuid)
        world.process.points.lose_database_at(point, times=1)
        first = await deed(clerk, guest, seen)
        lost = world.process.points.outage_is_over
        world.process.points.calm()
        assert first.status in (usual.status, 503), (point, first)
        await judge(world)
        again = await deed(clerk, guest, seen)
        assert again.status == usual.status or again.code == "version_mismatch", (point, again)
        if await left(world, clerk, guest) != wanted:
            anew = await deed(clerk, guest, await clerk.read(guest.uuid))
            assert anew.status == usual.status, (point, again, anew)
            assert await left(world, clerk, guest) == wanted, point
        await judge(world)
        if not lost:
            break
    assert point > 2
    await world.settle()
    await judge_the_end(world)


async def left(world: World, clerk: Clerk, guest: Guest) -> Json:
    """Return what it comes to: the state, open tasks, and answers as the audit has them."""
    await world.pass_time(LEASES)
    await world.work()
    seen = await clerk.read(guest.uuid)
    answered = await rows(
        clerk.service,
        "SELECT id FROM staff_audit WHERE action = 'answer_task' AND NOT facts ? 'refused'"
        " AND CAST(:session AS uuid) = ANY (session_ids)",
        session=guest.uuid,
    )
    return {
        "state": seen["session"]["state"],
        "tasks": sorted(task["kind"] for task in seen["tasks"] if task["closedAt"] is None),
        "answers": len(answered),
    }
