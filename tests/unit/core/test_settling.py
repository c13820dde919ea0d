"""The ends of an effectful step, and how one that failed is told."""

from datetime import timedelta

import pytest

from booking_flow.errors import RefusalCode, Refused
from booking_flow.flow import IllegalTransition, State, Trigger
from booking_flow.model.change import Change, PaymentRecord, TaskClosing, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import open_step
from booking_flow.model.step import OpenStep, StepClaim, StepName, StepStatus
from booking_flow.model.task import TaskKind
from booking_flow.saga import EFFECTS
from booking_flow.steps import outcomes
from booking_flow.steps.outcomes import Failure
from booking_flow.steps.pay import PAY
from booking_flow.supplier_errors import FailureKind, SupplierError
from tests.support.builders import (
    MASK,
    NOW,
    OWED,
    STEP_ID,
    a_move,
    a_refusal,
    a_session,
    a_settlement,
    a_step,
    a_task,
    an_event,
    an_id,
    at,
    booking,
    plain,
    usd,
)

BUSY = booking()
NO = a_refusal(RefusalCode.SOLD_OUT, "Gone.")


def test_a_claim_forgets_a_cancel_that_the_line_had_refused() -> None:
    """Otherwise the end of the new step would obey it."""
    session = a_session(State.BOOKED, cancel_requested_at=NOW - timedelta(days=1))
    change = outcomes.claimed(begin(session), PAY, at(), intent={"amount": "1.00 USD"})
    assert change.after.cancel_requested_at is None


@pytest.mark.parametrize("name", [StepName.ADD_TO_BASKET, StepName.BOOK, StepName.PAY])
def test_a_claim_of_a_forward_step_needs_a_live_session(name: StepName) -> None:
    session = a_session(State.BOOKED)
    step = OpenStep(
        id=an_id(1),
        name=name,
        status=StepStatus.STARTED,
        since=NOW,
        fence=1,
        intent={"a": "b"},
    )
    moment = at()
    change = outcomes.claimed(
        begin(session), EFFECTS[name], moment, intent={"a": "b"}, item_key="9"
    )
    assert change == Change(
        before=session,
        after=a_session(State.BOOKED, version=8, open_step=step),
        events=(an_event(EventKind.STEP_CLAIMED, State.BOOKED, step=name.value, a="b"),),
        live=True,
        claim=StepClaim(
            id=an_id(1),
            name=name,
            lease_seconds=moment.policy.lease_seconds(EFFECTS[name].limits),
            intent={"a": "b"},
            item_key="9",
        ),
    )


@pytest.mark.parametrize("kind", [None, EventKind.LATE_ANSWER])
def test_a_step_that_was_done(kind: EventKind | None) -> None:
    event = an_event(kind or EventKind.STEP_SETTLED, State.BASKETED, step="book", outcome="done")
    assert outcomes.done(BUSY, evidence={"a": "b"}, kind=kind) == Change(
        before=BUSY,
        after=a_session(State.BASKETED, version=8),
        events=(event,),
        settle=a_settlement(StepStatus.DONE, a="b"),
    )
    assert outcomes.done(BUSY).settle == a_settlement(StepStatus.DONE)


@pytest.mark.parametrize("kind", [None, EventKind.LATE_ANSWER])
@pytest.mark.parametrize("sent", [True, False])
def test_a_step_that_was_refused(kind: EventKind | None, sent: bool) -> None:
    event = an_event(
        kind or EventKind.STEP_SETTLED,
        State.BASKETED,
        step="book",
        outcome="refused",
        code="sold_out",
    )
    assert outcomes.refused(BUSY, NO, sent=sent, evidence={"a": "b"}, kind=kind) == Change(
        before=BUSY,
        after=a_session(State.BASKETED, version=8),
        events=(event,),
        settle=a_settlement(StepStatus.REFUSED, NO, sent=sent, a="b"),
    )
    assert outcomes.refused(BUSY, NO, sent=True).settle == a_settlement(StepStatus.REFUSED, NO)


