"""For every step of the saga: done twice, undone twice, failed at and unwound, a clean slate.

And one outcome, wherever on its way the database is lost for a moment.

A slate is clean when the line holds, books and charges nothing for the guest any more, and
nothing of ours is open, owed or waiting for a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from adapters.simulator.faults import FAULTS
from booking_flow.errors import RefusalCode
from booking_flow.model.step import StepKind, StepName
from booking_flow.ports import StoredTask
from booking_flow.saga import SAGA, STEPS
from tests.acceptance.judge import books_of, judge, judge_the_end
from tests.acceptance.shopper import Wish
from tests.acceptance.wishes import (
    RED,
    book,
    cancel,
    hold,
    open_session,
    pay,
    price,
    release,
    select_only,
)
from tests.acceptance.world import World
from tests.support.service import VISA, Guest, Headers, Reply, once

KEY: Final = once("b7e23ec29af24f0e8e5a6d1f2a3b4c5d")
ACTIONS: Final[Mapping[StepName, Wish]] = {
    StepName.OPEN_SESSION: open_session,
    StepName.PRICE: price,
    StepName.SELECT_CABIN: select_only,
    StepName.ADD_TO_BASKET: hold,
    StepName.RELEASE: release,
    StepName.BOOK: book(None),
    StepName.PAY: pay(VISA),
}
"""What a guest asks for to have a step done."""
BEFORE: Final[Mapping[StepName, tuple[StepName, ...]]] = {
    StepName.OPEN_SESSION: (),
    StepName.PRICE: (StepName.OPEN_SESSION,),
    StepName.SELECT_CABIN: (StepName.OPEN_SESSION, StepName.PRICE),
    StepName.ADD_TO_BASKET: (StepName.OPEN_SESSION, StepName.PRICE, StepName.SELECT_CABIN),
    StepName.RELEASE: (*list(ACTIONS)[:4],),
    StepName.BOOK: (*list(ACTIONS)[:4],),
    StepName.PAY: (*list(ACTIONS)[:4], StepName.BOOK),
}
"""The steps that lead to a step."""


async def pay_less_than_asked(guest: Guest, headers: Headers) -> Reply:
    """Pay where the line takes another amount than it was asked to."""
    await guest.service.simulator.fault("payment.pl", "charged_too_little")
    return await pay(VISA)(guest, headers)


OUTCOMES: Final[Mapping[str, tuple[StepName, Wish]]] = {
    **{step.name.value: (step.name, ACTIONS[step.name]) for step in SAGA},
    "pay declined": (StepName.PAY, pay(RED)),
    "pay unknown": (StepName.PAY, pay_less_than_asked),
}
"""Each step as it is done, and a payment as it is refused and as it stays open."""
LOST: Final = [
    pytest.param(name, marks=[] if name.startswith("pay ") else pytest.mark.full)
    for name in OUTCOMES
]
FAILURES: Final = (
    "session_expired",
    "http_404",
    "reset_before",
    "reset",
    "http_500_after",
    "malformed",
)
"""Refused, turned away, never sent, done without an answer, and done with an unreadable one."""
EVERY: Final = [pytest.param(step.name, id=step.name.value) for step in SAGA]
DEADLY: Final = [
    pytest.param(
        step.name,
        id=step.name.value,
        marks=[] if step.name is StepName.BOOK else pytest.mark.full,
    )
    for step in SAGA
]
"""A kill at every point is tried without an undo for all steps, each time: test_killed."""
EFFECTS: Final = ("basketadd", "basketremove", "book", "payment")


def _cells() -> Iterator[Any]:
    """Every failure at every call; reads fail alike, so one each is enough most of the time."""
    cells = [(step, call) for step in SAGA for call in step.endpoints]
    for number, (step, call) in enumerate(cells):
        possible = [name for name in FAILURES if f"{call}.pl" in FAULTS[name].endpoints]
        for fault in possible:
            usual = call in EFFECTS or fault == possible[number % len(possible)]
            yield pytest.param(
                step.name,
                f"{call}.pl",
                fault,
                id=f"{step.name.value}-{call}-{fault}",
                marks=[] if usual else pytest.mark.full,
            )


@pytest.fixture
def payment_channel() -> str:
    """Have money taken after booking, so that both are steps."""
    return "supplier_payment"


async def arrive(world: World, step: StepName) -> Guest:
    """Return a guest for whom a step is the next."""
    guest = world.service.guest()
    for name in BEFORE[step]:
        reply = await ACTIONS[name](guest, {})
        assert reply.status in (200, 201), (name, reply)
    return guest


async def unwind(world: World, guest: Guest) -> None:
    """Cancel, and let time, workers and staff do the rest."""
    if guest.session_id:
        await cancel(guest, {})
    await world.settle()


async def the_slate_is_clean(world: World) -> None:
    await judge_the_end(world)
    books = await books_of(world)
    now = books.supplier.clock.now()
    assert not [item for item in books.supplier.state.items.values() if item.occupies(now)]
    assert all(session.state in ("cancelled", "expired") for session in books.sessions)


def effects(world: World) -> tuple[int, int, int, int]:
    """Count what the line was made to do."""
    state = world.supplier.state
    freed = sum(item.freed for item in state.items.values())
    return len(state.items), freed, len(state.bookings), len(state.charges)


@pytest.mark.parametrize("step", EVERY)
async def test_an_action_done_twice_has_the_effect_of_one(world: World, step: StepName) -> None:
    guest = await arrive(world, step)
    first = await ACTIONS[step](guest, KEY)
    assert first.status in (200, 201), first
    done = effects(world)
    await ACTIONS[step](guest, KEY)
    await judge(world)
    assert effects(world) == done
    await unwind(world, guest)
    await the_slate_is_clean(world)


@pytest.mark.parametrize("step", EVERY)
async def test_an_undo_done_twice_has_the_effect_of_one(world: World, step: StepName) -> None:
    guest = await arrive(world, step)
    await ACTIONS[step](guest, {})
    await cancel(guest, {})
    answered = await world.open_tasks()
    await world.settle()
    undone = effects(world)
    assert (await cancel(guest, {})).status == 200
    for task in answered:
        assert await again(world, task) is RefusalCode.VERSION_MISMATCH
    await world.work()
    assert effects(world) == undone
    await the_slate_is_clean(world)


async def again(world: World, task: StoredTask) -> RefusalCode | None:
    """Answer a task that was answered, as somebody does who still has it on the screen."""
    refused = await world.answer(task, line_cancels=False)
    return refused.refusal.code if refused else None


@pytest.mark.parametrize(("step", "endpoint", "fault"), list(_cells()))
async def test_a_step_failed_at_and_unwound_leaves_a_clean_slate(
    world: World, step: StepName, endpoint: str, fault: str
) -> None:
    guest = await arrive(world, step)
    await world.simulator.fault(endpoint, fault, times=None)
    await ACTIONS[step](guest, {})
    world.supplier.faults.clear()
    await judge(world)
    await unwind(world, guest)
    await the_slate_is_clean(world)


@pytest.mark.parametrize("step", DEADLY)
async def test_a_process_that_dies_at_a_step_leaves_a_clean_slate(
    world: World, step: StepName
) -> None:
    """At every point of the step, one after another, until it is through without dying."""
    for point in range(1, 100):
        guest = await arrive(world, step)
        world.process.points.stop_at(point)
        await world.do(_done(ACTIONS[step], guest))
        through = len(world.processes) == 1
        await world.kill_sleepers()
        guest.service = world.service
        world.process.points.calm()
        await unwind(world, guest)
        await the_slate_is_clean(world)
        if through:
            break
    assert point > 2


@pytest.mark.parametrize("outcome", LOST)
async def test_a_database_lost_at_any_point_of_a_step_changes_no_outcome(
    world: World, outcome: str
) -> None:
    """Before its call and after it, so that what was written seems to have failed.

    The guest hears what has come of it, that it is open, or that nothing can be said.
    """
    step, action = OUTCOMES[outcome]
    usual = told(await action(await arrive(world, step), {}))
    for point in range(1, 100):
        guest = await arrive(world, step)
        world.process.points.lose_database_at(point, times=1)
        reply = await action(guest, {})
        lost = world.process.points.outage_is_over
        world.process.points.calm()
        assert told(reply) == usual or reply.status in (202, 503), (point, usual, reply)
        await judge(world)
        if not lost:
            break
    assert point > 2
    await world.settle()
    await judge_the_end(world)


def told(reply: Reply) -> tuple[int, str | None]:
    """Return what a guest reads first: the state, or the problem."""
    return reply.status, reply.body.get("state") or reply.code


async def _done(action: Wish, guest: Guest) -> Reply:
    return await action(guest, {})


def test_every_step_of_the_saga_has_an_action_and_an_undo() -> None:
    assert set(ACTIONS) == set(BEFORE) == set(STEPS)
    for step in SAGA:
        undone_by_machine = step.undo is not None
        assert undone_by_machine == (step.kind is StepKind.REVERSIBLE)
