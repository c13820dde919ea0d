"""Staff tasks: what only a person can find out or do, by deadline."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text

from booking_flow.model.audit import AuditEntry
from booking_flow.model.task import TaskKind
from booking_flow.ports import StoredTask
from persistence.claims import CLAIM, HAND_BACK, claim_of
from persistence.codec import decode_facts, encode
from persistence.database import Database, fetch_all, fetch_one
from persistence.forgotten_claims import CLOSE
from persistence.statements import Row

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

# All tasks of one session.
OF_SESSION: Final = text("".join((_TASK, " WHERE session_id = :session_id ORDER BY due_at, id")))

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

    async def tasks_of(self, session_id: UUID) -> Sequence[StoredTask]:
        """Return the tasks of a session, answered ones as well."""
        rows = await fetch_all(self._engine, OF_SESSION, {"session_id": session_id})
        return [task_of(row) for row in rows]

    async def close(
        self, task_id: UUID, *, version: int, answer: str, name: str, audit: AuditEntry
    ) -> bool:
        """End a task that stands for itself; False when it is not as it was seen."""
        values = {"id": task_id, "version": version, "answer": answer, "name": name}
        return await self._changed(CLOSE, values, audit)

    async def claim(
        self,
        task_id: UUID,
        *,
        account_id: UUID,
        name: str,
        seen: Collection[int],
        takeover: bool,
        audit: AuditEntry,
    ) -> bool:
        """Take a task as it was seen; False when it is not so any more, or is another's."""
        values = {"id": task_id, "account_id": account_id, "name": name}
        return await self._changed(CLAIM, values | _seen(seen, takeover=takeover), audit)

    async def hand_back(
        self,
        task_id: UUID,
        *,
        account_id: UUID | None,
        seen: Collection[int],
        anybodys: bool,
        audit: AuditEntry,
    ) -> bool:
        """Give a task back as it was seen; False when it is not so any more, or is another's."""
        values = {"id": task_id, "account_id": account_id}
        return await self._changed(HAND_BACK, values | _seen(seen, anybodys=anybodys), audit)

    async def _changed(
        self, statement: TextClause, values: dict[str, object], audit: AuditEntry
    ) -> bool:
        line = {"audit": encode(audit)}
        return await fetch_one(self._engine, statement, values | line) is not None

    async def open_tasks(self, *, limit: int = 100, offset: int = 0) -> Sequence[StoredTask]:
        """Return tasks that wait for an answer, the most urgent first."""
        rows = await fetch_all(self._engine, OPEN, {"limit": limit, "offset": offset})
        return [task_of(row) for row in rows]


def _seen(versions: Collection[int], **flags: bool) -> dict[str, object]:
    return {"seen": list(versions), **flags}


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
        claim=claim_of(row),
    )
