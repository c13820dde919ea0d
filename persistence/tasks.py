"""Staff tasks: what only a person can find out or do, by deadline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.ports import StoredTask
from booking_flow.saga import TaskKind
from persistence.codec import decode_facts
from persistence.database import Database, Row, fetch_all, fetch_one
from persistence.forgotten_claims import CLOSE

COLUMNS: Final = """t.session_id, t.id, t.kind, t.step_id, t.opened_at, t.due_at, t.not_before,
       t.facts, t.version, t.closed_at, t.closed_by, t.answer, t.claimed_account, t.claimed_by,
       t.claimed_at"""

# Tasks of sessions, and forgotten claims that stand for themselves beside none.
EVERY: Final = """
SELECT session_id, id, kind, step_id, opened_at, due_at, not_before, facts, version, closed_at,
       closed_by, answer, claimed_account, claimed_by, claimed_at
FROM staff_tasks
UNION ALL
SELECT session_id, step_id, 'forgotten', step_id, entered_at, due_at, NULL, facts, version,
       closed_at, closed_by, answer, claimed_account, claimed_by, claimed_at
FROM forgotten_claims WHERE entered_as = 'task'
"""
_TASK: Final = "".join(("SELECT ", COLUMNS, " FROM (", EVERY, ") AS t"))

# One task.
TASK: Final = text("".join((_TASK, " WHERE id = :id")))

# Tasks nobody has answered, those that are due first on top.
OPEN: Final = text(
    "".join((_TASK, " WHERE closed_at IS NULL ORDER BY due_at, id LIMIT :limit OFFSET :offset"))
)


class PostgresTaskStore:
    """Staff tasks in PostgreSQL; commits of sessions open and close them."""

    def __init__(self, engine: Database) -> None:
        """Take a pool whose statements commit by themselves."""
        self._engine = engine

    async def task(self, task_id: UUID) -> StoredTask | None:
        """Return a task, open or closed, or None."""
        row = await fetch_one(self._engine, TASK, {"id": task_id})
        return None if row is None else task_of(row)

    async def close(self, task_id: UUID, *, version: int, answer: str, name: str | None) -> bool:
        """End a task that stands for itself; False when it is not as it was seen."""
        values = {"id": task_id, "version": version, "answer": answer, "name": name}
        return await fetch_one(self._engine, CLOSE, values) is not None

    async def open_tasks(self, *, limit: int = 100, offset: int = 0) -> Sequence[StoredTask]:
        """Return tasks that wait for an answer, the most urgent first."""
        rows = await fetch_all(self._engine, OPEN, {"limit": limit, "offset": offset})
        return [task_of(row) for row in rows]


def task_of(row: Row) -> StoredTask:
    """Build the task a row describes."""
    return StoredTask(
        id=row.id,
        session_id=row.session_id,
        kind=TaskKind(row.kind),
        step_id=row.step_id,
        opened_at=row.opened_at,
        due_at=row.due_at,
        not_before=row.not_before,
        facts=decode_facts(row.facts),
        version=row.version,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        answer=row.answer,
    )
