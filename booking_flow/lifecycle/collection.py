"""Collecting what a booking still owes: a deadline for the guest, and a task for staff.

The deadline opens and escalates the task and cancels nothing: only staff begin a cancellation, or a
time that the line itself has set (`cancellation.payment_overdue`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from booking_flow.context import DecisionContext
from booking_flow.flow import State
from booking_flow.lifecycle.cancellation import obey_cancel, staff_task
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Booking, Session
from booking_flow.model.task import StaffTask, TaskKind

TO_COLLECT: Final = "what is due now has not been paid: staff collect it"
BALANCE_LATE: Final = "the balance was due by now: staff collect it"
REMINDED: Final = "the guest is reminded of the balance"
OVERDUE: Final = "it was to be collected by now; nothing is cancelled by that"


def conclude(change: Change, at: DecisionContext) -> Change:
    """Carry out what the end of a step leads to: a cancel, or the collecting of what is owed."""
    return collect(obey_cancel(change, at), at)


def balance_owed(session: Session) -> Booking | None:
    """Return the booking of a session that owes a balance and is not busy; None otherwise."""
    made = session.booking
    if session.state is not State.PAID or not session.idle or session.disputed_since is not None:
        return None
    return made if made is not None and made.outstanding.positive else None


def remind(session: Session, at: DecisionContext) -> Change | None:
    """Remind the guest of a balance, once, some days before it is due."""
    booking, today = balance_owed(session), at.now.date()
    if booking is None or booking.reminded_at is not None or booking.balance_due_date is None:
        return None
    soon = today + timedelta(days=at.policy.remind_days)
    if not today <= booking.balance_due_date <= soon:
        return None
    change = begin(session).put(booking=replace(booking, reminded_at=at.now))
    return replace(change.record(EventKind.NOTE, reason=REMINDED), reminds=True)


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
    said = {"due": str(session.payable_now)} | ({"overdue": "yes"} if overdue else {})
    task = staff_task(session, TaskKind.COLLECT_PAYMENT, at, extra=said)
    due = session.booking.due_by if session.booking and session.state is State.BOOKED else None
    return replace(task, due_at=due or task.due_at)


def see_to_collection(session: Session, at: DecisionContext) -> Change | None:
    """Open the task to collect where nobody has it, and escalate it once its deadline passed."""
    owed = balance_owed(session)
    if owed is not None and owed.balance_late(at.now.date()):
        change = begin(session).record(EventKind.NOTE, reason=BALANCE_LATE)
        return change.plus(tasks=(collect_task(session, at, overdue=True),))
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
