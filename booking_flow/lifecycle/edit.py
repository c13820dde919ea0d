"""Keeping what the guest has typed so far."""

from __future__ import annotations

from collections.abc import Mapping

from booking_flow.flow import Trigger
from booking_flow.guards import can_move, ensure_open, wrong_state
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.party import Details
from booking_flow.model.session import Session


def edited(session: Session, *, changes: Mapping[str, object]) -> Change | None:
    """Replace draft details; None when that changes nothing.

    Raises:
        Refused: the session is booked, over or busy.
    """
    ensure_open(session)
    if session.reserved or session.ended:
        raise wrong_state(session, "editing details")
    details = session.details.with_changes(**changes)
    if details == session.details:
        return None
    fields = ",".join(sorted(changes))
    return begin(session).put(details=details).record(EventKind.EDITED, details={"fields": fields})


def fresh_details(details: Details) -> Details:
    """Return what a guest who starts again need not type once more."""
    return details.with_changes(cancel_reason=None, corrections=(), erasure_requested_at=None)


def may_price(session: Session) -> bool:
    """Whether asking the supplier for prices makes sense; otherwise the stored quote answers."""
    return session.unwinding is None and can_move(session, Trigger.PRICE)
