"""Collecting what a booking owes: which bookings, by when, and what happens afterwards."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.lifecycle.cancellation import cancel_unpaid
from booking_flow.lifecycle.collection import (
    BALANCE_LATE,
    OVERDUE,
    REMINDED,
    TO_COLLECT,
    collect,
    remind,
    see_to_collection,
)
from booking_flow.model.change import begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Session, Unwinding, UnwindingReason, booking_of
from booking_flow.model.step import StepName
from booking_flow.model.task import TaskKind
from tests.support.builders import (
    NOW,
    a_basket,
    a_booking,
    a_refusal,
    a_session,
    a_step,
    an_event,
    at,
    eur,
    plain,
    refused_by,
    to_be_collected,
    usd,
)

BOOKED = a_session(State.BOOKED)
HOUR = timedelta(hours=1)
CANCELLING = Unwinding(since=NOW, reason=UnwindingReason.CANCEL)
OURS = a_booking(collect_by=NOW + HOUR)
THEIRS = a_booking(payment_due_at=NOW + HOUR)


def test_a_booking_that_is_not_paid_is_to_be_collected() -> None:
    change = collect(begin(BOOKED), at())
    assert change == to_be_collected(begin(BOOKED))
    assert change.after.booking == a_booking(collect_by=NOW + 24 * HOUR)
    assert collect(begin(BOOKED), at(collect_within=HOUR)).after.booking == OURS


@pytest.mark.parametrize("booking", [OURS, THEIRS])
def test_a_deadline_that_is_known_stays(booking: object) -> None:
    session = a_session(State.BOOKED, booking=booking)
    change = collect(begin(session), at())
    assert change.after == session
    assert [task.due_at for task in change.tasks] == [NOW + HOUR]


@pytest.mark.parametrize(
    "session",
    [
        *(a_session(state) for state in State if state is not State.BOOKED),
        replace(BOOKED, open_step=a_step(StepName.PAY)),
        replace(BOOKED, unwinding=CANCELLING),
        replace(BOOKED, disputed_since=NOW),
        replace(BOOKED, booking=None),
    ],
)
def test_nothing_else_is_collected(session: Session) -> None:
    assert collect(begin(session), at()) == begin(session)
    assert see_to_collection(session, at()) is None


def test_who_is_not_collected_from_yet_is_from_now_on() -> None:
    """A booking of a release that knew no such task has neither deadline nor task."""
    change = see_to_collection(BOOKED, at())
    assert change == to_be_collected(begin(BOOKED).record(EventKind.NOTE, reason=TO_COLLECT))


def test_a_deadline_of_ours_escalates_the_task_and_cancels_nothing() -> None:
    session = a_session(State.BOOKED, booking=a_booking(collect_by=NOW))
    change = see_to_collection(session, at())
    assert change is not None
    assert change.after == replace(session, version=8)
    assert change.events == (an_event(EventKind.NOTE, State.BOOKED, reason=OVERDUE),)
    assert [(task.kind, task.facts["overdue"]) for task in change.tasks] == [
        (TaskKind.COLLECT_PAYMENT, "yes")
    ]


def test_a_time_of_the_lines_own_is_for_who_cancels() -> None:
    session = a_session(State.BOOKED, booking=a_booking(payment_due_at=NOW))
    assert see_to_collection(session, at()) is None


DUE = NOW.date()
DAY = timedelta(days=1)


def owing(due: date | None = DUE, **fields: object) -> Session:
    """Return a session of which the balance is outstanding."""
    made = a_booking(paid=usd("500"), balance_due_date=due)
    return a_session(State.PAID, **{"booking": made} | fields)


def test_a_late_balance_is_collected() -> None:
    made = a_booking(paid=usd("500"), balance_due_date=DUE - DAY, collect_by=NOW + HOUR)
    session = owing(booking=made)
    change = see_to_collection(session, at())
    assert change is not None
    assert change.after == replace(session, version=8)
    assert change.events == (an_event(EventKind.NOTE, State.PAID, reason=BALANCE_LATE),)
    (task,) = change.tasks
    assert (task.kind, task.due_at) == (TaskKind.COLLECT_PAYMENT, NOW + 4 * HOUR)
    assert (task.facts["due"], task.facts["overdue"]) == ("2506.56 USD", "yes")


@pytest.mark.parametrize(
    "session",
    [
        owing(),
        owing(None),
        owing(DUE - DAY, unwinding=CANCELLING),
        owing(DUE - DAY, disputed_since=NOW),
        owing(DUE - DAY, booking=a_booking(paid=usd("3006.56"), balance_due_date=DUE - DAY)),
        owing(booking=None),
    ],
)
def test_a_balance_that_is_not_late_is_left_alone(session: Session) -> None:
    assert see_to_collection(session, at()) is None


@pytest.mark.parametrize("days", [0, 14])
def test_a_guest_is_reminded_once_before_a_balance_is_due(days: int) -> None:
    session = owing(DUE + days * DAY)
    change = remind(session, at())
    assert change is not None
    assert change.reminds
    assert change.after.booking == replace(booking_of(session), reminded_at=NOW)
    assert change.events == (an_event(EventKind.NOTE, State.PAID, reason=REMINDED),)
    assert remind(change.after, at()) is None


@pytest.mark.parametrize(
    "session",
    [
        *(owing(DUE - DAY), owing(DUE + 15 * DAY), owing(None), BOOKED, a_session()),
        owing(booking=a_booking(paid=usd("3006.56"), balance_due_date=DUE)),
    ],
)
def test_nobody_is_reminded_too_early_too_late_or_of_nothing(session: Session) -> None:
    assert remind(session, at()) is None


@pytest.mark.parametrize(
    ("session", "due"),
    [
        (BOOKED, usd("500")),
        (a_session(State.BOOKED, booking=a_booking(paid=usd("120"))), usd("380")),
        (a_session(State.BOOKED, basket=a_basket(deposit=usd("0"))), usd("3006.56")),
        (a_session(State.BOOKED, booking=a_booking(total=usd("400"))), usd("400")),
        (a_session(State.BOOKED, basket=None), usd("3006.56")),
        (a_session(State.BOOKED, booking=a_booking(total=eur("9"), paid=eur("0"))), eur("9")),
        (a_session(State.BOOKED, booking=a_booking(paid=eur("1"))), usd("3006.56")),
    ],
)
def test_what_is_due_now_is_what_the_line_asks_for_with_the_booking(
    session: Session, due: object
) -> None:
    assert session.still_due == due


def test_without_a_booking_nothing_is_due() -> None:
    with pytest.raises(LookupError, match="nothing is booked"):
        assert a_session(State.BASKETED).still_due is not None


def test_staff_have_the_line_cancel_what_will_not_be_paid() -> None:
    change = cancel_unpaid(BOOKED, at(), reason="gave up")
    assert change.after.unwinding == CANCELLING
    assert [task.kind for task in change.tasks] == [TaskKind.CANCEL_WITH_LINE]
    assert [event.reason for event in change.events] == ["gave up"]
    again = refused_by(lambda: cancel_unpaid(change.after, at(), reason="gave up"))
    words = "It is cancelled, or about to be."
    assert plain(again) == plain(a_refusal(RefusalCode.WRONG_STATE, words))
