"""A guest who asks that what they typed is erased: a supervisor does it once it is possible."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Final

from booking_flow.context import DecisionContext
from booking_flow.errors import RefusalCode, refuse
from booking_flow.lifecycle.cancellation import staff_task
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import NO_DETAILS, Session
from booking_flow.model.task import StaffTask, TaskKind

NOTHING_KEPT: Final = "Nothing that the guest typed is kept."
_AFTER_SAILING: Final = timedelta(days=2)
"""The day of the sailing itself still counts, in every zone."""


def request_erasure(session: Session, at: DecisionContext) -> Change | None:
    """Open a task to erase the guest; None where that is asked for already.

    Raises:
        Refused: `wrong_state`, nothing is kept that could be erased.
    """
    if session.details == NO_DETAILS:
        raise refuse(RefusalCode.WRONG_STATE, NOTHING_KEPT)
    if session.details.erasure_requested_at is not None:
        return None
    details = session.details.with_changes(erasure_requested_at=at.now)
    change = begin(session).put(details=details).plus(tasks=(_task(session, at),))
    return change.record(EventKind.NOTE, details={"requested": "erasure"})


def _task(session: Session, at: DecisionContext) -> StaffTask:
    """Return the task; of what is booked nothing can be erased before it has sailed."""
    task = staff_task(session, TaskKind.ERASURE_REQUESTED, at)
    if not session.reserved:
        return task
    sailed = datetime.combine(session.sailing.sailing_date, time(), UTC) + _AFTER_SAILING
    return replace(task, due_at=max(task.due_at, sailed))
