"""Collecting what a booking owes: which bookings, by when, and what happens afterwards."""

from dataclasses import replace
from datetime import timedelta

import pytest

from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.lifecycle.cancellation import cancel_unpaid
from booking_flow.lifecycle.collection import OVERDUE, TO_COLLECT, collect, see_to_collection
from booking_flow.model.change import begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Session, Unwinding, UnwindingReason
from booking_flow.model.step import StepName
from booking_flow.model.task import TaskKind
from tests.core.builders import (
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
    again = refused_by(lambda: cancel_unpaid(change.after, at(), reason="gave up"))
    words = "It is cancelled, or about to be."
    assert plain(again) == plain(a_refusal(RefusalCode.WRONG_STATE, words))
