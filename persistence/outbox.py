"""The outbox: rows are leased, sent by whoever leased them, and settled under their fence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.flow import State
from booking_flow.model.task import StaffTask, TaskKind
from persistence.codec import encode
from persistence.database import Database, execute, fetch_all, transaction
from persistence.outbox_rows import OutboxKind
from persistence.statements import Row

# Lease what is due; a row waits for every earlier one of its session and channel.
TAKE: Final = text(
    """
    WITH now AS MATERIALIZED (SELECT booking_now() AS at),
    due AS MATERIALIZED (
        SELECT o.session_id, o.channel, o.seq FROM outbox o
        WHERE o.channel = :channel AND o.next_attempt_at <= (SELECT at FROM now)
          AND o.delivered_at IS NULL AND o.dead_at IS NULL
          AND NOT EXISTS (
            SELECT FROM outbox e
            WHERE e.session_id = o.session_id AND e.channel = o.channel AND e.seq < o.seq
              AND e.delivered_at IS NULL AND e.dead_at IS NULL)
        ORDER BY o.next_attempt_at
        LIMIT :limit FOR UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE outbox AS t
        SET attempts = t.attempts + 1, fence = t.fence + 1,
            next_attempt_at = now.at + CAST(:lease AS interval)
        FROM due d, now
        WHERE t.session_id = d.session_id AND t.channel = d.channel AND t.seq = d.seq
        RETURNING t.session_id, t.channel, t.seq, t.kind, t.attempts, t.fence, t.created_at,
                  t.task_id
    )
    SELECT t.session_id, t.channel, t.seq, t.kind, t.attempts, t.fence, s.reference,
           coalesce(h.to_state, s.state) AS state, coalesce(h.at, t.created_at) AS at,
           k.id AS task_id, k.kind AS task_kind, k.due_at AS task_due_at,
           k.closed_at IS NOT NULL AS task_closed,
           EXISTS (SELECT FROM outbox l WHERE l.session_id = t.session_id
                   AND l.channel = t.channel AND l.seq > t.seq) AS overtaken
    FROM taken t JOIN booking_sessions s ON s.id = t.session_id
    LEFT JOIN session_history h ON h.session_id = t.session_id AND h.seq = t.seq
                                AND t.task_id IS NULL
    LEFT JOIN staff_tasks k ON k.session_id = t.session_id AND k.id = t.task_id
    ORDER BY t.session_id, t.seq
    """
)

# Put off what waits for a row that is itself put off or under way, so that the index of due rows
# holds those that can be taken. Whoever settles that row brings them forward again.
PUT_OFF: Final = text(
    """
    WITH now AS MATERIALIZED (SELECT booking_now() AS at),
    blocked AS MATERIALIZED (
        SELECT o.session_id, o.channel, o.seq, (
            SELECT max(e.next_attempt_at) FROM outbox e
            WHERE e.session_id = o.session_id AND e.channel = o.channel AND e.seq < o.seq
              AND e.delivered_at IS NULL AND e.dead_at IS NULL
              AND e.next_attempt_at > (SELECT at FROM now)) AS until
        FROM outbox o
        WHERE o.channel = :channel AND o.next_attempt_at <= (SELECT at FROM now)
          AND o.delivered_at IS NULL AND o.dead_at IS NULL
        ORDER BY o.next_attempt_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    )
    UPDATE outbox AS t SET next_attempt_at = b.until
    FROM blocked b
    WHERE t.session_id = b.session_id AND t.channel = b.channel AND t.seq = b.seq
      AND b.until IS NOT NULL
    """
)

# Of two rows of a session that are given up at once, the second sees the task of the first.
ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")

# End a row or put it off, and let those that wait for it be due with it. What is given up may open
# a task, unless one of its kind is open.
SETTLE: Final = text(
    """
    WITH settled AS (
        UPDATE outbox
        SET delivered_at = CASE WHEN CAST(:fate AS text) = 'delivered' THEN booking_now() END,
            dead_at = CASE WHEN CAST(:fate AS text) = 'dead' THEN booking_now() END,
            last_error = CAST(:note AS text),
            next_attempt_at = booking_now() + CAST(:pause AS interval)
        WHERE session_id = :session_id AND channel = :channel AND seq = :seq AND fence = :fence
          AND delivered_at IS NULL AND dead_at IS NULL
        RETURNING session_id, channel, seq, next_attempt_at
    ), followers AS (
        UPDATE outbox AS f SET next_attempt_at = d.next_attempt_at
        FROM settled d
        WHERE f.session_id = d.session_id AND f.channel = d.channel AND f.seq > d.seq
          AND f.delivered_at IS NULL AND f.dead_at IS NULL
    ), tasks AS (
        INSERT INTO staff_tasks (session_id, id, kind, opened_at, due_at, facts)
        SELECT d.session_id, t.id, t.kind, booking_now(), t.due_at, t.facts
        FROM settled d CROSS JOIN jsonb_to_recordset(CAST(:tasks AS jsonb)) AS t(
            id uuid, kind text, due_at timestamptz, facts jsonb)
        WHERE NOT EXISTS (SELECT FROM staff_tasks o WHERE o.session_id = d.session_id
                          AND o.kind = t.kind AND o.closed_at IS NULL)
    )
    SELECT 1 FROM settled
    """
)

# What has not been delivered, or only what was given up.
TROUBLED: Final = text(
    """
    SELECT o.channel, o.seq, o.kind, o.dead_at, o.attempts, o.created_at, o.next_attempt_at,
           o.last_error, s.reference
    FROM outbox o JOIN booking_sessions s ON s.id = o.session_id
    WHERE o.dead_at IS NOT NULL OR (o.delivered_at IS NULL AND NOT CAST(:dead_only AS boolean))
    ORDER BY o.dead_at NULLS FIRST, o.created_at, o.seq LIMIT :limit
    """
)

# How much is not delivered on each channel, and since when the oldest that still may be waits.
BACKLOGS: Final = text(
    """
    SELECT channel, count(*) FILTER (WHERE dead_at IS NULL) AS waiting,
           count(*) FILTER (WHERE dead_at IS NOT NULL) AS dead,
           coalesce(booking_now() - min(created_at) FILTER (WHERE dead_at IS NULL),
                    interval '0') AS oldest
    FROM outbox WHERE delivered_at IS NULL GROUP BY channel ORDER BY channel
    """
)

# Give dead rows another chance: of one session, or all.
REQUEUE: Final = text(
    """
    UPDATE outbox AS o
    SET dead_at = NULL, attempts = 0, next_attempt_at = booking_now()
    FROM booking_sessions s
    WHERE s.id = o.session_id AND o.dead_at IS NOT NULL
      AND (CAST(:reference AS text) IS NULL OR s.reference = :reference)
      AND (CAST(:seq AS integer) IS NULL OR o.seq = :seq)
    """
)

# What was delivered long ago may go; what is dead stays until somebody has looked.
FORGET: Final = text("DELETE FROM outbox WHERE delivered_at < booking_now() - interval '30 days'")


class Fate(StrEnum):
    """How sending a row ended."""

    DELIVERED = "delivered"
    WAITING = "waiting"
    """It failed and is tried again."""
    DEAD = "dead"
    """It failed too often, or for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxTask:
    """The task that a row tells of, as it is now."""

    id: UUID
    kind: TaskKind
    due_at: datetime
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """A leased row with what may be told of its event; `fence` is needed to settle it."""

    session_id: UUID
    channel: str
    seq: int
    kind: OutboxKind
    attempts: int
    fence: int
    reference: str
    state: State
    at: datetime
    overtaken: bool
    """Whether a later row of the same session and channel tells more."""
    task: OutboxTask | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """A row as an operator sees it; `error` never holds anything personal."""

    reference: str
    channel: str
    seq: int
    kind: OutboxKind
    fate: Fate
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    dead_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What is not delivered on one channel."""

    channel: str
    waiting: int
    dead: int
    oldest: timedelta


class Outbox:
    """The outbox in PostgreSQL; any number of senders share it."""

    def __init__(self, engine: Database) -> None:
        """Take the pool."""
        self._engine = engine

    async def take(self, channel: str, *, limit: int, lease: timedelta) -> Sequence[OutboxMessage]:
        """Lease rows that are due; whoever dies with them leaves them due again."""
        values = {"channel": channel, "limit": limit, "lease": lease}
        rows = await fetch_all(self._engine, TAKE, values)
        if len(rows) < limit:
            await execute(self._engine, PUT_OFF, {"channel": channel})
        return [_parcel(row) for row in rows]

    async def settle(
        self,
        message: OutboxMessage,
        fate: Fate,
        *,
        note: str | None = None,
        pause: timedelta | None = None,
        task: StaffTask | None = None,
    ) -> bool:
        """Record how sending went; False when the lease has passed to another sender."""
        values = {
            "session_id": message.session_id,
            "channel": message.channel,
            "seq": message.seq,
            "fence": message.fence,
            "fate": fate.value,
            "note": note,
            "pause": pause if pause and fate is Fate.WAITING else timedelta(),
            "tasks": encode([task] if task else []),
        }
        if task is None:
            return bool(await fetch_all(self._engine, SETTLE, values))
        async with transaction(self._engine) as connection:
            await connection.execute(ALONE, {"key": f"mail task {message.session_id}"})
            return await connection.fetch_one(SETTLE, values) is not None

    async def entries(self, *, dead_only: bool, limit: int = 1000) -> Sequence[OutboxEntry]:
        """Return what is not delivered, the dead last, or the dead alone."""
        values = {"dead_only": dead_only, "limit": limit}
        return [_entry(row) for row in await fetch_all(self._engine, TROUBLED, values)]

    async def backlogs(self) -> Sequence[Backlog]:
        """Return what is not delivered, by channel."""
        rows = await fetch_all(self._engine, BACKLOGS)
        return [
            Backlog(channel=row.channel, waiting=row.waiting, dead=row.dead, oldest=row.oldest)
            for row in rows
        ]

    async def requeue(self, reference: str | None = None, *, seq: int | None = None) -> int:
        """Let dead rows be sent again, and return how many."""
        return await execute(self._engine, REQUEUE, {"reference": reference, "seq": seq})

    async def forget(self) -> None:
        """Drop what was delivered long ago."""
        await execute(self._engine, FORGET)


def _parcel(row: Row) -> OutboxMessage:
    return OutboxMessage(
        session_id=row.session_id,
        channel=row.channel,
        seq=row.seq,
        kind=OutboxKind(row.kind),
        attempts=row.attempts,
        fence=row.fence,
        reference=row.reference,
        state=State(row.state),
        at=row.at,
        overtaken=row.overtaken,
        task=_task(row) if row.task_id else None,
    )


def _task(row: Row) -> OutboxTask:
    return OutboxTask(
        id=row.task_id,
        kind=TaskKind(row.task_kind),
        due_at=row.task_due_at,
        closed=row.task_closed,
    )


def _entry(row: Row) -> OutboxEntry:
    return OutboxEntry(
        reference=row.reference,
        channel=row.channel,
        seq=row.seq,
        kind=OutboxKind(row.kind),
        fate=Fate.DEAD if row.dead_at else Fate.WAITING,
        attempts=row.attempts,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        dead_at=row.dead_at,
        error=row.last_error,
    )
