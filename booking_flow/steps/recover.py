"""Finding out what became of a step whose answer never came.

Pure decisions; what the supplier, a look-up channel or a person says comes in as an argument.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from booking_flow.basket import BasketAnswer
from booking_flow.change import Change, begin
from booking_flow.failures import FailureKind, SupplierError
from booking_flow.flow import State
from booking_flow.history import EventKind
from booking_flow.refusals import Refusal, RefusalCode
from booking_flow.saga import OpenStep, OwedUndo, StepName, TaskKind
from booking_flow.session import Session, UnwindingReason
from booking_flow.steps import booking, hold, paying, settling
from booking_flow.steps.moment import Moment
from booking_flow.steps.unwind import obey_cancel, staff_task, unwind

NOT_HELD = Refusal(code=RefusalCode.SELECTION_STALE, detail="The cabin could not be held.")


def abandoned(session: Session, at: Moment) -> Change:
    """Settle a step whose process is gone: what it had sent is not known."""
    step = settling.open_step(session)
    failure = settling.Failure(error=SupplierError(FailureKind.ABANDONED, endpoint=step.name.value))
    match step.name:
        case StepName.ADD_TO_BASKET:
            return hold.settle_hold(session, failure, at)  # pragma: no mutate - doubt has no moment
        case StepName.RELEASE:
            return hold.settle_release(session, failure, at)
        case StepName.BOOK:
            return booking.settle_book(session, failure, at)
        case _:
            return paying.settle_pay(session, failure, at)


def nothing_held_after(step: OpenStep, at: Moment) -> datetime:
    """Return when an empty basket proves that nothing was added: read lag in mind."""
    lease = timedelta(seconds=at.policy.lease_seconds(step.name))
    return step.since + lease + at.policy.basket_read_lag


def held_no_longer_after(step: OpenStep, at: Moment) -> datetime:
    """Return when even a cabin that was added has lapsed by itself."""
    lease = timedelta(seconds=at.policy.lease_seconds(step.name))
    return step.since + lease + at.policy.hold_longest


def found_in_basket(session: Session, answer: BasketAnswer, at: Moment) -> Change | None:
    """Settle an unknown add_to_basket by what basket.pl shows; None to look again later."""
    step = settling.open_step(session)
    if answer.items:
        held = hold.Held(
            answer=answer,
            selection=hold.chosen_of(session),
            sent_after=timedelta(0),
            session_key=hold.supplier_key(session),
        )
        return hold.settle_hold(session, held, at)
    if at.now < nothing_held_after(step, at):
        return None
    return _not_held(session, at)  # pragma: no mutate - with nothing held it needs no moment


def basket_unreadable(session: Session, at: Moment) -> Change | None:
    """Settle an unknown add_to_basket that can only have lapsed by now; None to look again."""
    if at.now < held_no_longer_after(settling.open_step(session), at):
        return None
    return _not_held(session, at)  # pragma: no mutate - with nothing held it needs no moment


def _not_held(session: Session, at: Moment) -> Change:
    change = settling.refused(session, NOT_HELD, sent=True).put(supplier=None)
    return obey_cancel(change, at)  # pragma: no mutate - with nothing held it needs no moment


def late_hold(session: Session, ended: hold.Held | settling.Failure, at: Moment) -> Change | None:
    """Take back what a late basketadd turns out to hold, once its step was settled otherwise."""
    if isinstance(ended, settling.Failure):
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
    session: Session, ended: booking.Asked | settling.Failure, at: Moment
) -> Change | None:
    """Show what book.pl answered after a person had decided otherwise; nothing moves."""
    if isinstance(ended, settling.Failure):
        return None
    said = booking.evidence_of(ended.answer)
    if session.booking is not None and session.booking.reservation == ended.answer.reservation:
        return None
    change = begin(session).record(
        EventKind.LATE_ANSWER, details={"step": StepName.BOOK.value, **said}
    )
    if ended.answer.reservation is None:
        return change
    conflict = staff_task(session, TaskKind.CONFLICT, at, extra=said)
    return change.put(disputed_since=session.disputed_since or at.now).plus(tasks=(conflict,))


def late_pay(session: Session, ended: paying.Paid | settling.Failure, at: Moment) -> Change | None:
    """Have a person look at money that moved after its step was settled otherwise."""
    if isinstance(ended, settling.Failure) or not ended.answer.auth_code:
        return None
    if session.state is State.PAID:
        return None
    made = session.booking
    said = {"authCode": ended.answer.auth_code, "received": str(ended.charge.amount)}
    entered = {"paid": str(made.paid)} if made else {}
    task = staff_task(session, TaskKind.REFUND, at, extra=said | entered)
    change = begin(session).record(
        EventKind.LATE_ANSWER, details={"step": StepName.PAY.value, **said}
    )
    return change.plus(tasks=(task,))


def payment_overdue(session: Session, at: Moment) -> Change | None:
    """Begin to unwind a booking whose payment deadline has passed."""
    due = session.booking.payment_due_at if session.booking else None
    if session.state is not State.BOOKED or not session.idle or due is None or due > at.now:
        return None
    why = "the payment deadline passed"
    return unwind(begin(session), UnwindingReason.EXPIRE, at, why=why)
