"""Giving a guest more time: ours to move are the session's end and the payment deadline."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.lifecycle.extend_deadline import TOO_LATE, Deadline, extended, movable
from booking_flow.model.change import Change
from booking_flow.model.history import EventKind
from booking_flow.model.session import Session, Unwinding, UnwindingReason
from booking_flow.model.step import StepName
from booking_flow.policy import PaymentChannel
from tests.support.builders import (
    NOW,
    SUPPLIER,
    a_booking,
    a_session,
    a_step,
    an_event,
    at,
    plain,
    refused_by,
    with_faults,
)

SECOND = timedelta(seconds=1)
LIFE = timedelta(hours=2)
OPENED = SUPPLIER.opened_at
DUE = NOW + timedelta(hours=1)
FREE = [State.CREATED, State.PRICED, State.CABIN_SELECTED]
SAILING = datetime(2027, 3, 7, tzinfo=UTC)


def unpaid(**fields: Any) -> Session:
    return a_session(State.BOOKED, **{"booking": a_booking(payment_due_at=DUE)} | fields)


def longer(session: Session, until: datetime, **policy: Any) -> Change:
    deadline = Deadline.PAYMENT if session.reserved else Deadline.SESSION
    return extended(session, deadline, until, at(**policy), reason="they asked")


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


@pytest.mark.parametrize("state", FREE)
def test_with_nothing_held_a_session_lives_as_long_as_a_new_one_at_most(state: State) -> None:
    session = a_session(state)
    until = NOW + LIFE
    details: Any = {"deadline": "session", "from": iso(session.expires_at), "until": iso(until)}
    noted = an_event(EventKind.NOTE, state, reason="they asked", **details)
    assert longer(session, until) == Change(
        before=session,
        after=replace(session, expires_at=until, version=8),
        events=(noted,),
    )
    assert refused_by(lambda: longer(session, until + SECOND)).code is RefusalCode.VALIDATION_FAILED


def test_while_a_cabin_is_held_its_supplier_session_is_the_limit() -> None:
    session = a_session(State.BASKETED, expires_at=NOW + timedelta(hours=1))
    assert longer(session, OPENED + LIFE).after.expires_at == OPENED + LIFE
    late = refused_by(lambda: longer(session, OPENED + LIFE + SECOND))
    words = f"must lie after {iso(session.expires_at)} and not after {iso(OPENED + LIFE)}"
    assert plain(late) == plain(with_faults(RefusalCode.VALIDATION_FAILED, ("/until", words)))
    lost = replace(session, supplier=None)
    assert longer(lost, NOW + LIFE).after.expires_at == NOW + LIFE


def test_a_deadline_is_never_moved_forward() -> None:
    """Nor to where it is, nor into the past."""
    session = a_session()
    for until in (session.expires_at, session.expires_at - SECOND):
        found = refused_by(partial(longer, session, until))
        assert found.code is RefusalCode.VALIDATION_FAILED
    passed = a_session(expires_at=NOW - 5 * SECOND)
    assert refused_by(lambda: longer(passed, NOW)).code is RefusalCode.VALIDATION_FAILED
    assert longer(passed, NOW + SECOND).after.expires_at == NOW + SECOND


@pytest.mark.parametrize("channel", [PaymentChannel.WITH_BOOKING, PaymentChannel.MANUAL])
def test_a_payment_may_come_until_the_day_of_sailing(channel: PaymentChannel) -> None:
    session = unpaid()
    change = longer(session, SAILING, payment_channel=channel)
    assert change.after == replace(session, version=8, booking=a_booking(payment_due_at=SAILING))
    (noted,) = change.events
    assert (noted.details["deadline"], noted.details["from"]) == ("payment", iso(DUE))
    late = refused_by(lambda: longer(session, SAILING + SECOND, payment_channel=channel))
    assert late.code is RefusalCode.VALIDATION_FAILED


def test_a_payment_through_the_supplier_comes_while_its_session_lives() -> None:
    channel: Any = {"payment_channel": PaymentChannel.SUPPLIER_PAYMENT}
    session = unpaid()
    assert longer(session, OPENED + LIFE, **channel).after.booking == a_booking(
        payment_due_at=OPENED + LIFE
    )
    late = refused_by(lambda: longer(session, OPENED + LIFE + SECOND, **channel))
    assert late.code is RefusalCode.VALIDATION_FAILED
    over = refused_by(lambda: longer(replace(session, supplier=None), SAILING, **channel))
    assert (over.code, over.detail) == (
        RefusalCode.WRONG_STATE,
        "The supplier session it is paid in is over.",
    )


def test_a_payment_deadline_that_has_passed_is_refused_in_clear_words() -> None:
    expiring = Unwinding(since=NOW, reason=UnwindingReason.EXPIRE)
    found = refused_by(lambda: longer(unpaid(unwinding=expiring), SAILING))
    assert plain(found) == plain(TOO_LATE)
    cancelling = Unwinding(since=NOW, reason=UnwindingReason.CANCEL)
    found = refused_by(lambda: longer(unpaid(unwinding=cancelling), SAILING))
    assert found.detail == "This booking is being cancelled."


def test_while_a_step_is_open_no_clock_acts_and_none_is_moved() -> None:
    session = a_session(State.BASKETED, open_step=a_step(StepName.BOOK))
    found = refused_by(lambda: longer(session, NOW + LIFE))
    assert found.code is RefusalCode.IN_PROGRESS
    assert movable(session) is None


@pytest.mark.parametrize("deadline", Deadline)
@pytest.mark.parametrize("state", State)
def test_only_the_deadline_a_state_has_can_be_moved(state: State, deadline: Deadline) -> None:
    session = unpaid() if state is State.BOOKED else a_session(state)
    has = {State.BOOKED: Deadline.PAYMENT, State.BASKETED: Deadline.SESSION} | dict.fromkeys(
        FREE, Deadline.SESSION
    )
    assert movable(session) is has.get(state)
    if has.get(state) is not deadline:
        found = refused_by(
            lambda: extended(session, deadline, NOW + LIFE, at(), reason="they asked")
        )
        over = RefusalCode.SESSION_EXPIRED if state is State.EXPIRED else RefusalCode.WRONG_STATE
        assert found.code is over
        if over is RefusalCode.WRONG_STATE:
            words = f"another {deadline} deadline is not possible while {state}."
            assert found.detail == words


def test_without_a_deadline_or_without_a_booking_known_there_is_none_to_move() -> None:
    assert movable(unpaid(booking=a_booking())) is None
    assert movable(unpaid(booking=None)) is None
    assert movable(unpaid(unwinding=Unwinding(since=NOW, reason=UnwindingReason.CANCEL))) is None


def test_a_deadline_of_ours_moves_with_its_task_whatever_the_channel() -> None:
    """Staff can collect after the supplier's session as well."""
    session = a_session(State.BOOKED, booking=a_booking(collect_by=DUE), supplier=None)
    change = longer(session, SAILING, payment_channel=PaymentChannel.SUPPLIER_PAYMENT)
    assert change.after.booking == a_booking(collect_by=SAILING)
    assert [task.due_at for task in change.tasks] == [SAILING]
