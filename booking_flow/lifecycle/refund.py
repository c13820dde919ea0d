"""What becomes of the money of a booking that has ended: what the line keeps, what goes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from booking_flow.context import DecisionContext
from booking_flow.errors import Refused, invalid
from booking_flow.guards import wrong_state
from booking_flow.lifecycle.cancellation import staff_task
from booking_flow.model.change import Change, PaymentRecord, begin
from booking_flow.model.history import EventKind
from booking_flow.model.money import Money
from booking_flow.model.session import Session
from booking_flow.model.task import TaskKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """What was received for a booking that has ended, what the line keeps, and what went back."""

    received: Money
    kept: Money | None
    """None until staff have entered it."""
    refunded: Money


def refund_of(session: Session) -> Refund | None:
    """Return what becomes of the money of a session that has ended; None where there was none."""
    booking = session.booking
    if booking is None or not session.ended or not booking.received.positive:
        return None
    return Refund(received=booking.received, kept=booking.kept, refunded=booking.refunded)


def refundable(session: Session) -> bool:
    """Whether money of an ended booking is still to be settled."""
    refund = refund_of(session)
    return refund is not None and refund.kept is None


def settle_money(change: Change, at: DecisionContext) -> Change:
    """Have staff settle the money of a booking whose cancellation the line has confirmed."""
    if not refundable(change.after):
        return change
    said: Mapping[str, str] = {"received": str(change.after.booking and change.after.booking.paid)}
    task = staff_task(change.after, TaskKind.CANCELLATION_REFUND, at, extra=said)
    return change.plus(tasks=(task,))


def refunded(session: Session, kept: Decimal | None, *, reason: str | None) -> Change:
    """Enter what the line keeps of an ended booking; all the rest has gone back.

    Raises:
        Refused: there is no money to settle, or the amount cannot be.
    """
    booking = session.booking
    if booking is None or not refundable(session):
        raise wrong_state(session, "a refund")
    if kept is None:
        raise Refused(invalid("/kept", "is needed"))
    keeps = Money(kept, booking.paid.currency)
    back = booking.paid - keeps
    if keeps.amount < 0 or back.amount < 0:
        raise Refused(invalid("/kept", f"must lie between nothing and {booking.paid}"))
    details = {"received": str(booking.paid), "kept": str(keeps), "refunded": str(back)}
    change = begin(session).put(booking=replace(booking, paid=keeps, kept=keeps))
    if back.positive:
        change = change.plus(payments=(_entry(back),))
    return change.record(EventKind.NOTE, reason=reason, details=details)


def _entry(back: Money) -> PaymentRecord:
    amount = Money(-back.amount, back.currency)
    return PaymentRecord(amount=amount, auth_code=None, card=None, step_id=None)
