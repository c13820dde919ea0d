"""Recording money that was received outside: by bank transfer, say, or by telephone."""

from __future__ import annotations

from booking_flow.channels import channel_of
from booking_flow.errors import Refusal, RefusalCode, Refused, invalid, refuse
from booking_flow.flow import State, Trigger
from booking_flow.model.card import PaymentType
from booking_flow.model.change import Change, PaymentRecord, begin
from booking_flow.model.history import EventKind
from booking_flow.model.money import Money
from booking_flow.model.session import Booking, Session
from booking_flow.policy import Policy
from booking_flow.steps.context import DecisionContext
from booking_flow.steps.guards import ensure_open, wrong_state
from booking_flow.steps.hold import basket_of
from booking_flow.steps.pay import booking_of, due_now

ELSEWHERE = Refusal(
    code=RefusalCode.WRONG_STATE,
    detail="What is due now is paid by card here; only a later balance is recorded by hand.",
)
TWO_CURRENCIES = "The booking is not in the session's currency; that has to be settled first."


def recorded(session: Session, amount: Money, at: DecisionContext, *, reason: str) -> Change:
    """Enter money that was received outside; with what is due now covered, a booking is paid.

    Raises:
        Refused: nothing is to be paid now, it is paid in another way, or the amount cannot be.
    """
    ensure_open(session)
    if not _taken_here(session, at.policy):
        raise Refused(ELSEWHERE)
    if not recordable(session, at.policy):
        raise wrong_state(session, "recording a payment")
    _ensure_owed(session, amount)
    booking = booking_of(session).receiving(amount)
    record = PaymentRecord(amount=amount, auth_code=None, card=None, step_id=None)
    change = begin(session).put(booking=booking).plus(payments=(record,))
    details = {"amount": str(amount), "outstanding": str(booking.outstanding)}
    if session.state is State.BOOKED and _covered(session, booking):
        return change.move(Trigger.PAY, reason=reason, details=details)
    return change.record(EventKind.NOTE, reason=reason, details=details)


def recordable(session: Session, policy: Policy) -> bool:
    """Whether something is still to be paid in this way, and nothing is under way."""
    if not (session.idle and session.reserved and _taken_here(session, policy)):
        return False
    return session.booking is not None and session.booking.outstanding.positive


def _taken_here(session: Session, policy: Policy) -> bool:
    return session.state is not State.BOOKED or channel_of(policy).due_by_hand


def _ensure_owed(session: Session, amount: Money) -> None:
    booking, currency = booking_of(session), session.currency
    if {booking.total.currency, booking.paid.currency} != {currency}:
        raise refuse(RefusalCode.WRONG_STATE, TWO_CURRENCIES)
    if amount.currency != currency:
        raise Refused(invalid("/currency", f"must be {currency}"))
    if not amount.positive:
        raise Refused(invalid("/amount", "must be more than nothing"))
    if (booking.outstanding - amount).amount < 0:
        detail = f"must not exceed the outstanding {booking.outstanding}"
        raise Refused(invalid("/amount", detail))


def _covered(session: Session, booking: Booking) -> bool:
    """Whether all is paid, or the deposit where the line asks for no more now."""
    due = due_now(basket_of(session), PaymentType.DEPOSIT)
    return not booking.outstanding.positive or booking.paid.amount >= due.amount
