"""Entering claims of the journal that the database has forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from booking_flow.claim_journal import JournaledStep
from booking_flow.context import DecisionContext
from booking_flow.flow import State
from booking_flow.guards import balance_payable
from booking_flow.lifecycle.cancellation import staff_task
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Session
from booking_flow.model.step import OpenStep, StepName, StepStatus
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.steps.book import visible_after

FORGOTTEN = "the database had forgotten it; restored from the journal of claims"
_QUESTIONS = {StepName.BOOK: TaskKind.BOOK_UNKNOWN, StepName.PAY: TaskKind.PAY_UNKNOWN}


def remembered(session: Session, forgotten: Sequence[JournaledStep], at: DecisionContext) -> Change:
    """Enter claims of a session that the database has forgotten and the journal has not.

    Where they fit the session as it is now, what they did is found out like the outcome of any
    other step: it becomes the open step, under its own id. Where they do not, people are told. What
    the journal says of an end is evidence for them, and is not entered.
    """
    step = _fitting(session, forgotten)
    change = _contradicted(session, forgotten, at) if step is None else _open(session, step, at)
    return replace(change, remembers=tuple(each.claim.step_id for each in forgotten))


def _fitting(session: Session, forgotten: Sequence[JournaledStep]) -> JournaledStep | None:
    """Return the step that explains all claims of an idle session, in its present state."""
    if not session.idle:
        return None
    names = [each.claim.step for each in forgotten]
    first, last = forgotten[0], forgotten[-1]
    match session.state:
        case State.CABIN_SELECTED if session.supplier and set(names) == {StepName.ADD_TO_BASKET}:
            # Cabins that were held before and let go lapse by themselves.
            return last
        case State.BASKETED if names == [StepName.BOOK] and _same_item(session, first):
            return first
        case State.BASKETED if names == [StepName.BOOK, StepName.PAY] and _same_item(
            session, first
        ):
            return _with_payment(first, last)
        case State.BOOKED | State.PAID if names == [StepName.PAY] and _owes(session):
            return first
    return None


def _owes(session: Session) -> bool:
    return session.state is State.BOOKED or balance_payable(session)


def _same_item(session: Session, known: JournaledStep) -> bool:
    return session.basket is not None and session.basket.item_key == known.claim.item_key


def _with_payment(booked: JournaledStep, paid: JournaledStep) -> JournaledStep:
    """Look for the money of a later payment together with the booking that it was for."""
    amount = paid.claim.amount
    intent = {**booked.claim.intent, **({"amount": str(amount)} if amount else {})}
    return replace(booked, claim=replace(booked.claim, amount=amount, intent=intent))


def _open(session: Session, known: JournaledStep, at: DecisionContext) -> Change:
    claim = known.claim
    step = OpenStep(
        id=claim.step_id,
        name=claim.step,
        status=StepStatus.UNKNOWN,
        since=claim.at,
        fence=1,
        intent=claim.intent,
    )
    tried = 0 if claim.amount is None else 1
    change = begin(session).put(open_step=step, cards_tried=session.cards_tried + tried)
    change = change.record(
        EventKind.STEP_UNKNOWN,
        reason=FORGOTTEN,
        details={"step": claim.step.value, **known.known},
    )
    return change.plus(tasks=_asking(session, known, at))


def _asking(session: Session, known: JournaledStep, at: DecisionContext) -> tuple[StaffTask, ...]:
    """Return what a person has to find out; a hold is looked for in the basket."""
    claim = known.claim
    kind = _QUESTIONS.get(claim.step)
    if kind is None:
        return ()
    booked = kind is TaskKind.BOOK_UNKNOWN
    return (
        staff_task(
            session,
            kind,
            at,
            step_id=claim.step_id,
            not_before=visible_after(claim.at, at) if booked else None,
            extra=known.known,
        ),
    )


def _contradicted(
    session: Session, forgotten: Sequence[JournaledStep], at: DecisionContext
) -> Change:
    change = begin(session)
    for each in forgotten:
        task = staff_task(
            session,
            TaskKind.CONFLICT,
            at,
            step_id=each.claim.step_id,
            extra={**each.claim.facts, **each.known},
        )
        change = change.record(
            EventKind.LATE_ANSWER,
            reason=FORGOTTEN,
            details={"step": each.claim.step.value, **each.known},
        ).plus(tasks=(task,))
    return change.put(disputed_since=session.disputed_since or at.now)
