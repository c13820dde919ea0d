"""Whether all stored histories fold through the flow as it is now, so many sessions at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.flow import State, Trigger
from booking_flow.model.history import Event, EventKind, flaw
from persistence.database import Database, fetch_all
from persistence.statements import Row

PAGE: Final = 250
"""Sessions that one statement reads; it sees all of them at one moment."""

# Some sessions, in the order of their ids, each with its whole history.
HISTORIES: Final = text(
    """
    WITH page AS MATERIALIZED (
        SELECT id, reference, state, version FROM booking_sessions
        WHERE id > CAST(:after AS uuid) ORDER BY id LIMIT :limit
    )
    SELECT p.id, p.reference, p.state, p.version, h.seq, h.kind, h.trigger, h.from_state,
           h.to_state
    FROM page p LEFT JOIN session_history h ON h.session_id = p.id
    ORDER BY p.id, h.seq
    """
)
_FIRST: Final = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A session whose history does not lead to it, and why."""

    session_id: UUID
    reference: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found in some sessions; `last` is where to go on, None once all are checked."""

    sessions: int
    events: int
    broken: Sequence[Broken]
    last: UUID | None


async def check_histories(engine: Database, *, after: UUID | None = None, limit: int) -> Checked:
    """Check the sessions that come after one."""
    rows = await fetch_all(engine, HISTORIES, {"after": after or _FIRST, "limit": limit})
    histories = [(key, list(found)) for key, found in groupby(rows, key=_session)]
    ended = len(histories) < limit
    return Checked(
        sessions=len(histories),
        events=sum(row.seq is not None for row in rows),
        broken=[broken for key, found in histories for broken in _broken(key, found)],
        last=None if ended else histories[-1][0][0],
    )


async def check_all(engine: Database) -> AsyncIterator[Checked]:
    """Check every session, page by page; no more than a page is in memory."""
    after: UUID | None = None
    while True:
        checked = await check_histories(engine, after=after, limit=PAGE)
        yield checked
        if checked.last is None:
            return
        after = checked.last


def _session(row: Row) -> tuple[UUID, str, str, int]:
    return row.id, row.reference, row.state, row.version


def _broken(key: tuple[UUID, str, str, int], rows: list[Row]) -> Iterator[Broken]:
    session_id, reference, state, version = key
    why = _flaw(rows, state=state, version=version)
    if why is not None:
        yield Broken(session_id=session_id, reference=reference, why=why)


def _flaw(rows: list[Row], *, state: str, version: int) -> str | None:
    try:
        events = [_event(row) for row in rows if row.seq is not None]
        return flaw(events, state=State(state), version=version)
    except ValueError as unknown:
        return f"it holds a word the flow does not know any more: {unknown}"


def _event(row: Row) -> Event:
    return Event(
        kind=EventKind(row.kind),
        from_state=None if row.from_state is None else State(row.from_state),
        to_state=State(row.to_state),
        trigger=None if row.trigger is None else Trigger(row.trigger),
    )
