"""Money after the booking, through stores and workers: collected, refunded, and booked twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from booking_flow.flow import State
from booking_flow.model.card import PaymentType
from booking_flow.model.session import Booking, DuplicateStatus
from booking_flow.model.task import TaskKind
from booking_flow.ports import StoredTask
from booking_flow.staff import actions
from booking_flow.staff.task_resolution import AnswerKind, TaskAnswer
from persistence.tasks import PostgresTaskStore
from tests.integration.engine.conftest import MakeShop
from tests.integration.engine.test_desk import STAFF, desk
from tests.integration.engine.test_recovery import a_worker
from tests.integration.engine.test_staff_actions import act
from tests.support.engine import Guest, Shop

HOUR = 3600


async def task_of(guest: Guest, kind: TaskKind) -> StoredTask:
    tasks = await PostgresTaskStore(guest.shop.database).tasks_of(guest.id)
    (task,) = (each for each in tasks if each.kind is kind and each.closed_at is None)
    return task


async def answer(guest: Guest, task: TaskKind, kind: AnswerKind, **more: Any) -> None:
    """Answer a task; what it comes to stands in the history with the note of the answer."""
    asked, before = await task_of(guest, task), len(await guest.history())
    given = TaskAnswer(
        task_id=asked.id, seen=frozenset({asked.version}), kind=kind, note=kind.value, **more
    )
    await desk(guest.shop).answer(given, by=STAFF)
    assert kind.value in [event.reason for event in (await guest.history())[before:]]


async def booking_of(guest: Guest) -> Booking:
    booking = (await guest.session()).booking
    assert booking is not None
    return booking


@pytest.mark.parametrize(
    ("kind", "state", "unwinding"),
    [(AnswerKind.RECEIVED, State.PAID, False), (AnswerKind.CANCEL_BOOKING, State.BOOKED, True)],
)
async def test_an_unpaid_booking_is_collected_or_given_up(
    shop: Shop, kind: AnswerKind, state: State, unwinding: bool
) -> None:
    guest = await shop.booked()
    await answer(guest, TaskKind.COLLECT_PAYMENT, kind)
    session = await guest.session()
    assert (session.state, session.unwinding is not None) == (state, unwinding)


async def test_a_worker_escalates_what_is_late_once(shop: Shop) -> None:
    guest, worker = await shop.booked(), a_worker(shop)
    assert await worker.queue.uncollected_payments(limit=5) == []
    await shop.pass_time(25 * HOUR)
    assert await worker.queue.uncollected_payments(limit=5) == [guest.id]
    await worker.recovery.collection(guest.id)
    assert (await task_of(guest, TaskKind.COLLECT_PAYMENT)).facts["overdue"] == "yes"
    assert await worker.queue.uncollected_payments(limit=5) == []


async def test_a_worker_reminds_of_a_balance_once(make_shop: MakeShop) -> None:
    shop = await make_shop(balance_days=400, remind_days=2)
    guest, worker = await shop.booked(PaymentType.DEPOSIT), a_worker(shop)
    assert await worker.queue.balances_to_remind(limit=5, days=2) == [guest.id]
    await worker.recovery.remind(guest.id)
    assert (await booking_of(guest)).reminded_at is not None
    assert await worker.queue.balances_to_remind(limit=5, days=2) == []


@pytest.mark.parametrize("on_the_page", [True, False])
async def test_the_money_of_a_cancelled_booking_is_settled(shop: Shop, on_the_page: bool) -> None:
    guest = await shop.booked(PaymentType.DEPOSIT)
    paid = (await booking_of(guest)).paid
    await guest.cancel()
    await answer(guest, TaskKind.CANCEL_WITH_LINE, AnswerKind.LINE_CANCELLED)
    if on_the_page:
        await act(guest, actions.REFUND, actions.Kept(kept=Decimal(100)))
    else:
        kind = AnswerKind.REFUNDED
        await answer(guest, TaskKind.CANCELLATION_REFUND, kind, kept=Decimal(100))
    booking = await booking_of(guest)
    assert (booking.received, booking.kept) == (paid, booking.paid)
    assert [each.amount.positive for each in booking.receipts] == [True, False]
    open_tasks = await PostgresTaskStore(shop.database).open_tasks()
    assert TaskKind.CANCELLATION_REFUND not in [task.kind for task in open_tasks]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (AnswerKind.SECOND_CANCELLED, DuplicateStatus.CANCELLED),
        (AnswerKind.FIRST_CANCELLED, DuplicateStatus.STANDS),
    ],
)
async def test_a_second_booking_is_ended_by_an_answer(
    shop: Shop, kind: AnswerKind, status: DuplicateStatus
) -> None:
    guest = await shop.booked(PaymentType.DEPOSIT)
    await act(guest, actions.DUPLICATE, actions.SecondBooking(reservation="SECOND2"))
    await answer(guest, TaskKind.DUPLICATE_BOOKING, kind)
    assert await guest.newest_details() == {"duplicate": "SECOND2", "status": status.value}
    assert [each.status for each in (await booking_of(guest)).duplicates] == [status]
