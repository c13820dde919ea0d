"""Answers to a task compete by its version; the commit that loses writes nothing."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from booking_flow.model.change import Change, TaskClosing, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Session
from booking_flow.model.step import StepStatus
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.ports import CommitResult
from persistence.tasks import PostgresTaskStore
from tests.support.changes import NOW, settled
from tests.support.store import Shop


def task_of(known: Session, kind: TaskKind, *, hours: int = 4) -> StaffTask:
    step = known.open_step
    due_at = NOW + timedelta(hours=hours)
    return StaffTask(
        id=uuid4(),
        kind=kind,
        step_id=step.id if step else None,
        due_at=due_at,
        not_before=None,
        facts={"reference": known.reference},
    )


async def with_task(shop: Shop, kind: TaskKind, **when: int) -> tuple[Session, StaffTask]:
    known = await shop.basketed()
    task = task_of(known, kind, **when)
    return await shop.write(begin(known).record(EventKind.NOTE).plus(tasks=(task,))), task


def answered(known: Session, task: StaffTask, *, version: int = 1) -> Change:
    closing = TaskClosing(task_id=task.id, version=version, answer="done")
    return replace(begin(known).record(EventKind.NOTE, reason="seen"), closes=closing)


async def test_open_tasks_come_by_deadline(shop: Shop) -> None:
    tasks = PostgresTaskStore(shop.engine)
    _, late = await with_task(shop, TaskKind.REFUND, hours=9)
    known, early = await with_task(shop, TaskKind.PRICE_MISMATCH, hours=1)
    assert [task.id for task in await tasks.open_tasks()] == [early.id, late.id]
    assert [task.id for task in await tasks.open_tasks(limit=1, offset=1)] == [late.id]
    await shop.write(answered(known, early))
    assert [task.id for task in await tasks.open_tasks()] == [late.id]


async def test_an_answer_closes_its_task_in_the_same_commit(shop: Shop) -> None:
    known, task = await with_task(shop, TaskKind.REFUND)
    await shop.write(answered(known, task))
    stored = await PostgresTaskStore(shop.engine).task(task.id)
    assert stored is not None
    assert (stored.version, stored.answer, stored.closed_by) == (2, "done", "guest")
    assert stored.closed_at is not None
    assert stored.facts == task.facts


async def test_an_answer_to_what_has_changed_since_writes_nothing(shop: Shop) -> None:
    known, task = await with_task(shop, TaskKind.REFUND)
    committed = await shop.commit(answered(known, task, version=7))
    assert committed.result is CommitResult.LOST
    assert await shop.load(known) == known


async def test_of_two_answers_at_once_one_counts(shop: Shop) -> None:
    known, task = await with_task(shop, TaskKind.CONFLICT)
    both = await asyncio.gather(*(shop.commit(answered(known, task)) for _ in range(2)))
    assert sorted(committed.result for committed in both) == [CommitResult.DONE, CommitResult.LOST]
    again = await shop.commit(answered(await shop.load(known), task, version=2))
    assert again.result is CommitResult.LOST


async def test_the_answer_to_an_open_step_is_written_once(shop: Shop) -> None:
    """It settles the step, which alone would close the task as well."""
    open_now = await shop.booking()
    task = task_of(open_now, TaskKind.BOOK_UNKNOWN)
    change = settled(open_now, StepStatus.UNKNOWN).plus(tasks=(task,))
    unknown = await shop.load(await shop.write(change))
    closing = TaskClosing(task_id=task.id, version=1, answer="not_booked")
    await shop.write(replace(settled(unknown, StepStatus.REFUSED), closes=closing))
    stored = await PostgresTaskStore(shop.engine).task(task.id)
    assert stored is not None
    assert (stored.version, stored.answer) == (2, "not_booked")


async def test_a_task_nobody_knows_is_none(shop: Shop) -> None:
    assert await PostgresTaskStore(shop.engine).task(uuid4()) is None
