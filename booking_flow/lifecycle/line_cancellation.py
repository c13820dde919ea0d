"""What a person says of a cancellation at the line: confirmed, or refused."""

from __future__ import annotations

from booking_flow.context import DecisionContext
from booking_flow.errors import RefusalCode, refuse
from booking_flow.flow import Trigger
from booking_flow.lifecycle.cancellation import end_of
from booking_flow.lifecycle.collection import collect
from booking_flow.lifecycle.refund import settle_money
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Session, booking_of


def line_cancelled(session: Session, at: DecisionContext, *, reason: str | None) -> Change:
    """End a reserved session: the line has confirmed its cancellation."""
    if session.unwinding is None or not session.reserved:
        raise refuse(RefusalCode.WRONG_STATE, "No cancellation is under way.")
    trigger = end_of(session.unwinding.reason)
    return settle_money(begin(session).move(trigger, reason=reason).put(unwinding=None), at)


def line_refused(session: Session, at: DecisionContext, *, reason: str | None) -> Change:
    """Go on with a reserved session: the line refused to cancel it."""
    if session.unwinding is None or not session.reserved:
        raise refuse(RefusalCode.WRONG_STATE, "No cancellation is under way.")
    trigger = end_of(session.unwinding.reason)
    change = begin(session).put(unwinding=None)
    if trigger is Trigger.EXPIRE:
        change = change.put(booking=booking_of(session).without_deadline())
    change = change.record(EventKind.UNWINDING, trigger=trigger, reason=reason or "refused")
    return collect(change, at)
