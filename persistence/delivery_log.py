"""What was or is to be sent of one session, as staff read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from persistence.database import Database, fetch_all
from persistence.outbox import Fate
from persistence.outbox_rows import OutboxKind
from persistence.statements import Row

# In the order in which it was announced; what was delivered long ago is gone.
LETTERS: Final = text(
    """
    SELECT channel, seq, kind, attempts, last_error, delivered_at, dead_at, created_at
    FROM outbox WHERE session_id = :session_id ORDER BY created_at, seq, channel LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail or webhook; `at` is when it arrived or was given up, or else when it was announced."""

    at: datetime
    channel: str
    seq: int
    kind: OutboxKind
    fate: Fate
    attempts: int
    error: str | None


async def letters(engine: Database, session_id: UUID, *, limit: int = 1000) -> Sequence[Letter]:
    """Return every mail and webhook of a session."""
    values = {"session_id": session_id, "limit": limit}
    return [_letter(row) for row in await fetch_all(engine, LETTERS, values)]


def _letter(row: Row) -> Letter:
    ended = Fate.DEAD if row.dead_at else Fate.WAITING
    return Letter(
        at=row.delivered_at or row.dead_at or row.created_at,
        channel=row.channel,
        seq=row.seq,
        kind=OutboxKind(row.kind),
        fate=Fate.DELIVERED if row.delivered_at else ended,
        attempts=row.attempts,
        error=row.last_error,
    )
