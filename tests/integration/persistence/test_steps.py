"""A step is settled once, by the one who holds it, and what it leaves behind is kept."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from booking_flow.errors import Fault, Refusal, RefusalCode
from booking_flow.flow import Trigger
from booking_flow.model.change import begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Session
from booking_flow.model.step import OpenStep, OwedUndo, StepName, StepStatus
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.ports import CommitResult
from persistence.attempts import steps
from persistence.clock import set_clock_offset
from persistence.histories import calls
from tests.support.changes import BOOKING, GUEST, NOW, call, settled
from tests.support.store import Shop, as_opened


async def take_over(shop: Shop, known: Session) -> None:
    """Do what a worker does with a step whose owner is gone."""
    await shop.run(
        "UPDATE saga_steps SET fence = fence + 1, owner = 'w2' WHERE session_id = :id", id=known.id
    )


async def test_an_owner_that_lost_its_step_cannot_settle(shop: Shop) -> None:
    open_now = await shop.booking()
    await take_over(shop, open_now)
    assert (await shop.commit(settled(open_now))).result is CommitResult.LOST
    assert (await shop.load(open_now)) == replace(
        open_now, open_step=(await shop.load(open_now)).open_step
    )
    assert (await shop.commit(settled(open_now, fence=2))).result is CommitResult.DONE


async def test_a_step_that_is_settled_cannot_be_settled_again(shop: Shop) -> None:
    open_now = await shop.booking()
    assert (await shop.commit(settled(open_now))).result is CommitResult.DONE
    assert (await shop.commit(settled(open_now))).result is CommitResult.LOST


async def test_another_step_than_the_open_one_cannot_be_settled(shop: Shop) -> None:
    open_now = await shop.booking()
    assert (await shop.commit(settled(open_now, step=uuid4()))).result is CommitResult.LOST


async def test_an_unknown_step_stays_open_until_it_is_known(shop: Shop) -> None:
    unknown = await shop.write(settled(await shop.booking(), StepStatus.UNKNOWN))
    present = await shop.load(unknown)
    assert present.open_step is not None
    assert present.open_step.unknown
    (_, attempt) = await steps(shop.engine, unknown.id)
    assert attempt.attempt.settled_at is None
    late = settled(present).move(Trigger.BOOK).put(booking=BOOKING)
    known = await shop.load(await shop.write(late))
    assert known.open_step is None
    assert known.booking == BOOKING


async def test_a_refusal_is_kept_with_its_faults(shop: Shop) -> None:
    refusal = Refusal(
        code=RefusalCode.CARD_DECLINED,
        detail="The card was declined.",
        errors=(Fault(pointer="/payment", detail="declined"),),
        facts={"left": "2"},
    )
    open_now = await shop.booking()
    await shop.write(settled(open_now, StepStatus.REFUSED, refusal=refusal))
    (_, attempt) = await steps(shop.engine, open_now.id)
    assert attempt.attempt.refusal == refusal
    assert attempt.attempt.status is StepStatus.REFUSED
    assert attempt.attempt.settled_at is not None


async def test_a_booking_may_leave_its_payment_unknown(shop: Shop) -> None:
    pay = OpenStep(
        id=uuid4(),
        name=StepName.PAY,
        status=StepStatus.UNKNOWN,
        since=NOW,
        fence=1,
        intent={"amount": "500.00 USD", "card": "VIS 1111"},
    )
    change = settled(await shop.booking()).move(Trigger.BOOK).put(booking=BOOKING, open_step=pay)
    committed = await shop.commit(change)
    present = await shop.load(change.after)
    assert present.open_step == replace(pay, since=committed.now)
    (_, book, left) = await steps(shop.engine, present.id)
    assert (book.attempt.status, left.attempt.status) == (StepStatus.DONE, StepStatus.UNKNOWN)
    paid = settled(present).move(Trigger.PAY)
    assert (await shop.commit(paid)).result is CommitResult.DONE


async def test_knowing_the_outcome_closes_the_task_to_find_it_out(shop: Shop) -> None:
    open_now = await shop.booking()
    assert open_now.open_step is not None
    task = StaffTask(
        id=uuid4(),
        kind=TaskKind.BOOK_UNKNOWN,
        step_id=open_now.open_step.id,
        due_at=NOW,
        not_before=NOW + timedelta(minutes=15),
        facts={},
    )
    refund = replace(task, id=uuid4(), kind=TaskKind.REFUND)
    unknown = settled(open_now, StepStatus.UNKNOWN).plus(tasks=(task, refund))
    await shop.write(settled(await shop.write(unknown), StepStatus.DONE))
    found = {stored.kind: stored for stored in await shop.tasks_of(open_now)}
    assert as_opened(found[TaskKind.BOOK_UNKNOWN]) == task
    assert found[TaskKind.BOOK_UNKNOWN].closed_by == "guest"
    assert found[TaskKind.REFUND].closed_at is None


@pytest.fixture
async def owed(shop: Shop) -> tuple[Session, OwedUndo]:
    known = await shop.basketed()
    undo = OwedUndo(id=uuid4(), session_key="sk-1", item_key="item-1", hold_until=NOW)
    change = begin(known).move(Trigger.RELEASE_BASKET).put(basket=None, supplier=None)
    return await shop.write(change.plus(owed=(undo,))), undo


async def test_what_is_owed_is_found_and_leased_once(
    shop: Shop, owed: tuple[Session, OwedUndo]
) -> None:
    known, undo = owed
    assert await shop.store.owed(known.id) == [undo]
    assert await shop.store.take_owed(undo.id, lease_seconds=30, origin=GUEST) == 1
    assert await shop.store.take_owed(undo.id, lease_seconds=30, origin=GUEST) is None
    await set_clock_offset(shop.engine, timedelta(seconds=31))
    assert await shop.store.take_owed(undo.id, lease_seconds=30, origin=GUEST) == 2


async def test_an_undo_is_settled_by_its_last_owner_only(
    shop: Shop, owed: tuple[Session, OwedUndo]
) -> None:
    known, undo = owed
    first = await shop.store.take_owed(undo.id, lease_seconds=-1, origin=GUEST)
    second = await shop.store.take_owed(undo.id, lease_seconds=30, origin=GUEST)
    assert (first, second) == (1, 2)
    assert not await shop.store.settle_owed(undo.id, fence=1, done=True, calls=[call()])
    assert await calls(shop.engine, known.id) == []
    assert await shop.store.settle_owed(undo.id, fence=2, done=True, calls=[call()])
    assert await shop.store.owed(known.id) == []
    assert len(await calls(shop.engine, known.id)) == 1
    assert not await shop.store.settle_owed(undo.id, fence=2, done=True, calls=[])


async def test_an_undo_that_failed_is_owed_again_after_a_growing_pause(
    shop: Shop, owed: tuple[Session, OwedUndo]
) -> None:
    known, undo = owed
    pauses = []
    for attempt in range(1, 4):
        fence = await shop.store.take_owed(undo.id, lease_seconds=30, origin=GUEST)
        assert fence == attempt
        assert await shop.store.settle_owed(undo.id, fence=fence, done=False, calls=[])
        entry = next(e for e in await steps(shop.engine, known.id) if e.attempt.id == undo.id)
        assert entry.attempts == attempt
        assert entry.next_attempt_at is not None
        pauses.append((entry.next_attempt_at - await shop.store.now()).total_seconds())
    assert pauses == pytest.approx([5, 10, 20], rel=0.15)
    assert await shop.store.owed(known.id) == [undo]


async def test_the_latest_undo_comes_first(shop: Shop, owed: tuple[Session, OwedUndo]) -> None:
    known, undo = owed
    later = replace(undo, id=uuid4(), item_key="item-2", hold_until=None)
    await shop.write(begin(known).record(EventKind.NOTE).plus(owed=(later,)))
    assert await shop.store.owed(known.id) == [later, undo]


async def test_an_undo_nobody_owes_cannot_be_taken(shop: Shop) -> None:
    assert await shop.store.take_owed(uuid4(), lease_seconds=30, origin=GUEST) is None
