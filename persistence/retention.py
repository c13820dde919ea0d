"""What is old enough goes, a few sessions at a time; the rules are a function of the database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from persistence.database import Database, execute, fetch_one, transaction
from persistence.statements import Row

FIRST: Final = UUID(int=0)
PAUSE: Final = timedelta(seconds=1)
"""Between two steps of all processes together."""
REST: Final = timedelta(hours=1)
"""Between the end of one pass and the beginning of the next."""

# Whoever takes the row makes the next step; all others have nothing to do meanwhile.
TAKE: Final = text(
    """
    SELECT position, ended_at IS NOT NULL AS anew FROM retention_progress
    WHERE stepped_at < booking_now() - CAST(:pause AS interval)
      AND (ended_at IS NULL OR ended_at < booking_now() - CAST(:rest AS interval))
    FOR UPDATE SKIP LOCKED
    """
)

# The function keeps what is open, owed, disputed or yet to sail.
PRUNE: Final = text(
    """
    SELECT last, seen, sessions, evidence, quotes
    FROM prune_some(:after, :most, :quotes, :evidence, :drafts, :bookings, :dry)
    """
)

# Where the next step goes on; a pass ends where there is nothing more to look at.
NOTE: Final = text(
    """
    UPDATE retention_progress SET
        position = coalesce(CAST(:last AS uuid), position), stepped_at = booking_now(),
        began_at = CASE WHEN :anew THEN booking_now() ELSE began_at END,
        ended_at = CASE WHEN CAST(:last AS uuid) IS NULL THEN booking_now() END,
        seen = CASE WHEN :anew THEN 0 ELSE seen END + :seen,
        sessions = CASE WHEN :anew THEN 0 ELSE sessions END + :sessions,
        evidence = CASE WHEN :anew THEN 0 ELSE evidence END + :evidence,
        quotes = CASE WHEN :anew THEN 0 ELSE quotes END + :quotes
    """
)

PROGRESS: Final = text(
    """
    SELECT began_at, ended_at, booking_now() - greatest(stepped_at, began_at) AS idle,
           seen, sessions, evidence, quotes
    FROM retention_progress
    """
)

# Sessions that would go as a whole; only so many are counted.
DUE: Final = text(
    """
    SELECT count(*) AS due FROM (
        SELECT FROM booking_sessions s
        WHERE s.updated_at < booking_now() - least(CAST(:drafts AS interval),
                                                   CAST(:bookings AS interval))
          AND is_due(s, CAST(:drafts AS interval), CAST(:bookings AS interval)) AND is_settled(s)
        LIMIT :most) AS found
    """
)

# Mails and webhooks that could not be sent are shown to staff for so long.
FORGET_DEAD: Final = text("DELETE FROM outbox WHERE dead_at < booking_now() - interval '90 days'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long each kind of data is kept; None keeps it for good."""

    quotes: timedelta | None = None
    """Prices shown, after the session has ended."""
    evidence: timedelta | None = None
    """What the supplier was asked and answered, of sailings that are over."""
    drafts: timedelta | None = None
    """Sessions that ended without a booking."""
    bookings: timedelta | None = None
    """Sessions with a booking or a payment, after the sailing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How many sessions were looked at, and what of them has gone or would go."""

    seen: int = 0
    sessions: int = 0
    evidence: int = 0
    quotes: int = 0

    def with_more(self, row: Row) -> Pruned:
        """Return the sum of this and one step."""
        return Pruned(
            seen=self.seen + row.seen,
            sessions=self.sessions + row.sessions,
            evidence=self.evidence + row.evidence,
            quotes=self.quotes + row.quotes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The pass that is under way, or the last one."""

    began_at: datetime
    ended_at: datetime | None
    idle: timedelta
    """How long ago a process made the last step of it, or the tables were made."""
    done: Pruned


async def prune_some(engine: Database, policy: Retention, *, most: int = 200) -> bool:
    """Make the next step of the pass; False where another process did or it is too early."""
    async with transaction(engine) as connection:
        taken = await connection.fetch_one(TAKE, {"pause": PAUSE, "rest": REST})
        if taken is None:
            return False
        after = FIRST if taken.anew else taken.position
        row = await connection.fetch_one(PRUNE, _values(policy, after, most, dry=False))
        if row is None:
            raise AssertionError("a count always has a row")
        found = {name: getattr(row, name) for name in _COUNTED}
        await connection.execute(NOTE, found | {"anew": taken.anew, "last": row.last})
    return True


async def prune_all(
    engine: Database, policy: Retention, *, dry: bool, most: int = 200
) -> AsyncIterator[Pruned]:
    """Make a whole pass, or count what it would do; tell after each step how far it has come."""
    so_far, after = Pruned(), FIRST
    while True:
        row = await fetch_one(engine, PRUNE, _values(policy, after, most, dry=dry))
        if row is None or row.last is None:
            break
        so_far, after = so_far.with_more(row), row.last
        yield so_far


async def progress(engine: Database) -> Progress:
    """Return how far the pass in the background has come."""
    row = await fetch_one(engine, PROGRESS)
    if row is None:
        raise AssertionError("the migration has made the row")
    return Progress(
        began_at=row.began_at,
        ended_at=row.ended_at,
        idle=row.idle,
        done=Pruned().with_more(row),
    )


async def due_now(engine: Database, policy: Retention, *, most: int) -> int:
    """Return how many sessions are due to go as a whole, but count no more than `most`."""
    values = {"drafts": policy.drafts, "bookings": policy.bookings, "most": most}
    row = await fetch_one(engine, DUE, values)
    return int(row.due) if row else 0


async def forget_dead(engine: Database) -> None:
    """Drop what could not be sent long ago."""
    await execute(engine, FORGET_DEAD)


_COUNTED: Final = ("seen", "sessions", "evidence", "quotes")


def _values(policy: Retention, after: UUID, most: int, *, dry: bool) -> dict[str, Any]:
    return {
        "after": after,
        "most": most,
        "quotes": policy.quotes,
        "evidence": policy.evidence,
        "drafts": policy.drafts,
        "bookings": policy.bookings,
        "dry": dry,
    }
