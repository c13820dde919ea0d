"""The history of a session: every event, and the proof that they fold to its state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from booking_flow.flow import State, Trigger, rule


class EventKind(StrEnum):
    """What can be recorded of a session; only `transition` and `override` change its state."""

    CREATED = "created"
    TRANSITION = "transition"
    STEP_CLAIMED = "step_claimed"
    STEP_UNKNOWN = "step_unknown"
    STEP_SETTLED = "step_settled"
    LATE_ANSWER = "late_answer"
    EDITED = "edited"
    """What the guest has typed was changed: a draft, or a correction of a booking."""
    CANCEL_REQUESTED = "cancel_requested"
    UNWINDING = "unwinding"
    """Undoing began, was confirmed or was refused."""
    NOTE = "note"
    OVERRIDE = "override"


class ActorKind(StrEnum):
    """Who caused an event."""

    GUEST = "guest"
    STAFF = "staff"
    WORKER = "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who asked, and under which request; stamped on every event of a command."""

    actor: ActorKind
    actor_name: str | None = None
    request_id: str | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row of the history; `details` hold allow-listed, non-personal values only."""

    kind: EventKind
    from_state: State | None
    to_state: State
    trigger: Trigger | None = None
    reason: str | None = None
    details: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class HistoryBroken(Exception):  # noqa: N818 - names what was found
    """A stored history does not fold through the current flow."""


def fold(events: Iterable[Event]) -> State | None:
    """Replay a history through the flow and return the state it ends in; None when empty.

    Raises:
        HistoryBroken: an event does not follow from the ones before it.
    """
    state: State | None = None
    for seq, event in enumerate(events):
        if event.from_state is not state:
            raise HistoryBroken(f"event {seq} starts in {event.from_state}, not in {state}")
        state = _follow(seq, event)
    return state


def flaw(events: Sequence[Event], *, state: State, version: int) -> str | None:
    """Return why a history does not lead to the session that is stored beside it, or None."""
    try:
        found = fold(events)
    except HistoryBroken as broken:
        return str(broken)
    if found is not state:
        return f"it leads to {found}, and {state} is stored"
    if len(events) - 1 != version:
        return f"it ends with event {len(events) - 1}, and version {version} is stored"
    return None


def _follow(seq: int, event: Event) -> State:
    if event.to_state is not _expected(event):
        raise HistoryBroken(f"event {seq} ({event.kind}) leads to {event.to_state}")
    return event.to_state


def _expected(event: Event) -> State | None:
    if event.from_state is None:
        return State.CREATED if event.kind is EventKind.CREATED else None
    match event.kind:
        case EventKind.OVERRIDE:
            return event.to_state
        case EventKind.TRANSITION if event.trigger is not None:
            row = rule(event.from_state, event.trigger)
            return row.target if row else None
        case EventKind.CREATED | EventKind.TRANSITION:
            return None
        case (
            EventKind.STEP_CLAIMED
            | EventKind.STEP_UNKNOWN
            | EventKind.STEP_SETTLED
            | EventKind.LATE_ANSWER
            | EventKind.EDITED
            | EventKind.CANCEL_REQUESTED
            | EventKind.UNWINDING
            | EventKind.NOTE
        ):
            return event.from_state
        case never:
            assert_never(never)
