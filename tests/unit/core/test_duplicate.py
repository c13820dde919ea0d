"""A second reservation of one session: it stands on a task until one of the two is cancelled."""

from typing import Any

import pytest

from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.lifecycle.duplicate import end_duplicate, enter_duplicate, may_have_duplicate
from booking_flow.model.change import begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Duplicate, DuplicateStatus, Session
from booking_flow.model.step import StepName
from booking_flow.model.task import TaskKind
from tests.support.builders import (
    BOOKED_FACTS,
    a_refusal,
    a_session,
    a_step,
    a_task,
    an_event,
    at,
    plain,
    refused_by,
    with_faults,
)

WHY = "the line says so"
SECOND = "SECOND2"
PAID = a_session(State.PAID)


def duplicates_of(session: Session) -> tuple[Duplicate, ...]:
    return session.booking.duplicates if session.booking else ()


@pytest.mark.parametrize("state", [State.BOOKED, State.PAID])
def test_a_second_reservation_stands_on_a_task(state: State) -> None:
    session = a_session(state)
    change = enter_duplicate(session, SECOND, at(), reason=WHY)
    said = BOOKED_FACTS | {"duplicate": SECOND, "lineId": "22"}
    assert change.tasks == (a_task(TaskKind.DUPLICATE_BOOKING, step_id=None, facts=said),)
    assert change.events == (an_event(EventKind.NOTE, state, reason=WHY, duplicate=SECOND),)
    assert (change.after.state, change.after.booking) == (state, session.booking)
    open_one = Duplicate(reservation=SECOND, status=DuplicateStatus.OPEN)
    assert duplicates_of(change.after) == (open_one,)


def test_a_number_is_entered_once() -> None:
    wanted = with_faults(
        RefusalCode.VALIDATION_FAILED, ("/reservation", "is that of this booking already")
    )
    entered = enter_duplicate(PAID, SECOND, at(), reason=WHY).after
    for session, number in ((PAID, "F9WZ03"), (entered, SECOND)):
        found = refused_by(lambda s=session, n=number: enter_duplicate(s, n, at(), reason=WHY))  # type: ignore[misc]
        assert plain(found) == plain(wanted)


@pytest.mark.parametrize(
    "session",
    [
        a_session(State.BASKETED),
        a_session(State.CANCELLED),
        a_session(State.PAID, booking=None),
        a_session(State.BOOKED, open_step=a_step(StepName.PAY)),
    ],
)
def test_without_a_first_there_is_no_second(session: Session) -> None:
    assert not may_have_duplicate(session)
    words = f"a second booking is not possible while {session.state}."
    found = refused_by(lambda: enter_duplicate(session, SECOND, at(), reason=WHY))
    assert plain(found) == plain(a_refusal(RefusalCode.WRONG_STATE, words))


@pytest.mark.parametrize("status", [DuplicateStatus.CANCELLED, DuplicateStatus.STANDS])
def test_one_of_two_is_cancelled(status: DuplicateStatus) -> None:
    entered = enter_duplicate(PAID, SECOND, at(), reason=WHY)
    both = enter_duplicate(entered.after, "THIRD3", at(), reason=WHY).after
    change = end_duplicate(both, SECOND, status, reason=WHY)
    assert [each.status for each in duplicates_of(change.after)] == [status, DuplicateStatus.OPEN]
    said: Any = {"duplicate": SECOND, "status": status.value}
    assert change.events == (an_event(EventKind.NOTE, State.PAID, reason=WHY, **said),)


def test_nothing_is_lost_where_the_booking_is_not_known() -> None:
    session = a_session(State.PAID, booking=None)
    change = end_duplicate(session, SECOND, DuplicateStatus.CANCELLED, reason=WHY)
    assert change.after.booking is None
    assert begin(session).before == change.before
