"""Taking a session back: cancelling, lapsing and expiring, and the undos they leave behind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from booking_flow.context import DecisionContext
from booking_flow.errors import RefusalCode, Refused, refuse
from booking_flow.flow import State, Trigger
from booking_flow.guards import SESSION_OVER, expiring, passes
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import NO_DETAILS, Session, Unwinding, UnwindingReason
from booking_flow.model.step import OwedUndo
from booking_flow.model.task import StaffTask, TaskKind

REASON_GIVEN: Final = "a reason was given"
_END = {
    UnwindingReason.CANCEL: Trigger.CANCEL,
    UnwindingReason.EXPIRE: Trigger.EXPIRE,
}


def end_of(reason: UnwindingReason) -> Trigger:
    """Return the trigger by which unwinding for this reason ends the session."""
    return _END[reason]


def lapse(session: Session, at: DecisionContext) -> Change | None:
    """Return what the clocks have done to a session since anyone looked, or None."""
    if session.open_step is not None or session.ended or session.reserved:
        return None
    change = begin(session)
    if _hold_over(session, at):
        change = _hold_lapsed(change, at)
    if session.unwinding is not None:
        return change if change.after.ended else None
    if session.expires_at <= at.now:
        change = unwind(change, UnwindingReason.EXPIRE, at)
    return change if change.events else None


def _hold_over(session: Session, at: DecisionContext) -> bool:
    basket = session.basket
    return session.state is State.BASKETED and basket is not None and basket.hold_until <= at.now


def _hold_lapsed(change: Change, at: DecisionContext) -> Change:
    if change.after.unwinding is not None:
        return finish_unwinding(change)
    owed = owed_for(change.after, at)
    return (
        change.move(Trigger.RELEASE_BASKET, reason="the hold lapsed")
        .put(supplier=None)
        .plus(owed=owed)
    )


def owed_for(session: Session, at: DecisionContext) -> tuple[OwedUndo, ...]:
    """Return the undo the held basket item makes necessary; nothing held, nothing owed."""
    if session.basket is None or session.supplier is None:
        return ()
    return (
        OwedUndo(
            id=at.new_id(),
            session_key=session.supplier.key,
            item_key=session.basket.item_key,
            hold_until=session.basket.free_after or session.basket.hold_until,
        ),
    )


def payment_overdue(session: Session, at: DecisionContext) -> Change | None:
    """Begin to unwind an unpaid booking whose time is over that the line itself has set."""
    due = session.booking.payment_due_at if session.booking else None
    if session.state is not State.BOOKED or not session.idle or due is None or due > at.now:
        return None
    if session.disputed_since is not None:
        return None
    why = "the payment deadline passed"
    return unwind(begin(session), UnwindingReason.EXPIRE, at, why=why)


def cancel(session: Session, *, reason: str | None, at: DecisionContext) -> Change | None:
    """Cancel, or ask for it while a step is open; None when it is asked or done already.

    Raises:
        Refused: the session has expired.
    """
    if expiring(session):
        raise Refused(SESSION_OVER)
    if not may_cancel(session):
        return None
    change = begin(session).put(cancel_requested_at=at.now)
    if session.open_step is not None:
        return change.record(EventKind.CANCEL_REQUESTED, trigger=Trigger.CANCEL, reason=reason)
    return unwind(change, UnwindingReason.CANCEL, at, why=reason)


def cancel_unpaid(session: Session, at: DecisionContext, *, reason: str | None) -> Change:
    """Have the line cancel a booking that will not be paid.

    Raises:
        Refused: it is being cancelled already, or is over.
    """
    change = cancel(session, reason=reason, at=at)
    if change is None:
        raise refuse(RefusalCode.WRONG_STATE, "It is cancelled, or about to be.")
    return change


def cancel_by_guest(session: Session, *, words: str | None, at: DecisionContext) -> Change | None:
    """Cancel as the guest asks; their words join their details, which can be erased.

    Raises:
        Refused: the session has expired.
    """
    change = cancel(session, reason=REASON_GIVEN if words else None, at=at)
    erased = session.reserved and session.details == NO_DETAILS
    if change is None or words is None or erased:
        return change
    return change.put(details=session.details.with_changes(cancel_reason=words))


def may_cancel(session: Session) -> bool:
    """Whether no cancel is done or under way; one the line refused may be asked for again."""
    asked = session.cancel_requested_at is not None and session.open_step is not None
    return not (session.ended or session.unwinding is not None or asked)


def obey_cancel(change: Change, at: DecisionContext) -> Change:
    """Carry out a cancel that arrived while the step now settling was open."""
    after = change.after
    if after.cancel_requested_at is None or after.open_step is not None or after.ended:
        return change
    return unwind(change, UnwindingReason.CANCEL, at, why="asked for while a step was open")


def unwind(
    change: Change, reason: UnwindingReason, at: DecisionContext, *, why: str | None = None
) -> Change:
    """End the session, or where something is held for it, begin to undo that first."""
    after = change.after
    if after.state is State.BASKETED:
        return _begin_unwinding(change, reason, at, why=why).plus(owed=owed_for(after, at))
    if not passes(after, end_of(reason), at):
        task = staff_task(after, TaskKind.CANCEL_WITH_LINE, at)
        return _begin_unwinding(change, reason, at, why=why).plus(tasks=(task,))
    return change.move(end_of(reason), reason=why)


def _begin_unwinding(
    change: Change, reason: UnwindingReason, at: DecisionContext, *, why: str | None
) -> Change:
    return change.put(unwinding=Unwinding(since=at.now, reason=reason)).record(
        EventKind.UNWINDING, trigger=end_of(reason), reason=why
    )


def finish_unwinding(change: Change) -> Change:
    """End a session once nothing is held for it any more."""
    unwinding = change.after.unwinding
    if unwinding is None or change.after.state is not State.BASKETED:
        return change
    return change.move(end_of(unwinding.reason)).put(unwinding=None, supplier=None)


def staff_task(
    session: Session,
    kind: TaskKind,
    at: DecisionContext,
    *,
    step_id: UUID | None = None,
    not_before: datetime | None = None,
    extra: Mapping[str, str] | None = None,
) -> StaffTask:
    """Write down what a person needs to find the booking at the line, names apart."""
    return StaffTask(
        id=at.new_id(),
        kind=kind,
        step_id=step_id,
        due_at=at.now + at.policy.task_time,
        not_before=not_before,
        facts={**facts_of(session), **(extra or {})},
    )


def facts_of(session: Session) -> dict[str, str]:
    """Return what finds a session's booking at the line; nothing in it is personal."""
    sailing, chosen, basket = session.sailing, session.selection, session.basket
    facts = {
        "reference": session.reference,
        "cruise": f"{sailing.cruise_id} {sailing.name}",
        "ship": sailing.ship_name,
        "sails": sailing.sailing_date.isoformat(),
    }
    if chosen is not None:
        facts["cabin"] = f"{chosen.cabin_code} {chosen.cabin_number} {chosen.rate_code}"
    if basket is not None:
        facts |= {"total": str(basket.total), "itemKey": basket.item_key}
    if session.booking is not None:
        facts["reservation"] = session.booking.reservation
    return facts
