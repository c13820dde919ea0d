"""What staff, the command line and live streams read of a session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.flow import State, Trigger
from booking_flow.model.history import ActorKind, Event, EventKind, Origin
from booking_flow.supplier import SupplierCall
from persistence.codec import decode_facts, decode_object
from persistence.database import Database, fetch_all, fetch_one
from persistence.encryption import Vault
from persistence.search import SearchKind, hashes_of_query
from persistence.statements import Row

# Events after a given one, the oldest first.
HISTORY: Final = text(
    """
    SELECT seq, at, kind, trigger, from_state, to_state, actor_kind, actor_name, reason,
           request_id, trace_id, details
    FROM session_history
    WHERE session_id = :session_id AND seq > :after_seq
    ORDER BY seq
    """
)

# Evidence in the order in which it was sent.
CALLS: Final = text(
    """
    SELECT id, step_id, endpoint, at, offset_s, duration_s, outcome, http_status, error_code,
           request, response
    FROM supplier_calls WHERE session_id = :session_id ORDER BY at, id
    """
)

# A session by what its guest was given.
BY_REFERENCE: Final = text(
    "SELECT session_id FROM session_references WHERE reference = upper(:reference)"
)

# Sessions by keyed hashes of something personal, the latest first.
BY_HASH: Final = text(
    """
    SELECT s.id AS session_id FROM session_search f
    JOIN booking_sessions s ON s.id = f.session_id
    WHERE f.kind = :kind AND f.hash = ANY(:hashes)
    GROUP BY s.id ORDER BY s.created_at DESC LIMIT :limit
    """
)

# The session a reservation or the supplier's booking id belongs to.
BY_BOOKING: Final = text(
    """
    SELECT session_id FROM bookings
    WHERE supplier_booking_id = :number OR reservation = :number LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """An event with its place, its time and who caused it."""

    seq: int
    at: datetime
    event: Event
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEntry:
    """Evidence of a supplier call, and when it was sent."""

    at: datetime
    call: SupplierCall


async def history(
    engine: Database, session_id: UUID, *, after_seq: int = -1
) -> Sequence[HistoryEntry]:
    """Return all that happened to a session after event `after_seq`."""
    values = {"session_id": session_id, "after_seq": after_seq}
    return [_history_entry(row) for row in await fetch_all(engine, HISTORY, values)]


async def calls(engine: Database, session_id: UUID) -> Sequence[CallEntry]:
    """Return the evidence of a session's supplier calls."""
    return [_call_entry(row) for row in await fetch_all(engine, CALLS, {"session_id": session_id})]


async def find_by_reference(engine: Database, reference: str) -> UUID | None:
    """Return the session a reference was given to."""
    row = await fetch_one(engine, BY_REFERENCE, {"reference": reference.strip()})
    return None if row is None else _session_id(row)


async def find_by_booking(engine: Database, number: str, *, limit: int = 50) -> Sequence[UUID]:
    """Return the sessions with this reservation or supplier booking id."""
    values = {"number": number.strip(), "limit": limit}
    return [_session_id(row) for row in await fetch_all(engine, BY_BOOKING, values)]


async def find_by_guest(
    engine: Database, vault: Vault, kind: SearchKind, value: str, *, limit: int = 50
) -> Sequence[UUID]:
    """Return the sessions of a guest, the latest first."""
    values = {"kind": kind.value, "hashes": hashes_of_query(vault, kind, value), "limit": limit}
    return [_session_id(row) for row in await fetch_all(engine, BY_HASH, values)]


def _session_id(row: Row) -> UUID:
    found: UUID = row.session_id
    return found


def _history_entry(row: Row) -> HistoryEntry:
    return HistoryEntry(
        seq=row.seq,
        at=row.at,
        event=Event(
            kind=EventKind(row.kind),
            from_state=None if row.from_state is None else State(row.from_state),
            to_state=State(row.to_state),
            trigger=None if row.trigger is None else Trigger(row.trigger),
            reason=row.reason,
            details=decode_facts(row.details),
        ),
        origin=Origin(
            actor=ActorKind(row.actor_kind),
            actor_name=row.actor_name,
            request_id=row.request_id,
            trace_id=row.trace_id,
        ),
    )


def _call_entry(row: Row) -> CallEntry:
    call = SupplierCall(
        id=row.id,
        endpoint=row.endpoint,
        step_id=row.step_id,
        sent_at_offset=row.offset_s,
        duration=row.duration_s,
        outcome=row.outcome,
        http_status=row.http_status,
        error_code=row.error_code,
        request=decode_object(row.request),
        response=None if row.response is None else decode_object(row.response),
    )
    return CallEntry(at=row.at, call=call)
