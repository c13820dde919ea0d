"""Moving a session by hand: where it may go, and what that leaves as it is at the line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from booking_flow.context import DecisionContext
from booking_flow.errors import RefusalCode, Refused, invalid, refuse
from booking_flow.flow import ENDS, FLOW, RESERVED, State, Trigger
from booking_flow.guards import ensure_no_step
from booking_flow.lifecycle.cancellation import owed_for
from booking_flow.lifecycle.collection import collect
from booking_flow.model.change import Change, begin
from booking_flow.model.session import Session, booking_of

_UNDECIDED = (State.CREATED, State.PRICED)


class Remains(StrEnum):
    """What moving a session by hand does not undo."""

    HOLD = "hold"
    RESERVATION = "reservation"
    PAYMENT = "payment"
    NO_PAYMENT = "no_payment"
    CANCELLATION = "cancellation"
    DEADLINE = "deadline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A way to another state; without a trigger of the flow it is an override."""

    to: State
    trigger: Trigger | None
    remains: Mapping[Remains, str]
    """What it does not undo, in words for who decides."""

    @property
    def override(self) -> bool:
        """Whether a person must take it upon them."""
        return self.trigger is None


def jump_to(session: Session, to: State, at: DecisionContext) -> Jump:
    """Look whether a session can be moved to another state, and at what price.

    Raises:
        Refused: it is busy, it lacks what that state knows, or its row would make no sense.
    """
    _ensure_idle(session)
    why_not = _missing(session, to, at)
    if why_not is not None:
        raise refuse(RefusalCode.WRONG_STATE, why_not)
    remains = MappingProxyType(dict(_remains(session, to, at)))
    trigger = None if remains else _trigger(session.state, to)
    return Jump(to=to, trigger=trigger, remains=remains)


def moved(
    session: Session,
    to: State,
    at: DecisionContext,
    *,
    reason: str,
    override: bool = False,
    accepted: frozenset[str] = frozenset(),
) -> Change:
    """Move a session; where that leaves something behind, whoever does it must say what.

    Raises:
        Refused: see `jump_to`; or the override is not asked for, or not for what it leaves.
    """
    jump = jump_to(session, to, at)
    if jump.override:
        _ensure_taken_on(jump, override=override, accepted=accepted)
    change = _handed_over(begin(session), at)
    if jump.trigger is not None:
        return collect(_tidied(change.move(jump.trigger, reason=reason), at), at)
    details = {"remains": ", ".join(jump.remains)} if jump.remains else {}
    return collect(_tidied(change.jump(to, reason=reason, details=details), at), at)


def _ensure_idle(session: Session) -> None:
    ensure_no_step(session)
    if session.unwinding is not None:
        raise refuse(RefusalCode.WRONG_STATE, "It is being undone; that has to end first.")


def _ensure_taken_on(jump: Jump, *, override: bool, accepted: frozenset[str]) -> None:
    if override and accepted == frozenset(jump.remains):
        return
    said = ", ".join(jump.remains) or "nothing"
    pointer, detail = (
        ("/notUndone", f"must name what is not undone: {said}")
        if override
        else ("/override", f"is needed, and would not undo: {said}")
    )
    raise Refused(invalid(pointer, detail))


def _missing(session: Session, to: State, at: DecisionContext) -> str | None:
    """Return why a session cannot be in that state, or None."""
    if to is session.state:
        return "It is in that state already."
    if to in ENDS:
        return None
    if to is State.BASKETED:
        return "Only the supplier can hold a cabin: choose it again."
    return _unbooked(session, to) if to in RESERVED else _unknown(session, to, at)


def _unbooked(session: Session, to: State) -> str | None:
    if session.booking is None:
        return f"No reservation is known, so it cannot be {to}."
    return None


def _unknown(session: Session, to: State, at: DecisionContext) -> str | None:
    if session.booking is not None:
        return "The line has a reservation for it: cancel that."
    if session.ended and session.expires_at <= at.now:
        return "Its time is over: the guest can start again with the same party."
    if to is State.PRICED and session.quote is None:
        return "No prices were read for it."
    if to is State.CABIN_SELECTED and session.selection is None:
        return "No cabin was chosen."
    return None


def _trigger(state: State, to: State) -> Trigger | None:
    """Return the trigger by which the flow itself leads there; a guard always leaves remains."""
    leading = (row.trigger for row in FLOW if state in row.sources and row.target is to)
    return next(leading, None)


def _remains(session: Session, to: State, at: DecisionContext) -> Iterator[tuple[Remains, str]]:
    if session.state is State.BASKETED and to is not State.CABIN_SELECTED:
        yield Remains.HOLD, "The line may still hold the cabin; letting it go is tried from now on."
    if session.booking is not None:
        yield from _of_booking(session, to, at)


def _of_booking(session: Session, to: State, at: DecisionContext) -> Iterator[tuple[Remains, str]]:
    booking = booking_of(session)
    if to in ENDS:
        yield Remains.RESERVATION, f"Reservation {booking.reservation} stays as it is at the line."
    if session.ended and to in RESERVED:
        yield Remains.CANCELLATION, "What was cancelled at the line is not booked again."
    if to is not State.PAID and booking.paid.positive:
        yield Remains.PAYMENT, f"{booking.paid} are paid and stay so; nothing is refunded."
    if to is State.PAID and not booking.paid.positive:
        yield Remains.NO_PAYMENT, f"No money is recorded; {booking.outstanding} stay outstanding."
    if to is State.BOOKED and _overdue(session, at):
        yield Remains.DEADLINE, "The payment deadline has passed and is dropped."


def _overdue(session: Session, at: DecisionContext) -> bool:
    due = booking_of(session).payment_due_at
    return due is not None and due <= at.now


def _handed_over(change: Change, at: DecisionContext) -> Change:
    """Leave a cabin that is held to those who let it go."""
    if change.after.state is not State.BASKETED:
        return change
    return change.put(basket=None, supplier=None).plus(owed=owed_for(change.before, at))


def _tidied(change: Change, at: DecisionContext) -> Change:
    """Drop what would contradict the state a session was moved to."""
    before, to = change.before, change.after.state
    if to is State.CANCELLED:
        return change.put(cancel_requested_at=before.cancel_requested_at or at.now)
    if before.state is State.CANCELLED:
        change = change.put(cancel_requested_at=None)
    if to in _UNDECIDED:
        change = change.put(selection=None)
    if to in (*_UNDECIDED, State.CABIN_SELECTED):
        change = change.put(basket=None)
    if to is State.BOOKED and _overdue(before, at):
        change = change.put(booking=booking_of(before).without_deadline())
    return change
