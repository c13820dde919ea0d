"""Taking a session back: what clocks do to it, and cancelling in every state."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from booking_flow.errors import RefusalCode
from booking_flow.flow import State, Trigger
from booking_flow.guards import SESSION_OVER
from booking_flow.lifecycle.cancellation import (
    cancel,
    cancel_by_guest,
    finish_unwinding,
    lapse,
    obey_cancel,
    owed_for,
    staff_task,
    unwind,
)
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.party import Details
from booking_flow.model.session import Session, Unwinding, UnwindingReason
from booking_flow.model.step import OwedUndo, StepName, StepStatus
from booking_flow.model.task import TaskKind
from tests.support.builders import (
    BOOKED_FACTS,
    FACTS,
    HELD_UNTIL,
    NOW,
    OWED,
    STEP_ID,
    a_basket,
    a_move,
    a_session,
    a_step,
    a_task,
    an_event,
    an_id,
    at,
    plain,
    refused_by,
)

CANCELLING = Unwinding(since=NOW, reason=UnwindingReason.CANCEL)
EXPIRING = Unwinding(since=NOW, reason=UnwindingReason.EXPIRE)
SECOND = timedelta(seconds=1)
SELECTED, BASKETED = State.CABIN_SELECTED, State.BASKETED
BEFORE_BASKET = [State.CREATED, State.PRICED, SELECTED]
BEFORE_BOOKING = [*BEFORE_BASKET, BASKETED]
RESERVED = [State.BOOKED, State.PAID]
ENDED = [State.EXPIRED, State.CANCELLED]
OVER: dict[str, Any] = {"expires_at": NOW}
LAPSED = a_basket(hold_until=NOW)
LAPSED_OWED = replace(OWED, hold_until=NOW)
HOLD_LAPSED = a_move(Trigger.RELEASE_BASKET, BASKETED, SELECTED, "the hold lapsed")


def expired_from(state: State) -> Any:
    return a_move(Trigger.EXPIRE, state, State.EXPIRED)


@pytest.mark.parametrize("state", State)
def test_before_any_deadline_nothing_lapses(state: State) -> None:
    assert lapse(a_session(state, expires_at=NOW + SECOND), at()) is None
    assert lapse(a_session(state, basket=a_basket(hold_until=NOW + SECOND)), at()) is None


@pytest.mark.parametrize("state", BEFORE_BASKET)
def test_a_session_past_its_deadline_expires(state: State) -> None:
    session = a_session(state, **OVER)
    assert lapse(session, at()) == Change(
        before=session,
        after=replace(session, state=State.EXPIRED, version=8),
        events=(expired_from(state),),
    )


@pytest.mark.parametrize("state", [*RESERVED, *ENDED])
def test_neither_clock_touches_a_reservation_or_an_end(state: State) -> None:
    assert lapse(a_session(state, basket=LAPSED, **OVER), at()) is None


@pytest.mark.parametrize("status", [StepStatus.STARTED, StepStatus.UNKNOWN])
@pytest.mark.parametrize("state", BEFORE_BOOKING)
def test_neither_clock_acts_while_a_step_is_open(state: State, status: StepStatus) -> None:
    step = a_step(StepName.BOOK, status)
    session = a_session(state, open_step=step, basket=LAPSED, **OVER)
    assert lapse(session, at()) is None


def test_a_lapsed_hold_lets_the_cabin_go_and_owes_it_back() -> None:
    """The basket is remembered, so that booking it is told apart from never having held it."""
    session = a_session(BASKETED, basket=LAPSED)
    assert lapse(session, at()) == Change(
        before=session,
        after=a_session(SELECTED, version=8, basket=LAPSED, supplier=None),
        events=(HOLD_LAPSED,),
        owed=(LAPSED_OWED,),
    )


def test_a_basket_kept_in_memory_does_not_lapse_twice() -> None:
    assert lapse(a_session(SELECTED, basket=LAPSED), at()) is None
    assert lapse(a_session(BASKETED, basket=None), at()) is None


def test_hold_and_session_may_end_together() -> None:
    session = a_session(BASKETED, basket=LAPSED, **OVER)
    assert lapse(session, at()) == Change(
        before=session,
        after=replace(session, state=State.EXPIRED, version=9, supplier=None),
        events=(HOLD_LAPSED, expired_from(SELECTED)),
        owed=(LAPSED_OWED,),
    )


def test_a_session_over_with_a_live_hold_is_undone_first() -> None:
    session = a_session(BASKETED, **OVER)
    assert lapse(session, at()) == Change(
        before=session,
        after=replace(session, version=8, unwinding=EXPIRING),
        events=(an_event(EventKind.UNWINDING, BASKETED, trigger=Trigger.EXPIRE),),
        owed=(OWED,),
    )


@pytest.mark.parametrize(
    ("unwinding", "trigger", "end"),
    [
        (CANCELLING, Trigger.CANCEL, State.CANCELLED),
        (EXPIRING, Trigger.EXPIRE, State.EXPIRED),
    ],
)
def test_a_hold_that_lapses_ends_its_own_unwinding(
    unwinding: Unwinding, trigger: Trigger, end: State
) -> None:
    """It is owed already, so nothing more is."""
    session = a_session(BASKETED, basket=LAPSED, unwinding=unwinding, **OVER)
    assert lapse(session, at()) == Change(
        before=session,
        after=replace(session, state=end, version=8, unwinding=None, supplier=None),
        events=(a_move(trigger, BASKETED, end),),
    )


@pytest.mark.parametrize("state", BEFORE_BOOKING)
def test_a_session_being_undone_does_not_expire_on_top(state: State) -> None:
    assert lapse(a_session(state, unwinding=CANCELLING, **OVER), at()) is None


@pytest.mark.parametrize("state", BEFORE_BASKET)
def test_a_cancel_before_anything_is_held_ends_the_session(state: State) -> None:
    session = a_session(state)
    assert cancel(session, reason="found cheaper", at=at()) == Change(
        before=session,
        after=replace(session, state=State.CANCELLED, version=8, cancel_requested_at=NOW),
        events=(a_move(Trigger.CANCEL, state, State.CANCELLED, "found cheaper"),),
    )


def test_a_cancel_of_a_held_cabin_gives_it_back_first() -> None:
    session = a_session(BASKETED)
    assert cancel(session, reason=None, at=at()) == Change(
        before=session,
        after=replace(session, version=8, cancel_requested_at=NOW, unwinding=CANCELLING),
        events=(an_event(EventKind.UNWINDING, BASKETED, trigger=Trigger.CANCEL),),
        owed=(OWED,),
    )


@pytest.mark.parametrize("state", RESERVED)
def test_a_cancel_of_a_reservation_is_a_persons_work(state: State) -> None:
    """The line still holds the cabin, so the session stays what it is."""
    session = a_session(state)
    assert cancel(session, reason="ill", at=at()) == Change(
        before=session,
        after=replace(session, version=8, cancel_requested_at=NOW, unwinding=CANCELLING),
        events=(an_event(EventKind.UNWINDING, state, trigger=Trigger.CANCEL, reason="ill"),),
        tasks=(a_task(TaskKind.CANCEL_WITH_LINE, step_id=None, facts=BOOKED_FACTS),),
    )


@pytest.mark.parametrize("status", [StepStatus.STARTED, StepStatus.UNKNOWN])
def test_a_cancel_while_a_step_is_open_is_kept_for_its_end(status: StepStatus) -> None:
    session = a_session(BASKETED, open_step=a_step(StepName.BOOK, status))
    assert cancel(session, reason="ill", at=at()) == Change(
        before=session,
        after=replace(session, version=8, cancel_requested_at=NOW),
        events=(
            an_event(EventKind.CANCEL_REQUESTED, BASKETED, trigger=Trigger.CANCEL, reason="ill"),
        ),
    )


@pytest.mark.parametrize(
    "session",
    [
        a_session(State.CANCELLED),
        a_session(State.CANCELLED, cancel_requested_at=None),
        a_session(BASKETED, cancel_requested_at=NOW, unwinding=CANCELLING),
        a_session(BASKETED, cancel_requested_at=NOW, open_step=a_step(StepName.BOOK)),
    ],
)
def test_a_second_cancel_changes_nothing(session: Session) -> None:
    """Nor does one of a session that staff have cancelled."""
    assert cancel(session, reason=None, at=at()) is None


@pytest.mark.parametrize("state", RESERVED)
def test_a_cancel_that_the_line_refused_may_be_asked_for_again(state: State) -> None:
    session = a_session(state, cancel_requested_at=NOW - SECOND)
    change = cancel(session, reason="still ill", at=at())
    assert change is not None
    assert change.after.cancel_requested_at == NOW
    assert change.after.unwinding == CANCELLING
    assert [task.kind for task in change.tasks] == [TaskKind.CANCEL_WITH_LINE]


@pytest.mark.parametrize("state", RESERVED)
def test_what_staff_began_to_cancel_is_not_begun_twice(state: State) -> None:
    assert cancel(a_session(state, unwinding=CANCELLING), reason=None, at=at()) is None


@pytest.mark.parametrize(
    "session", [a_session(State.EXPIRED), a_session(BASKETED, unwinding=EXPIRING)]
)
def test_what_has_expired_cannot_be_cancelled(session: Session) -> None:
    found = refused_by(lambda: cancel(session, reason=None, at=at()))
    assert plain(found) == plain(SESSION_OVER)
    assert found.code is RefusalCode.SESSION_EXPIRED


def test_a_cancel_is_obeyed_once_no_step_is_open() -> None:
    change = begin(a_session(SELECTED, cancel_requested_at=NOW - SECOND))
    obeyed = obey_cancel(change, at())
    assert obeyed.after.state is State.CANCELLED
    assert obeyed.after.cancel_requested_at == NOW - SECOND
    assert obeyed.events == (
        a_move(Trigger.CANCEL, SELECTED, State.CANCELLED, "asked for while a step was open"),
    )


@pytest.mark.parametrize(
    "session",
    [
        a_session(SELECTED),
        a_session(SELECTED, cancel_requested_at=NOW, open_step=a_step(StepName.BOOK)),
        a_session(State.CANCELLED),
        a_session(State.EXPIRED, cancel_requested_at=NOW),
    ],
)
def test_there_is_nothing_to_obey(session: Session) -> None:
    change = begin(session)
    assert obey_cancel(change, at()) is change


def test_what_was_decided_before_stays_part_of_the_change() -> None:
    step = a_step(StepName.BOOK)
    session = a_session(State.BOOKED, cancel_requested_at=NOW)
    other = a_task(TaskKind.REFUND, 99)
    owed = OwedUndo(id=an_id(98), session_key="a", item_key="b", hold_until=None)
    change = begin(session).plus(tasks=(other,), owed=(owed,)).record(EventKind.NOTE)
    obeyed = obey_cancel(change, at())
    assert obeyed.tasks == (
        other,
        a_task(TaskKind.CANCEL_WITH_LINE, step_id=None, facts=BOOKED_FACTS),
    )
    assert obeyed.owed == (owed,)
    assert [event.kind for event in obeyed.events] == [EventKind.NOTE, EventKind.UNWINDING]
    assert step.id == STEP_ID


@pytest.mark.parametrize("reason", UnwindingReason)
@pytest.mark.parametrize("state", [BASKETED, *RESERVED])
def test_what_is_held_is_undone_under_the_reason_that_decides_the_end(
    state: State, reason: UnwindingReason
) -> None:
    change = unwind(begin(a_session(state)), reason, at(), why="because")
    assert change.after.unwinding == Unwinding(since=NOW, reason=reason)
    assert change.after.state is state
    (event,) = change.events
    assert event.trigger is Trigger(reason.value)
    assert event.reason == "because"
    assert bool(change.owed) is (state is BASKETED)
    assert bool(change.tasks) is (state in RESERVED)


@pytest.mark.parametrize("reason", UnwindingReason)
def test_unwinding_ends_once_nothing_is_held(reason: UnwindingReason) -> None:
    session = a_session(BASKETED, unwinding=Unwinding(since=NOW, reason=reason))
    change = finish_unwinding(begin(session))
    end = {"cancel": State.CANCELLED, "expire": State.EXPIRED}[reason.value]
    assert change.after == replace(session, state=end, version=8, unwinding=None, supplier=None)
    assert change.events == (a_move(Trigger(reason.value), BASKETED, end),)


@pytest.mark.parametrize(
    "session",
    [
        a_session(BASKETED),
        a_session(State.BOOKED, unwinding=CANCELLING),
        a_session(State.PAID, unwinding=CANCELLING),
    ],
)
def test_a_reservation_is_ended_by_people_only(session: Session) -> None:
    change = begin(session)
    assert finish_unwinding(change) is change


def test_what_is_held_is_owed_back() -> None:
    assert owed_for(a_session(BASKETED), at()) == (OWED,)
    assert OWED.hold_until == HELD_UNTIL


@pytest.mark.parametrize("session", [a_session(SELECTED), a_session(BASKETED, supplier=None)])
def test_nothing_held_nothing_owed(session: Session) -> None:
    assert owed_for(session, at()) == ()


@pytest.mark.parametrize(
    ("state", "facts"),
    [
        (
            State.CREATED,
            {key: FACTS[key] for key in ("reference", "cruise", "ship", "sails")},
        ),
        (
            SELECTED,
            {key: FACTS[key] for key in ("reference", "cruise", "ship", "sails", "cabin")},
        ),
        (BASKETED, FACTS),
        (State.BOOKED, BOOKED_FACTS),
    ],
)
def test_a_task_tells_a_person_what_they_need_and_no_names(
    state: State, facts: dict[str, str]
) -> None:
    task = staff_task(
        a_session(state),
        TaskKind.REFUND,
        at(task_time=timedelta(hours=1)),
        step_id=STEP_ID,
        not_before=NOW + SECOND,
    )
    assert task == a_task(
        TaskKind.REFUND,
        due_at=NOW + timedelta(hours=1),
        not_before=NOW + SECOND,
        facts=facts,
    )
    bare = staff_task(a_session(state), TaskKind.REFUND, at())
    assert (bare.step_id, bare.not_before) == (None, None)


def test_a_guests_own_words_stay_out_of_the_history() -> None:
    session = a_session(State.PRICED)
    change = cancel_by_guest(session, words="ill", at=at())
    assert change is not None
    assert [event.reason for event in change.events] == ["a reason was given"]
    assert change.after.details == session.details.with_changes(cancel_reason="ill")


def test_words_are_kept_of_a_guest_who_has_typed_nothing_else() -> None:
    change = cancel_by_guest(a_session(State.PRICED, details=Details()), words="ill", at=at())
    assert change is not None
    assert change.after.details == Details(cancel_reason="ill")


def test_a_guest_may_give_no_reason() -> None:
    session = a_session(State.PRICED)
    assert cancel_by_guest(session, words=None, at=at()) == cancel(session, reason=None, at=at())


def test_what_is_cancelled_already_keeps_the_first_words() -> None:
    session = a_session(State.PRICED, unwinding=CANCELLING)
    assert cancel_by_guest(session, words="ill", at=at()) is None


def test_after_erasure_a_guests_words_are_not_kept() -> None:
    session = a_session(State.BOOKED, details=Details())
    change = cancel_by_guest(session, words="ill", at=at())
    assert change is not None
    assert change.after.details == Details()
    assert [event.reason for event in change.events] == ["a reason was given"]
