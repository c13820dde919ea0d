"""Work is taken by one worker at a time, given back with a pause, and never from the living."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from booking_flow.flow import Trigger
from booking_flow.model.change import begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Session, Unwinding, UnwindingReason
from booking_flow.model.step import OwedUndo, StepName, StepStatus
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.ports import CommitResult, TakenStep
from persistence.attempts import StepEntry, steps
from persistence.clock import set_clock_offset
from persistence.database import Database
from persistence.histories import calls
from persistence.work_queue import PostgresWorkQueue
from tests.support.changes import BASKET, BOOKING, NOW, call, claimed, settled
from tests.support.store import Shop

LEASE = 60.0


@pytest.fixture
def queue(engine: Database) -> PostgresWorkQueue:
    return PostgresWorkQueue(engine, "worker-2")


async def later(shop: Shop, **elapsed: float) -> None:
    await set_clock_offset(shop.engine, timedelta(**elapsed))


async def taken(queue: PostgresWorkQueue, limit: int = 10) -> list[TakenStep]:
    return list(await queue.take_open_steps(limit=limit, lease_seconds=LEASE))


async def last_step(shop: Shop, known: Session) -> StepEntry:
    return (await steps(shop.engine, known.id))[-1]


async def test_a_step_whose_owner_lives_is_left_alone(shop: Shop, queue: PostgresWorkQueue) -> None:
    await shop.booking()
    assert await taken(queue) == []


async def test_a_step_whose_lease_is_over_is_taken_once_and_its_owner_shut_out(
    shop: Shop, queue: PostgresWorkQueue
) -> None:
    """The owner may only have slept: its settlement finds a higher fence."""
    open_now = await shop.booking()
    await later(shop, seconds=61)
    (found,) = await taken(queue)
    assert (found.session_id, found.name, found.fence) == (open_now.id, StepName.BOOK, 2)
    assert await taken(queue) == []
    assert (await shop.commit(settled(open_now))).result is CommitResult.LOST
    await later(shop, seconds=122)
    (again,) = await taken(queue)
    assert (again.fence, again.attempts) == (3, 3)


async def test_many_workers_take_each_step_once(shop: Shop, engine: Database) -> None:
    for _ in range(12):
        await shop.booking()
    await later(shop, seconds=61)
    queues = [PostgresWorkQueue(engine, f"worker-{number}") for number in range(4)]
    found = await asyncio.gather(*(taken(queue, limit=4) for queue in queues))
    ids = [step.step_id for batch in found for step in batch]
    assert len(ids) == len(set(ids)) == 12


async def test_an_unknown_step_is_due_shortly_and_then_after_growing_pauses(
    shop: Shop, queue: PostgresWorkQueue
) -> None:
    unknown = await shop.write(settled(await shop.booking(), StepStatus.UNKNOWN))
    assert await taken(queue) == []
    await later(shop, seconds=3)
    (found,) = await taken(queue)
    await queue.look_again(found, after=timedelta(minutes=10), calls=[call()])
    assert len(await calls(shop.engine, unknown.id)) == 1
    entry = await last_step(shop, unknown)
    assert entry.next_attempt_at is not None
    pause = entry.next_attempt_at - await shop.store.now()
    assert timedelta(minutes=10) < pause < timedelta(minutes=14)
    await later(shop, minutes=15)
    assert len(await taken(queue)) == 1


async def test_a_step_that_only_people_can_settle_is_not_taken_again(
    shop: Shop, queue: PostgresWorkQueue
) -> None:
    await shop.write(settled(await shop.booking(), StepStatus.UNKNOWN))
    await later(shop, seconds=3)
    (found,) = await taken(queue)
    await queue.look_again(found, after=None, calls=())
    await later(shop, days=30)
    assert await taken(queue) == []


async def test_who_lost_a_step_cannot_give_it_back(shop: Shop, queue: PostgresWorkQueue) -> None:
    known = await shop.write(settled(await shop.booking(), StepStatus.UNKNOWN))
    await later(shop, seconds=3)
    (first,) = await taken(queue)
    await later(shop, seconds=64)
    assert len(await taken(queue)) == 1
    await queue.look_again(first, after=None, calls=[call()])
    assert (await last_step(shop, known)).next_attempt_at is not None
    assert await calls(shop.engine, known.id) == []


async def test_a_worker_that_finds_a_step_abandoned_keeps_it_while_it_looks(
    shop: Shop, queue: PostgresWorkQueue
) -> None:
    """The step turns unknown in its hands, and nobody else may look before its lease is over."""
    open_now = await shop.booking()
    await later(shop, seconds=61)
    await taken(queue)
    await shop.write(settled(await shop.load(open_now), StepStatus.UNKNOWN))
    await later(shop, seconds=110)
    assert await taken(queue) == []
    await later(shop, seconds=130)
    assert len(await taken(queue)) == 1


async def owing(shop: Shop, *, until: timedelta = timedelta(minutes=10)) -> Session:
    undo = OwedUndo(id=uuid4(), session_key="sk-1", item_key="item-1", hold_until=NOW + until)
    known = await shop.basketed()
    change = begin(known).move(Trigger.RELEASE_BASKET).put(basket=None, supplier=None)
    return await shop.write(change.plus(owed=(undo,)))


async def test_whoever_left_an_undo_tries_first(shop: Shop, queue: PostgresWorkQueue) -> None:
    known = await owing(shop)
    assert await queue.take_undos(limit=5, lease_seconds=LEASE) == []
    await later(shop, seconds=3)
    (found,) = await queue.take_undos(limit=5, lease_seconds=LEASE)
    assert (found.session_id, found.currency, found.undo.item_key) == (known.id, "USD", "item-1")
    assert await queue.take_undos(limit=5, lease_seconds=LEASE) == []
    assert await queue.settle_undo(found, done=True, calls=[call()])
    assert await shop.store.owed(known.id) == []
    assert not await queue.settle_undo(found, done=True, calls=())


async def test_an_undo_that_is_stuck_opens_one_task(shop: Shop, queue: PostgresWorkQueue) -> None:
    known = await owing(shop)
    task = StaffTask(
        id=uuid4(),
        kind=TaskKind.UNDO_STUCK,
        step_id=(await shop.store.owed(known.id))[0].id,
        due_at=NOW,
        not_before=None,
        facts={},
    )
    for attempt in (1, 2):
        await later(shop, minutes=attempt)
        (found,) = await queue.take_undos(limit=5, lease_seconds=LEASE)
        again = replace(task, id=uuid4())
        assert await queue.settle_undo(found, done=False, calls=(), task=again)
    assert [task.kind for task in await shop.tasks_of(known)] == [TaskKind.UNDO_STUCK]


async def test_sessions_are_due_when_their_hold_or_their_life_ends(
    shop: Shop, queue: PostgresWorkQueue
) -> None:
    created, held, asking = await shop.created(), await shop.basketed(), await shop.booking()
    assert await queue.due_sessions(limit=5) == []
    await later(shop, minutes=46)
    assert await queue.due_sessions(limit=5) == [held.id]
    await later(shop, hours=3)
    assert set(await queue.due_sessions(limit=5)) == {created.id, held.id}
    assert asking.open_step is not None


async def test_an_unwinding_session_is_due_when_nothing_is_owed_any_more(
    shop: Shop, queue: PostgresWorkQueue
) -> None:
    known = await shop.basketed(replace(BASKET, hold_until=NOW + timedelta(hours=5)))
    undo = OwedUndo(id=uuid4(), session_key="sk-1", item_key="item-1", hold_until=None)
    unwinding = Unwinding(since=NOW, reason=UnwindingReason.CANCEL)
    change = begin(known).put(unwinding=unwinding).record(EventKind.UNWINDING)
    await shop.write(change.plus(owed=(undo,)))
    await later(shop, hours=3)
    assert await queue.due_sessions(limit=5) == []
    (found,) = await queue.take_undos(limit=5, lease_seconds=LEASE)
    await queue.settle_undo(found, done=True, calls=())
    assert await queue.due_sessions(limit=5) == [known.id]


async def test_a_booking_is_overdue_until_it_is_paid_or_being_undone(
    shop: Shop, queue: PostgresWorkQueue
) -> None:
    overdue, paid, undone = [
        await shop.booked(booking=replace(BOOKING, reservation=name, supplier_booking_id=name))
        for name in ("one", "two", "three")
    ]
    assert await queue.overdue_payments(limit=5) == []
    await later(shop, days=2)
    await shop.write(begin(paid).move(Trigger.PAY))
    unwinding = Unwinding(since=NOW, reason=UnwindingReason.EXPIRE)
    await shop.write(begin(undone).put(unwinding=unwinding).record(EventKind.UNWINDING))
    assert await queue.overdue_payments(limit=5) == [overdue.id]


async def test_no_attempt_is_claimed_while_answers_contradict_each_other(shop: Shop) -> None:
    """An open conflict task is a guard of the claim itself, whatever the core believes."""
    known = await shop.basketed()
    conflict = StaffTask(
        id=uuid4(), kind=TaskKind.CONFLICT, step_id=None, due_at=NOW, not_before=None, facts={}
    )
    known = await shop.write(begin(known).record(EventKind.LATE_ANSWER).plus(tasks=(conflict,)))
    assert (await shop.commit(claimed(known, StepName.BOOK))).result is CommitResult.LOST
    assert (await shop.commit(claimed(known, StepName.RELEASE))).result is CommitResult.DONE
