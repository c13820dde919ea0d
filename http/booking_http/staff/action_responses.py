"""What staff are told before and after they act: where a session may go, and work on many."""

from __future__ import annotations

from booking_flow.flow import State
from booking_flow.lifecycle.manual_transition import Remains
from booking_http.web.models import Moment, ResponseModel
from persistence.tables.bulk import BulkAction


class RemainResponse(ResponseModel):
    """Something that a move does not undo; `what` goes into `notUndone`."""

    what: Remains
    detail: str


class WayResponse(ResponseModel):
    """Whether a session can be moved to a state, and what that would not undo."""

    to: State
    label: str
    possible: bool
    why_not: str | None
    override: bool
    not_undone: list[RemainResponse]


class WaysResponse(ResponseModel):
    """Where a session can be moved by hand."""

    version: int
    ways: list[WayResponse]


class FailedResponse(ResponseModel):
    """A session for which something did not work, and why."""

    session_id: str
    reference: str
    why: str


class BulkResponse(ResponseModel):
    """How far a run over many sessions has come; `more` says that some found no room in it."""

    run_id: str
    action: BulkAction
    by: str
    reason: str
    started_at: Moment
    ended_at: Moment | None
    more: bool
    total: int
    done: int
    failed: int
    left: int
    failures: list[FailedResponse]


class CheckResponse(ResponseModel):
    """Which histories of a page do not fold; `next` is the cursor of the page after."""

    sessions: int
    events: int
    broken: list[FailedResponse]
    next: str | None
