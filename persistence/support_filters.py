"""What staff leave out of a list of sessions; nothing of it is personal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from booking_flow.flow import STATES, State
from booking_flow.model.step import StepName, StepStatus
from booking_flow.supplier_errors import FailureKind

FILTERS: Final[Mapping[str, str]] = {
    "state": "s.state = :state",
    "attention": """s.id IN (
        SELECT session_id FROM staff_tasks WHERE closed_at IS NULL
        UNION SELECT session_id FROM saga_steps WHERE status = 'unknown'
        UNION SELECT session_id FROM saga_steps WHERE status = 'owed')""",
    "owes": "s.id IN (SELECT session_id FROM saga_steps WHERE status = 'owed')",
    "in_doubt": """s.id IN (
        SELECT session_id FROM saga_steps WHERE status IN ('started', 'unknown'))""",
    "cruise_id": "s.cruise_id = :cruise_id",
    "since": "s.created_at >= :since",
    "until": "s.created_at < :until",
    "reached": "s.furthest = ANY (CAST(:reached AS text[]))",
    "furthest": "s.furthest = :furthest",
    "ended": "(s.state IN ('expired', 'cancelled')) = :ended",
    # Each arm has an index of its own, which holds what is open and nothing else.
    "step": """s.id IN (
        SELECT session_id FROM saga_steps
        WHERE status IN ('started', 'unknown') AND name = :step
          AND status = ANY (CAST(:step_statuses AS text[]))
        UNION SELECT session_id FROM saga_steps
        WHERE status = 'owed' AND name = :step
          AND status = ANY (CAST(:step_statuses AS text[])))""",
    # Nearly every session has made such a call, and few have seen it fail.
    "call": """s.created_at < :called_until AND EXISTS (
        SELECT FROM supplier_calls c
        WHERE c.session_id = s.id AND c.endpoint = :call
          AND c.at >= :called_since AND c.at < :called_until)""",
    # An array is looked up by key; a subquery would be tried for one session after the other.
    "failed_call": """s.id = ANY (ARRAY(
        SELECT c.session_id FROM supplier_calls c
        WHERE c.outcome <> 'ok' AND c.outcome = ANY (CAST(:outcomes AS text[]))
          AND c.endpoint = :call
          AND c.at >= :called_since AND c.at < :called_until))""",
    "before": "(s.created_at, s.id) < (:before_at, :before_id)",
}
_OPEN: Final = (StepStatus.STARTED, StepStatus.UNKNOWN, StepStatus.OWED)
_ORDER: Final = tuple(row.state for row in STATES)
_EVER: Final = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
Filters = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorPlace:
    """Where a page ended."""

    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSessions:
    """What is looked for; without a query, everything that passes the filters."""

    query: str | None = None
    state: State | None = None
    attention: bool = False
    owes: bool = False
    """Something is still to be undone."""
    in_doubt: bool = False
    """A step is open."""
    cruise_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    reached: State | None = None
    """They came at least so far."""
    furthest: State | None = None
    """They came so far and never further."""
    ended: bool | None = None
    step: StepName | None = None
    """It is open, or owed to the supplier."""
    step_status: StepStatus | None = None
    call: str | None = None
    """The supplier was asked this, between the two moments that follow."""
    called_since: datetime | None = None
    called_until: datetime | None = None
    failures: tuple[FailureKind, ...] = ()
    """One of these became of the call."""
    before: CursorPlace | None = None
    limit: int = 25


def filters_of(wanted: WantedSessions) -> Filters:
    """Return the filters that are set, with the values each needs."""
    place = wanted.before
    every: dict[str, dict[str, Any] | None] = {
        "state": {"state": wanted.state.value} if wanted.state else None,
        "attention": {} if wanted.attention else None,
        "owes": {} if wanted.owes else None,
        "in_doubt": {} if wanted.in_doubt else None,
        "cruise_id": {"cruise_id": wanted.cruise_id} if wanted.cruise_id else None,
        "since": {"since": wanted.since} if wanted.since else None,
        "until": {"until": wanted.until} if wanted.until else None,
        "ended": None if wanted.ended is None else {"ended": wanted.ended},
        "before": {"before_at": place.at, "before_id": place.id} if place else None,
        **_how_far(wanted),
        **_asked(wanted),
    }
    return {name: values for name, values in every.items() if values is not None}


def _how_far(wanted: WantedSessions) -> Filters:
    found: Filters = {}
    if wanted.reached:
        further = _ORDER[_ORDER.index(wanted.reached) :]
        found["reached"] = {"reached": [state.value for state in further]}
    if wanted.furthest:
        found["furthest"] = {"furthest": wanted.furthest.value}
    return found


def _asked(wanted: WantedSessions) -> Filters:
    """Return the filters of what the supplier was asked."""
    found: Filters = {}
    if wanted.step:
        statuses = (wanted.step_status,) if wanted.step_status else _OPEN
        found["step"] = {
            "step": wanted.step.value,
            "step_statuses": [status.value for status in statuses],
        }
    if wanted.call:
        first, last = _EVER
        values = {
            "call": wanted.call,
            "called_since": wanted.called_since or first,
            "called_until": wanted.called_until or last,
        }
        failures = {"outcomes": [kind.value for kind in wanted.failures]}
        found |= {"failed_call": values | failures} if wanted.failures else {"call": values}
    return found
