"""Recording money that was received outside: by bank transfer, say, or by telephone."""

from __future__ import annotations

from booking_flow.errors import RefusalCode, Refused, invalid, refuse
from booking_flow.flow import State, Trigger
from booking_flow.guards import ensure_open, wrong_state
from booking_flow.model.change import Change, PaymentRecord, begin
from booking_flow.model.history import EventKind
from booking_flow.model.money import Money
from booking_flow.model.session import Session, booking_of

TWO_CURRENCIES = (
    "It was paid in another currency than it is booked in; that has to be settled first."
)


def recorded(session: Session, amount: Money, *, reason: str | None) -> Change:
    """Enter money that was received outside; with what is due now covered, a booking is paid.

    Raises:
        Refused: nothing is to be paid now, or the amount cannot be.
    """
    ensure_open(session)
    if not recordable(session):
        raise wrong_state(session, "recording a payment")
    _ensure_owed(session, amount)
    booking = booking_of(session).receiving(amount)
    record = PaymentRecord(amount=amount, auth_code=None, card=None, step_id=None)
    change = begin(session).put(booking=booking).plus(payments=(record,))
    details = {"amount": str(amount), "outstanding": str(booking.outstanding)}
    if session.state is State.BOOKED and not change.after.still_due.positive:
        return change.move(Trigger.PAY, reason=reason, details=details)
    return change.record(EventKind.NOTE, reason=reason, details=details)


def received_in_full(session: Session, *, reason: str | None) -> Change:
    """Enter that all of what is due now was received outside, be it the balance.

    Raises:
        Refused: nothing is due now, or nothing can be entered.
    """
    ensure_open(session)
    if not recordable(session):
        raise wrong_state(session, "recording a payment")
    return recorded(session, session.payable_now, reason=reason)


def recordable(session: Session) -> bool:
    """Whether something is still to be paid, and nothing is under way."""
    if not (session.idle and session.reserved):
        return False
    return session.booking is not None and session.booking.outstanding.positive


def _ensure_owed(session: Session, amount: Money) -> None:
    """Refuse an amount that is not owed; the line is owed in the currency that it booked in."""
    booking = booking_of(session)
    currency = booking.total.currency
    if booking.paid.currency != currency:
        raise refuse(RefusalCode.WRONG_STATE, TWO_CURRENCIES)
    if amount.currency != currency:
        raise Refused(invalid("/currency", f"must be {currency}"))
    if not amount.positive:
        raise Refused(invalid("/amount", "must be more than nothing"))
    if (booking.outstanding - amount).amount < 0:
        detail = f"must not exceed the outstanding {booking.outstanding}"
        raise Refused(invalid("/amount", detail))
