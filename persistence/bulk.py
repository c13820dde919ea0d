"""Work on many sessions at once: a run and its sessions lie in rows that any worker takes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.model.audit import AuditEntry
from persistence.audit import audited
from persistence.codec import encode
from persistence.database import Database, execute, fetch_all, fetch_one
from persistence.statements import Row
from persistence.tables.bulk import BulkAction, BulkStatus

# A run with all its sessions, in one commit.
START: Final = text(
    "".join(
        (
            """
            WITH run AS (
                INSERT INTO bulk_runs (id, action, account_id, name, reason, request_id,
                                       started_at, more)
                VALUES (:id, :action, :account_id, :name, :reason, :request_id, booking_now(),
                        :more)
                RETURNING id
            ),
            """,
            audited("run"),
            """
            INSERT INTO bulk_items (run_id, session_id, status, fence)
            SELECT run.id, s.id, 'waiting', 0
            FROM run CROSS JOIN unnest(CAST(:session_ids AS uuid[])) AS s(id)
            """,
        )
    )
)

# Lease what nobody works on; raising the fence shuts out whoever held it before.
TAKE: Final = text(
    """
    WITH due AS MATERIALIZED (
        SELECT run_id, session_id FROM bulk_items
        WHERE status = 'waiting' AND (lease_until IS NULL OR lease_until <= booking_now())
        ORDER BY run_id, session_id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE bulk_items AS t
    SET fence = t.fence + 1, lease_until = booking_now() + CAST(:lease AS interval)
    FROM due, bulk_runs r
    WHERE t.run_id = due.run_id AND t.session_id = due.session_id AND r.id = t.run_id
    RETURNING t.run_id, t.session_id, t.fence, r.action, r.name, r.reason, r.request_id
    """
)

# How one session's share ended.
SETTLE: Final = text(
    """
    UPDATE bulk_items SET status = :status, note = :note, ended_at = booking_now()
    WHERE run_id = :run_id AND session_id = :session_id AND fence = :fence AND status = 'waiting'
    RETURNING run_id
    """
)

_RUN: Final = """
SELECT r.id, r.action, r.name, r.reason, r.started_at, r.more, count(i.session_id) AS total,
       count(i.session_id) FILTER (WHERE i.status = 'done') AS done,
       count(i.session_id) FILTER (WHERE i.status = 'failed') AS failed,
       CASE WHEN bool_and(i.status <> 'waiting') THEN max(i.ended_at) END AS ended_at
FROM bulk_runs r LEFT JOIN bulk_items i ON i.run_id = r.id"""

# How far a run has come.
RUN: Final = text("".join((_RUN, " WHERE r.id = :id GROUP BY r.id")))

# The latest runs.
RUNS: Final = text("".join((_RUN, " GROUP BY r.id ORDER BY r.started_at DESC LIMIT :limit")))

# Where it failed, and why.
FAILED: Final = text(
    """
    SELECT i.session_id, s.reference, i.note
    FROM bulk_items i JOIN booking_sessions s ON s.id = i.session_id
    WHERE i.run_id = :id AND i.status = 'failed' ORDER BY i.ended_at, i.session_id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkWish:
    """What somebody wants done to many sessions, and why; `more` says that some were left out."""

    id: UUID
    action: BulkAction
    account_id: UUID
    name: str
    reason: str
    request_id: str | None
    session_ids: Sequence[UUID]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenItem:
    """One session's share of a run, leased; `fence` is needed to settle it."""

    run_id: UUID
    session_id: UUID
    fence: int
    action: BulkAction
    name: str
    reason: str
    request_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRun:
    """How far a run has come."""

    id: UUID
    action: BulkAction
    name: str
    reason: str
    started_at: datetime
    ended_at: datetime | None
    more: bool
    total: int
    done: int
    failed: int

    @property
    def left(self) -> int:
        """Return how many sessions still wait for their turn."""
        return self.total - self.done - self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedItem:
    """A session for which it did not work."""

    session_id: UUID
    reference: str
    note: str


class PostgresBulk:
    """Runs in PostgreSQL; any number of workers share them."""

    def __init__(self, engine: Database) -> None:
        """Take a pool whose statements commit by themselves."""
        self._engine = engine

    async def start(self, wish: BulkWish, *, audit: AuditEntry) -> None:
        """Write down what is to be done."""
        values = {name: getattr(wish, name) for name in BulkWish.__dataclass_fields__}
        values |= {"action": wish.action.value, "session_ids": list(wish.session_ids)}
        values |= {"audit": encode(audit)}
        await execute(self._engine, START, values)

    async def take(self, *, limit: int, lease: timedelta) -> Sequence[TakenItem]:
        """Lease some of what waits; whoever dies with it leaves it to others."""
        rows = await fetch_all(self._engine, TAKE, {"limit": limit, "lease": lease})
        return [_taken(row) for row in rows]

    async def settle(self, item: TakenItem, status: BulkStatus, *, note: str | None) -> bool:
        """Record how it went; False when the lease has passed to another worker."""
        values = {"run_id": item.run_id, "session_id": item.session_id, "fence": item.fence}
        more = {"status": status.value, "note": note}
        return await fetch_one(self._engine, SETTLE, values | more) is not None

    async def run(self, run_id: UUID) -> BulkRun | None:
        """Return how far a run has come."""
        row = await fetch_one(self._engine, RUN, {"id": run_id})
        return _run(row) if row else None

    async def runs(self, *, limit: int) -> Sequence[BulkRun]:
        """Return the latest runs."""
        return [_run(row) for row in await fetch_all(self._engine, RUNS, {"limit": limit})]

    async def failed(self, run_id: UUID) -> Sequence[FailedItem]:
        """Return where it did not work."""
        rows = await fetch_all(self._engine, FAILED, {"id": run_id})
        return [
            FailedItem(session_id=row.session_id, reference=row.reference, note=row.note or "")
            for row in rows
        ]


def _taken(row: Row) -> TakenItem:
    return TakenItem(
        run_id=row.run_id,
        session_id=row.session_id,
        fence=row.fence,
        action=BulkAction(row.action),
        name=row.name,
        reason=row.reason,
        request_id=row.request_id,
    )


def _run(row: Row) -> BulkRun:
    return BulkRun(
        id=row.id,
        action=BulkAction(row.action),
        name=row.name,
        reason=row.reason,
        started_at=row.started_at,
        ended_at=row.ended_at,
        more=row.more,
        total=row.total,
        done=row.done,
        failed=row.failed,
    )
