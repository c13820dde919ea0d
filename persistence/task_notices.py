"""Tasks that the team has not been told of.

By mail they are leased by one worker and noted once they were told; a webhook is left in the outbox
with the note that it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.model.task import TaskKind
from persistence.database import Database, execute, fetch_all
from persistence.outbox_rows import OutboxKind

# Lease what nobody has told; whoever dies over it leaves it to others after a while.
TAKE: Final = text(
    """
    WITH untold AS MATERIALIZED (
        SELECT session_id, id FROM staff_tasks
        WHERE told_at IS NULL AND closed_at IS NULL
          AND (telling_until IS NULL OR telling_until <= booking_now())
        ORDER BY opened_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE staff_tasks AS t SET telling_until = booking_now() + CAST(:lease AS interval)
    FROM untold u, booking_sessions s
    WHERE t.session_id = u.session_id AND t.id = u.id AND s.id = t.session_id
    RETURNING t.id, t.kind, t.due_at, s.reference
    """
)

TOLD: Final = text(
    "UPDATE staff_tasks SET told_at = booking_now() WHERE id = ANY(CAST(:ids AS uuid[]))"
)

# A row of the outbox for each open task that has none; one of a session waits for the one before.
ANNOUNCE: Final = text(
    """
    WITH new AS MATERIALIZED (
        SELECT session_id, id, opened_at FROM staff_tasks
        WHERE announced_at IS NULL AND closed_at IS NULL
        ORDER BY opened_at LIMIT :limit FOR UPDATE SKIP LOCKED
    ), noted AS (
        UPDATE staff_tasks AS t SET announced_at = booking_now()
        FROM new n WHERE t.session_id = n.session_id AND t.id = n.id
    )
    INSERT INTO outbox (session_id, channel, seq, kind, task_id, created_at, next_attempt_at,
                        attempts, fence)
    SELECT n.session_id, CAST(:channel AS text),
           coalesce((SELECT max(o.seq) FROM outbox o
                     WHERE o.session_id = n.session_id AND o.channel = :channel), 0)
               + row_number() OVER (PARTITION BY n.session_id ORDER BY n.opened_at, n.id),
           :kind, n.id, booking_now(), booking_now(), 0, 0
    FROM new n
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UntoldTask:
    """A task that has been opened since the team was told last."""

    id: UUID
    kind: TaskKind
    due_at: datetime
    reference: str


class TaskNotices:
    """What of the tasks has been told."""

    def __init__(self, engine: Database) -> None:
        """Take a pool whose statements commit by themselves."""
        self._engine = engine

    async def announce(self, channel: str, *, limit: int) -> int:
        """Leave a webhook for each task that has none yet, and return how many that were."""
        values = {"channel": channel, "limit": limit, "kind": OutboxKind.TASK}
        return await execute(self._engine, ANNOUNCE, values)

    async def take(self, *, limit: int, lease: timedelta) -> Sequence[UntoldTask]:
        """Lease tasks that are open and not told, the most urgent first."""
        rows = await fetch_all(self._engine, TAKE, {"limit": limit, "lease": lease})
        found = [
            UntoldTask(
                id=row.id, kind=TaskKind(row.kind), due_at=row.due_at, reference=row.reference
            )
            for row in rows
        ]
        return sorted(found, key=lambda task: (task.due_at, task.id))

    async def told(self, tasks: Sequence[UntoldTask]) -> None:
        """Note that the team knows of these."""
        await execute(self._engine, TOLD, {"ids": [task.id for task in tasks]})
