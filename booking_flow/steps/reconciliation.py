"""Finding out what became of a step whose answer never came.

Pure decisions; what the supplier, a look-up channel or a person says comes in as an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from booking_flow.claim_journal import JournaledStep
from booking_flow.errors import Refusal, RefusalCode
from booking_flow.flow import State
from booking_flow.lifecycle.cancellation import obey_cancel, staff_task, unwind
from booking_flow.model.basket import BasketAnswer
from booking_flow.model.change import Change, TaskClosing, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Session, UnwindingReason
from booking_flow.model.step import OpenStep, OwedUndo, StepName, StepStatus
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.ports import TakenCheck
from booking_flow.steps import book, hold, outcomes, pay
from booking_flow.steps.context import DecisionContext
from booking_flow.supplier import ImportedBooking
from booking_flow.supplier_errors import FailureKind, SupplierError

FORGOTTEN = "the database had forgotten it; restored from the journal of claims"
COMPARED = "what the line has received was compared with what is entered as paid"
_QUESTIONS = {StepName.BOOK: TaskKind.BOOK_UNKNOWN, StepName.PAY: TaskKind.PAY_UNKNOWN}
NOT_HELD = Refusal(code=RefusalCode.SELECTION_STALE, detail="The cabin could not be held.")


def abandoned(session: Session, at: DecisionContext) -> Change:
    """Settle a step whose process is gone: what it had sent is not known."""
    step = outcomes.open_step(session)
    failure = outcomes.Failure(error=SupplierError(FailureKind.ABANDONED, endpoint=step.name.value))
    match step.name:
        case StepName.ADD_TO_BASKET:
            return hold.settle_hold(session, failure, at)  # pragma: no mutate - doubt has no moment
        case StepName.RELEASE:
            return hold.settle_release(session, failure, at)
        case StepName.BOOK:
            return book.settle_book(session, failure, at)
        case _:
            return pay.settle_pay(session, failure, at)


def nothing_held_after(step: OpenStep, at: DecisionContext) -> datetime:
    """Return when an empty basket proves that nothing was added: read lag in mind."""
    lease = timedelta(seconds=at.policy.lease_seconds(step.name))
    return step.since + lease + at.policy.basket_read_lag


def held_no_longer_after(step: OpenStep, at: DecisionContext) -> datetime:
    """Return when even a cabin that was added has lapsed by itself."""
    lease = timedelta(seconds=at.policy.lease_seconds(step.name))
    return step.since + lease + at.policy.hold_longest


def found_in_basket(session: Session, answer: BasketAnswer, at: DecisionContext) -> Change | None:
    """Settle an unknown add_to_basket by what basket.pl shows; None to look again later."""
    step = outcomes.open_step(session)
    if answer.items:
        held = hold.HoldResult(
            answer=answer,
            selection=hold.chosen_of(session),
            sent_after=timedelta(0),
            session_key=hold.supplier_key(session),
        )
        return hold.settle_hold(session, held, at)
    if at.now < nothing_held_after(step, at):
        return None
    return _not_held(session, at)  # pragma: no mutate - with nothing held it needs no moment


def basket_unreadable(session: Session, at: DecisionContext) -> Change | None:
    """Settle an unknown add_to_basket that can only have lapsed by now; None to look again."""
    if at.now < held_no_longer_after(outcomes.open_step(session), at):
        return None
    return _not_held(session, at)  # pragma: no mutate - with nothing held it needs no moment


def _not_held(session: Session, at: DecisionContext) -> Change:
    change = outcomes.refused(session, NOT_HELD, sent=True).put(supplier=None)
    return obey_cancel(change, at)  # pragma: no mutate - with nothing held it needs no moment


def late_hold(
    session: Session, ended: hold.HoldResult | outcomes.Failure, at: DecisionContext
) -> Change | None:
    """Take back what a late basketadd turns out to hold, once its step was settled otherwise."""
    if isinstance(ended, outcomes.Failure):
        return None
    kept = session.basket.item_key if session.basket else None
    owed = tuple(
        OwedUndo(
            id=at.new_id(),
            session_key=ended.session_key,
            item_key=item.item_key,
            hold_until=hold.free_after(item, at),
        )
        for item in ended.answer.items
        if item.item_key != kept
    )
    if not owed:
        return None
    said = {"step": StepName.ADD_TO_BASKET.value, "outcome": "held after all"}
    return begin(session).record(EventKind.LATE_ANSWER, details=said).plus(owed=owed)


def late_book(
    session: Session, ended: book.BookResult | outcomes.Failure, at: DecisionContext
) -> Change | None:
    """Show what book.pl answered after a person had decided otherwise; nothing moves."""
    if isinstance(ended, outcomes.Failure):
        return None
    said = book.evidence_of(ended.answer)
    if session.booking is not None and session.booking.reservation == ended.answer.reservation:
        return None
    change = begin(session).record(
        EventKind.LATE_ANSWER, details={"step": StepName.BOOK.value, **said}
    )
    if ended.answer.reservation is None:
        return change
    conflict = staff_task(session, TaskKind.CONFLICT, at, extra=said)
    return change.put(disputed_since=session.disputed_since or at.now).plus(tasks=(conflict,))


def late_pay(
    session: Session, ended: pay.PayResult | outcomes.Failure, at: DecisionContext
) -> Change | None:
    """Have a person look at money that moved after its step was settled otherwise."""
    if isinstance(ended, outcomes.Failure) or not ended.answer.auth_code:
        return None
    if session.state is State.PAID:
        return _paid_before(session, ended, at)
    made = session.booking
    said = {"authCode": ended.answer.auth_code, "received": str(ended.charge.amount)}
    entered = {"paid": str(made.paid)} if made else {}
    task = staff_task(session, TaskKind.REFUND, at, extra=said | entered)
    change = begin(session).record(
        EventKind.LATE_ANSWER, details={"step": StepName.PAY.value, **said}
    )
    return change.plus(tasks=(task,))


def _paid_before(session: Session, ended: pay.PayResult, at: DecisionContext) -> Change | None:
    """Look whether a late payment is the one that is entered, or was taken beside it."""
    tasks = pay.receipt_tasks(session, ended.record, at, step_id=None)
    if not tasks:
        return None
    said = {"step": StepName.PAY.value, "authCode": str(ended.answer.auth_code)}
    return begin(session).record(EventKind.LATE_ANSWER, details=said).plus(tasks=tasks)


def payment_checked(
    session: Session, record: ImportedBooking | None, check: TakenCheck, at: DecisionContext
) -> Change | None:
    """End the check of a payment by the line's record; None where it still shows too little."""
    booking, got = pay.booking_of(session), record.received if record else None
    if pay.receipt_of(booking, record) is pay.Receipt.UNSEEN:
        return None
    said = {"received": str(got), "paid": str(booking.paid)}
    change = begin(session).record(EventKind.NOTE, reason=COMPARED, details=said)
    answer = TaskClosing(task_id=check.task_id, version=check.version, answer=f"received {got}")
    tasks = pay.receipt_tasks(session, record, at, step_id=check.step_id)
    return replace(change.plus(tasks=tasks), closes=answer)


def payment_overdue(session: Session, at: DecisionContext) -> Change | None:
    """Begin to unwind a booking whose payment deadline has passed."""
    due = session.booking.payment_due_at if session.booking else None
    if session.state is not State.BOOKED or not session.idle or due is None or due > at.now:
        return None
    why = "the payment deadline passed"
    return unwind(begin(session), UnwindingReason.EXPIRE, at, why=why)


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
        case State.BOOKED if names == [StepName.PAY]:
            return first
    return None


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
            not_before=book.visible_after(claim.at, at) if booked else None,
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
