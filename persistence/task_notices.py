"""Tasks that the team has not been told of: leased by one worker, and noted once they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.model.task import TaskKind
from persistence.database import Database, execute, fetch_all

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