def test_a_step_that_may_have_happened_stays_open() -> None:
    assert outcomes.unknown(BUSY, evidence={"a": "b"}) == Change(
        before=BUSY,
        after=booking(version=8, open_step=a_step(StepName.BOOK, StepStatus.UNKNOWN)),
        events=(an_event(EventKind.STEP_UNKNOWN, State.BASKETED, step="book", a="b"),),
        settle=a_settlement(StepStatus.UNKNOWN, a="b"),
    )
    assert outcomes.unknown(BUSY).settle == a_settlement(StepStatus.UNKNOWN)


@pytest.mark.parametrize("kind", FailureKind)
def test_a_failed_call_is_what_its_error_says(kind: FailureKind) -> None:
    error = SupplierError(kind, endpoint="book.pl", code=9, text="Said")
    failure = Failure(error=error)
    assert failure.certain is error.certain
    assert failure.sent is error.sent
    assert failure.evidence == {"failure": f"book.pl: {kind.value} 9"}
    assert failure.refusal.detail == "Said (9)"
    assert {other for other in FailureKind if failure.is_a(other)} == {kind}


def test_a_refusal_before_the_call_is_certain_and_nothing_was_sent() -> None:
    failure = Failure(error=Refused(NO))
    assert failure.certain
    assert not failure.sent
    assert not any(failure.is_a(kind) for kind in FailureKind)
    assert failure.evidence == {}
    assert plain(failure.refusal) == plain(NO)


def test_settling_needs_an_open_step() -> None:
    with pytest.raises(LookupError) as caught:
        outcomes.done(a_session())
    assert str(caught.value) == "no step is open"
    assert open_step(BUSY).id == STEP_ID


def test_a_change_begins_as_nothing() -> None:
    session = a_session()
    assert begin(session) == Change(before=session, after=session)


def test_moves_and_records_follow_one_another() -> None:
    session = a_session()
    change = (
        begin(session)
        .move(Trigger.PRICE, reason="asked", details={"a": "b"})
        .record(EventKind.NOTE, trigger=Trigger.CANCEL, reason="said", details={"c": "d"})
        .move(Trigger.SELECT_CABIN)
        .record(EventKind.NOTE)
    )
    assert change == Change(
        before=session,
        after=a_session(State.CABIN_SELECTED, version=11, quote=None, selection=None),
        events=(
            a_move(Trigger.PRICE, State.CREATED, State.PRICED, "asked", a="b"),
            an_event(EventKind.NOTE, State.PRICED, trigger=Trigger.CANCEL, reason="said", c="d"),
            a_move(Trigger.SELECT_CABIN, State.PRICED, State.CABIN_SELECTED),
            an_event(EventKind.NOTE, State.CABIN_SELECTED),
        ),
    )
    with pytest.raises(IllegalTransition):
        change.move(Trigger.PAY)


def test_details_of_an_event_cannot_be_changed_afterwards() -> None:
    details = {"a": "b"}
    change = begin(a_session()).move(Trigger.PRICE, details=details)
    change = change.record(EventKind.NOTE, details=details)
    details["a"] = "c"
    assert [event.details["a"] for event in change.events] == ["b", "b"]
    for event in change.events:
        with pytest.raises(TypeError):
            event.details["a"] = "c"  # type: ignore[index]


def test_more_rows_are_added_to_those_there_are() -> None:
    task, other = a_task(TaskKind.REFUND), a_task(TaskKind.CONFLICT, 2)
    record = PaymentRecord(amount=usd("1"), auth_code="A", card=MASK, step_id=STEP_ID)
    change = begin(a_session()).plus(owed=(OWED,), tasks=(task,), payments=(record,))
    assert change.plus() == change
    more = change.plus(owed=(OWED,), tasks=(other,), payments=(record,))
    assert more.owed == (OWED, OWED)
    assert more.tasks == (task, other)
    assert more.payments == (record, record)
    assert more.closes is None
    assert TaskClosing(task_id=an_id(1), version=1, answer="done").answer == "done"
