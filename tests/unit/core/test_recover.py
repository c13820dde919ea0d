"""Finding out what became of a step: abandoned, found in the basket, or answered too late."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from booking_flow.errors import RefusalCode
from booking_flow.flow import State, Trigger
from booking_flow.lifecycle.cancellation import payment_overdue
from booking_flow.model.basket import BasketAnswer
from booking_flow.model.card import Charge
from booking_flow.model.change import Change, TaskClosing
from booking_flow.model.history import EventKind
from booking_flow.model.money import Money
from booking_flow.model.session import Session, Unwinding, UnwindingReason
from booking_flow.model.step import OwedUndo, StepName, StepStatus
from booking_flow.model.task import TaskKind
from booking_flow.ports import TakenCheck
from booking_flow.saga import abandoned
from booking_flow.steps.book import BookResult, late_book
from booking_flow.steps.hold import HoldResult, basket_unreadable, found_in_basket, late_hold
from booking_flow.steps.outcomes import Failure
from booking_flow.steps.pay import COMPARED, PayResult, late_pay, payment_checked
from booking_flow.supplier import ImportedBooking, PayAnswer
from booking_flow.supplier_errors import FailureKind, SupplierError
from tests.support.builders import (
    BOOKED_FACTS,
    FACTS,
    MASK,
    NOTHING_HELD,
    NOW,
    STEP_ID,
    STEP_SINCE,
    a_basket,
    a_basket_answer,
    a_booking,
    a_failed_answer,
    a_record,
    a_refusal,
    a_selection,
    a_session,
    a_settlement,
    a_step,
    a_task,
    a_transaction,
    an_answer,
    an_event,
    an_id,
    an_item,
    at,
    booking,
    holding,
    paying,
    usd,
)

PAID = a_session(State.PAID, booking=a_booking(paid=usd("500")))
SELECTED, BASKETED = State.CABIN_SELECTED, State.BASKETED
SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=165)
READ_LAG = timedelta(minutes=2)
LONGEST = timedelta(minutes=30)
CANCELLING = Unwinding(since=NOW, reason=UnwindingReason.CANCEL)
GONE = Failure(error=SupplierError(FailureKind.TIMEOUT, endpoint="basketadd.pl"))


@pytest.mark.parametrize(
    ("session", "step", "tasks"),
    [
        (holding(), StepName.ADD_TO_BASKET, []),
        (booking(), StepName.BOOK, [TaskKind.BOOK_UNKNOWN]),
        (paying(), StepName.PAY, [TaskKind.PAY_UNKNOWN]),
    ],
)
def test_what_an_abandoned_step_had_sent_is_not_known(
    session: Session, step: StepName, tasks: list[TaskKind]
) -> None:
    change = abandoned(session, at())
    assert change.after == replace(session, version=8, open_step=a_step(step, StepStatus.UNKNOWN))
    assert change.settle == a_settlement(StepStatus.UNKNOWN, failure=f"{step.value}: abandoned")
    assert [task.kind for task in change.tasks] == tasks


def test_an_abandoned_release_lets_go_and_stays_owed() -> None:
    session = a_session(BASKETED, open_step=a_step(StepName.RELEASE))
    change = abandoned(session, at())
    assert change.after == a_session(SELECTED, version=9, supplier=None)
    assert [owed.item_key for owed in change.owed] == ["700001"]
    assert change.settle is not None
    assert change.settle.evidence == {"failure": "release: abandoned"}


def unknown_hold(**fields: Any) -> Session:
    step = a_step(StepName.ADD_TO_BASKET, StepStatus.UNKNOWN)
    return a_session(SELECTED, open_step=step, **fields)


LENGTH = timedelta(minutes=14, seconds=50)
"""How long the supplier says that it holds."""


def test_an_item_in_the_basket_is_the_held_cabin() -> None:
    """Its hold counts from the claim, the earliest it can have been sent."""
    change = found_in_basket(unknown_hold(), a_basket_answer(), at())
    assert change is not None
    until = STEP_SINCE + timedelta(minutes=14, seconds=20)
    assert change.after == a_session(
        BASKETED,
        version=9,
        basket=a_basket(hold_until=until, free_after=NOW + LENGTH),
        selection=a_selection(),
    )


def test_an_item_other_than_chosen_is_owed_back() -> None:
    answer = a_basket_answer(an_item(cabin_number="8003"))
    change = found_in_basket(unknown_hold(), answer, at())
    assert change is not None
    assert change.after == a_session(SELECTED, version=8, supplier=None)
    assert change.owed == (
        OwedUndo(
            id=an_id(1),
            session_key="sk-1",
            item_key="700001",
            hold_until=NOW + LENGTH,
        ),
    )


NOT_HELD = a_refusal(RefusalCode.SELECTION_STALE, "The cabin could not be held.")


def not_held(session: Session) -> Change:
    return Change(
        before=session,
        after=a_session(SELECTED, version=8, supplier=None),
        events=(
            an_event(
                EventKind.STEP_SETTLED,
                SELECTED,
                step="add_to_basket",
                outcome="refused",
                code="selection_stale",
            ),
        ),
        settle=a_settlement(StepStatus.REFUSED, NOT_HELD),
    )


def test_an_empty_basket_proves_nothing_before_its_read_lag_is_over() -> None:
    session, proof = unknown_hold(), STEP_SINCE + LEASE + READ_LAG
    assert found_in_basket(session, NOTHING_HELD, at(now=proof - SECOND)) is None
    assert found_in_basket(session, NOTHING_HELD, at(now=proof)) == not_held(session)


def test_an_unreadable_basket_proves_nothing_before_any_hold_has_lapsed() -> None:
    session, proof = unknown_hold(), STEP_SINCE + LEASE + LONGEST
    assert basket_unreadable(session, at(now=proof - SECOND)) is None
    assert basket_unreadable(session, at(now=proof)) == not_held(session)


def test_a_cancel_asked_for_meanwhile_is_obeyed() -> None:
    session = unknown_hold(cancel_requested_at=NOW)
    late = at(now=STEP_SINCE + LEASE + LONGEST)
    unreadable = basket_unreadable(session, late)
    empty = found_in_basket(session, NOTHING_HELD, late)
    assert unreadable is not None
    assert empty is not None
    assert unreadable.after.state is empty.after.state is State.CANCELLED


def late(answer: BasketAnswer) -> HoldResult:
    return HoldResult(
        answer=answer, selection=a_selection(), sent_after=SECOND, session_key="sk-old"
    )


def test_a_cabin_held_too_late_is_owed_back() -> None:
    """In the supplier session it was held in."""
    session = a_session(SELECTED, supplier=None)
    assert late_hold(session, late(a_basket_answer()), at()) == Change(
        before=session,
        after=replace(session, version=8),
        events=(
            an_event(
                EventKind.LATE_ANSWER,
                SELECTED,
                step="add_to_basket",
                outcome="held after all",
            ),
        ),
        owed=(
            OwedUndo(
                id=an_id(1),
                session_key="sk-old",
                item_key="700001",
                hold_until=NOW + LENGTH,
            ),
        ),
    )


def test_of_a_late_answer_only_what_is_not_ours_is_owed_back() -> None:
    answer = a_basket_answer(an_item(), an_item(item_key="9"))
    change = late_hold(a_session(BASKETED), late(answer), at())
    assert change is not None
    assert [owed.item_key for owed in change.owed] == ["9"]


@pytest.mark.parametrize(
    ("session", "ended"),
    [
        (a_session(SELECTED), GONE),
        (a_session(SELECTED), late(NOTHING_HELD)),
        (a_session(BASKETED), late(a_basket_answer())),
    ],
)
def test_a_late_answer_that_holds_nothing_more_changes_nothing(
    session: Session, ended: HoldResult | Failure
) -> None:
    assert late_hold(session, ended, at()) is None


SAID: dict[str, Any] = {
    "status": "Booked",
    "supplierBookingId": "777",
    "reservation": "F9WZ03",
    "total": "3006.56 USD",
}


@pytest.mark.parametrize(
    ("session", "facts"),
    [
        (a_session(BASKETED), FACTS),
        (
            a_session(State.BOOKED, booking=a_booking(reservation="OTHER")),
            BOOKED_FACTS,
        ),
    ],
)
def test_a_late_reservation_against_a_persons_answer_moves_nothing(
    session: Session, facts: dict[str, str]
) -> None:
    """Both answers are shown to a person."""
    change = late_book(session, BookResult(answer=an_answer(), charge=None), at())
    assert change == Change(
        before=session,
        after=replace(session, version=8, disputed_since=NOW),
        events=(an_event(EventKind.LATE_ANSWER, session.state, step="book", **SAID),),
        tasks=(a_task(TaskKind.CONFLICT, step_id=None, facts=facts | SAID),),
    )


def test_a_dispute_is_as_old_as_its_first_answer() -> None:
    session = a_session(BASKETED, disputed_since=NOW - SECOND)
    change = late_book(session, BookResult(answer=an_answer(), charge=None), at())
    assert change is not None
    assert change.after.disputed_since == NOW - SECOND


def test_a_late_failure_is_noted_only() -> None:
    session = a_session(BASKETED)
    change = late_book(session, BookResult(answer=a_failed_answer(), charge=None), at())
    assert change is not None
    assert change.tasks == ()
    assert [event.kind for event in change.events] == [EventKind.LATE_ANSWER]


@pytest.mark.parametrize(
    ("session", "ended"),
    [
        (a_session(BASKETED), GONE),
        (a_session(State.BOOKED), BookResult(answer=an_answer(), charge=None)),
    ],
)
def test_a_late_answer_that_says_nothing_new_changes_nothing(
    session: Session, ended: BookResult | Failure
) -> None:
    assert late_book(session, ended, at()) is None


def paid_late(**transaction: Any) -> PayResult:
    charge = Charge(amount=usd("500"), card=MASK)
    return PayResult(answer=PayAnswer(transaction=a_transaction(**transaction)), charge=charge)


@pytest.mark.parametrize(
    ("session", "facts"),
    [
        (a_session(State.BOOKED), BOOKED_FACTS | {"paid": "0.00 USD"}),
        (a_session(BASKETED), FACTS),
    ],
)
def test_money_that_moved_after_its_step_was_settled_goes_to_a_person(
    session: Session, facts: dict[str, str]
) -> None:
    said: dict[str, Any] = {"authCode": "A1", "received": "500.00 USD"}
    assert late_pay(session, paid_late(auth_code="A1"), at()) == Change(
        before=session,
        after=replace(session, version=8),
        events=(an_event(EventKind.LATE_ANSWER, session.state, step="pay", **said),),
        tasks=(a_task(TaskKind.REFUND, step_id=None, facts=facts | said),),
    )


@pytest.mark.parametrize(
    ("session", "ended"),
    [
        (a_session(State.BOOKED), GONE),
        (a_session(State.BOOKED), paid_late(auth_code=None)),
        (PAID, replace(paid_late(auth_code="A1"), record=a_record(received=usd("500")))),
    ],
)
def test_a_late_answer_about_no_more_money_changes_nothing(
    session: Session, ended: PayResult | Failure
) -> None:
    assert late_pay(session, ended, at()) is None


@pytest.mark.parametrize(
    ("got", "kind", "facts"),
    [
        (usd("1000"), TaskKind.REFUND, {"received": "1000.00 USD", "paid": "500.00 USD"}),
        (None, TaskKind.PAYMENT_UNCHECKED, {"paid": "500.00 USD"}),
    ],
)
def test_money_that_may_have_moved_beside_what_is_entered_is_looked_at(
    got: Money | None, kind: TaskKind, facts: dict[str, str]
) -> None:
    late = replace(paid_late(auth_code="A1"), record=a_record(received=got))
    assert late_pay(PAID, late, at()) == Change(
        before=PAID,
        after=replace(PAID, version=8),
        events=(an_event(EventKind.LATE_ANSWER, State.PAID, step="pay", authCode="A1"),),
        tasks=(a_task(kind, step_id=None, facts=BOOKED_FACTS | facts),),
    )


CHECK = TakenCheck(session_id=an_id(9), task_id=an_id(8), step_id=STEP_ID, version=3)


@pytest.mark.parametrize(("got", "refund"), [(usd("500"), False), (usd("1000"), True)])
def test_a_payment_is_checked_once_the_lines_record_shows_it(got: Money, refund: bool) -> None:
    said: dict[str, Any] = {"received": str(got), "paid": "500.00 USD"}
    task = a_task(TaskKind.REFUND, facts=BOOKED_FACTS | said)
    assert payment_checked(PAID, a_record(received=got), CHECK, at()) == Change(
        before=PAID,
        after=replace(PAID, version=8),
        events=(an_event(EventKind.NOTE, State.PAID, reason=COMPARED, **said),),
        tasks=(task,) if refund else (),
        closes=TaskClosing(task_id=an_id(8), version=3, answer=f"received {got}"),
    )


def test_an_unread_record_ends_the_check_of_money_that_has_all_gone_back() -> None:
    change = payment_checked(replace(PAID, booking=a_booking()), None, CHECK, at())
    assert change is not None
    assert change.closes == TaskClosing(
        task_id=an_id(8), version=3, answer="nothing is entered as paid"
    )
    assert [event.details for event in change.events] == [{"paid": "0.00 USD"}]
    assert change.tasks == ()


@pytest.mark.parametrize("record", [None, a_record(received=None), a_record(received=usd("1"))])
def test_a_payment_the_lines_record_does_not_show_is_looked_at_again(
    record: ImportedBooking | None,
) -> None:
    assert payment_checked(PAID, record, CHECK, at()) is None


def due(**fields: Any) -> Session:
    return a_session(State.BOOKED, **{"booking": a_booking(payment_due_at=NOW)} | fields)


def test_an_unpaid_booking_past_its_deadline_is_cancelled_by_a_person() -> None:
    session = due()
    assert payment_overdue(session, at()) == Change(
        before=session,
        after=replace(
            session,
            version=8,
            unwinding=Unwinding(since=NOW, reason=UnwindingReason.EXPIRE),
        ),
        events=(
            an_event(
                EventKind.UNWINDING,
                State.BOOKED,
                trigger=Trigger.EXPIRE,
                reason="the payment deadline passed",
            ),
        ),
        tasks=(a_task(TaskKind.CANCEL_WITH_LINE, step_id=None, facts=BOOKED_FACTS),),
    )


@pytest.mark.parametrize(
    "session",
    [
        due(booking=a_booking(payment_due_at=NOW + SECOND)),
        due(booking=a_booking(payment_due_at=None)),
        due(open_step=a_step(StepName.PAY)),
        due(unwinding=CANCELLING),
        due(disputed_since=NOW),
        a_session(State.PAID, booking=a_booking(payment_due_at=NOW)),
        a_session(BASKETED),
    ],
)
def test_a_booking_is_left_alone_until_then(session: Session) -> None:
    assert payment_overdue(session, at()) is None
