"""Collecting what a booking still owes: a deadline for the guest, and a task for staff.

The deadline opens and escalates the task and cancels nothing: only staff begin a cancellation, or a
time that the line itself has set (`cancellation.payment_overdue`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from booking_flow.flow import State
from booking_flow.lifecycle.cancellation import obey_cancel, staff_task
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Session
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.steps.context import DecisionContext

TO_COLLECT: Final = "what is due now has not been paid: staff collect it"
OVERDUE: Final = "it was to be collected by now; nothing is cancelled by that"


def conclude(change: Change, at: DecisionContext) -> Change:
    """Carry out what the end of a step leads to: a cancel, or the collecting of what is owed."""
    return collect(obey_cancel(change, at), at)


def to_collect(session: Session) -> bool:
    """Whether a booking waits for its money, and for nothing else."""
    unpaid = session.state is State.BOOKED and session.booking is not None
    return unpaid and session.idle and session.disputed_since is None


def collect(change: Change, at: DecisionContext) -> Change:
    """Give a booking that is not paid a deadline, and somebody the task to collect it."""
    booking = change.after.booking
    if booking is None or not to_collect(change.after):
        return change
    if booking.due_by is None:
        by = at.now + at.policy.collect_within
        change = change.put(booking=replace(booking, collect_by=by))
    return change.plus(tasks=(collect_task(change.after, at),))


def collect_task(session: Session, at: DecisionContext, *, overdue: bool = False) -> StaffTask:
    """Return the task to collect what is due now; a session has one of them at a time."""
    said = {"due": str(session.still_due)} | ({"overdue": "yes"} if overdue else {})
    task = staff_task(session, TaskKind.COLLECT_PAYMENT, at, extra=said)
    due = session.booking.due_by if session.booking else None
    return replace(task, due_at=due or task.due_at)


def see_to_collection(session: Session, at: DecisionContext) -> Change | None:
    """Open the task to collect where nobody has it, and escalate it once its deadline passed."""
    booking = session.booking
    if booking is None or not to_collect(session):
        return None
    due = booking.due_by
    if due is None or due > at.now:
        return collect(begin(session).record(EventKind.NOTE, reason=TO_COLLECT), at)
    if booking.payment_due_at is not None:
        return None
    change = begin(session).record(EventKind.NOTE, reason=OVERDUE)
    return change.plus(tasks=(collect_task(session, at, overdue=True),))
