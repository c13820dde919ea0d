"""Giving a guest more time: which deadlines are ours to move, and how far."""

from __future__ import annotations

from datetime import UTC, datetime, time
from enum import StrEnum

from booking_flow.channels import channel_of
from booking_flow.context import DecisionContext
from booking_flow.errors import Refusal, RefusalCode, Refused, invalid, refuse
from booking_flow.flow import State
from booking_flow.guards import ensure_open, wrong_state
from booking_flow.lifecycle.collection import collect
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Session, UnwindingReason, booking_of

TOO_LATE = Refusal(
    code=RefusalCode.WRONG_STATE,
    detail="The payment deadline has passed and the line is asked to cancel; only if the line "
    "refuses does the booking go on.",
)


class Deadline(StrEnum):
    """A deadline of ours; how long a cabin is held is for the supplier to say."""

    SESSION = "session"
    PAYMENT = "payment"


def extended(
    session: Session, deadline: Deadline, until: datetime, at: DecisionContext, *, reason: str
) -> Change:
    """Move a deadline to a later moment, as far as the supplier lets us.

    Raises:
        Refused: there is no such deadline now, or it cannot be moved there.
    """
    if session.unwinding is not None and session.unwinding.reason is UnwindingReason.EXPIRE:
        raise Refused(TOO_LATE)
    ensure_open(session)
    old, latest = _reach(session, deadline, at)
    _ensure_within(until, max(old, at.now), latest)
    details = {
        "deadline": deadline.value,
        "from": old.isoformat(timespec="seconds"),
        "until": until.isoformat(timespec="seconds"),
    }
    change = begin(session).record(EventKind.NOTE, reason=reason, details=details)
    if deadline is Deadline.SESSION:
        return change.put(expires_at=until)
    change = change.put(booking=booking_of(session).due_later(until))
    return collect(change, at)


def movable(session: Session) -> Deadline | None:
    """Return which deadline a session has that staff may move; never more than one."""
    if not session.idle or session.ended:
        return None
    if not session.reserved:
        return Deadline.SESSION
    due = session.booking.due_by if session.booking else None
    return Deadline.PAYMENT if session.state is State.BOOKED and due is not None else None


def _reach(session: Session, deadline: Deadline, at: DecisionContext) -> tuple[datetime, datetime]:
    """Return where a deadline lies, and how late it may lie."""
    if movable(session) is not deadline:
        raise wrong_state(session, f"another {deadline} deadline")
    if deadline is Deadline.SESSION:
        return session.expires_at, _session_end(session, at)
    due = booking_of(session).due_by
    return due or at.now, _payment_end(session, at)


def _session_end(session: Session, at: DecisionContext) -> datetime:
    """With nothing held a new supplier session can be opened at any time."""
    held = session.state is State.BASKETED and session.supplier is not None
    opened = session.supplier.opened_at if held and session.supplier else at.now
    return opened + at.policy.session_life


def _payment_end(session: Session, at: DecisionContext) -> datetime:
    """What is paid through the supplier is paid while its session lives; staff collect later."""
    ours = booking_of(session).payment_due_at is None
    if ours or not channel_of(at.policy).card_after_booking:
        return datetime.combine(session.sailing.sailing_date, time(), tzinfo=UTC)
    if session.supplier is None:
        raise refuse(RefusalCode.WRONG_STATE, "The supplier session it is paid in is over.")
    return session.supplier.opened_at + at.policy.session_life


def _ensure_within(until: datetime, after: datetime, latest: datetime) -> None:
    if after < until <= latest:
        return
    earliest, last = (moment.isoformat(timespec="seconds") for moment in (after, latest))
    detail = f"must lie after {earliest} and not after {last}"
    raise Refused(invalid("/until", detail))
