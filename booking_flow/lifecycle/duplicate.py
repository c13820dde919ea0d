"""A second reservation that the line holds for one session, until one of the two is cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from booking_flow.context import DecisionContext
from booking_flow.errors import Refused, invalid
from booking_flow.guards import wrong_state
from booking_flow.lifecycle.cancellation import staff_task
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Booking, Duplicate, DuplicateStatus, Session
from booking_flow.model.task import TaskKind


def may_have_duplicate(session: Session) -> bool:
    """Whether a second reservation can be entered: beside a first one that stands."""
    return session.reserved and session.booking is not None and session.open_step is None


def enter_duplicate(
    session: Session, reservation: str, at: DecisionContext, *, reason: str
) -> Change:
    """Enter a second reservation of a session; it stands on a task, and not as its booking.

    Raises:
        Refused: nothing is booked, or the number is known.
    """
    made = session.booking
    if made is None or not may_have_duplicate(session):
        raise wrong_state(session, "a second booking")
    if reservation in (made.reservation, *(each.reservation for each in made.duplicates)):
        raise Refused(invalid("/reservation", "is that of this booking already"))
    said = {"duplicate": reservation, "lineId": str(session.sailing.line_id)}
    task = staff_task(session, TaskKind.DUPLICATE_BOOKING, at, extra=said)
    second = Duplicate(reservation=reservation, status=DuplicateStatus.OPEN)
    change = begin(session).put(booking=_with(made, (*made.duplicates, second)))
    change = change.record(EventKind.NOTE, reason=reason, details={"duplicate": reservation})
    return change.plus(tasks=(task,))


def end_duplicate(
    session: Session, reservation: str, status: DuplicateStatus, *, reason: str | None
) -> Change:
    """Enter that one of two reservations is cancelled and refunded."""
    details = {"duplicate": reservation, "status": status.value}
    change = begin(session).record(EventKind.NOTE, reason=reason, details=details)
    if (made := session.booking) is None:
        return change
    left = [
        replace(each, status=status) if each.reservation == reservation else each
        for each in made.duplicates
    ]
    return change.put(booking=_with(made, left))


def _with(booking: Booking, duplicates: Sequence[Duplicate]) -> Booking:
    return replace(booking, duplicates=tuple(duplicates))
