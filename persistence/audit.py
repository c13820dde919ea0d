"""The audit: who of the staff read or did what, written down before it is answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.model.audit import AuditEntry
from persistence.codec import decode_facts, encode
from persistence.database import Database, execute, fetch_all
from persistence.statements import Row


def audited(source: str, *, each: bool = False) -> str:
    """Return the part of a statement that writes the line `:audit`, if `source` has a row.

    With `each` it is one line a row, about the row's session and step.
    """
    rows = f"{source} AS written" if each else f"(SELECT FROM {source} LIMIT 1) AS written"
    sessions = "ARRAY[written.session_id]" if each else "a.session_ids"
    task = "written.step_id" if each else "a.task_id"
    return f"""
audited AS (
    INSERT INTO staff_audit (at, account_id, name, action, session_ids, task_id, reason,
                             request_id, facts)
    SELECT booking_now(), a.account_id, a.name, a.action, {sessions}, {task}, a.reason,
           a.request_id, a.facts
    FROM {rows}
    CROSS JOIN jsonb_to_record(CAST(:audit AS jsonb)) AS a(
        account_id uuid, name text, action text, session_ids uuid[], task_id uuid, reason text,
        request_id text, facts jsonb)
)"""  # noqa: S608 - the source is a name in the same statement


# A look, or an attempt that was refused; a trigger lets no line be changed.
WRITE: Final = text("".join(("WITH always AS (SELECT 1),", audited("always"), " SELECT 1")))

# What staff did with one session, the oldest first; finding it in a list is not doing. Its lines
# are found before they are put in order, or the whole audit would be read in that order.
OF_SESSION: Final = text(
    """
    WITH own AS MATERIALIZED (
        SELECT id, at, account_id, name, action, session_ids, task_id, reason, request_id, facts
        FROM staff_audit WHERE session_ids @> ARRAY[CAST(:session_id AS uuid)]
    )
    SELECT id, at, account_id, name, action, session_ids, task_id, reason, request_id, facts
    FROM own WHERE action NOT IN ('search', 'list_tasks') ORDER BY id LIMIT :limit
    """
)


# Who looked at a session, whatever led them there. The two are statements of their own, since each
# has an index of its own.
AT_SESSION: Final = text(
    """
    WITH own AS MATERIALIZED (
        SELECT id, at, account_id, name, action, session_ids, task_id, reason, request_id, facts
        FROM staff_audit WHERE session_ids @> ARRAY[CAST(:session_id AS uuid)]
    )
    SELECT id, at, account_id, name, action, session_ids, task_id, reason, request_id, facts
    FROM own WHERE id < :before ORDER BY id DESC LIMIT :limit
    """
)

# What an account looked at and did.
BY_ACCOUNT: Final = text(
    """
    SELECT id, at, account_id, name, action, session_ids, task_id, reason, request_id, facts
    FROM staff_audit WHERE account_id = :account_id AND id < :before
    ORDER BY id DESC LIMIT :limit
    """
)

NEWEST: Final = 2**62
"""A number that no line has yet."""

# How staff call the sessions of some lines.
REFERENCES: Final = text(
    "SELECT id, reference FROM booking_sessions WHERE id = ANY (CAST(:ids AS uuid[]))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """A line by its number."""

    number: int
    entry: AuditEntry


class PostgresAudit:
    """The audit in PostgreSQL."""

    def __init__(self, engine: Database) -> None:
        """Take a pool whose statements commit by themselves."""
        self._engine = engine

    async def write(self, entry: AuditEntry) -> None:
        """Add a line."""
        await execute(self._engine, WRITE, {"audit": encode(entry)})

    async def of_session(self, session_id: UUID, *, limit: int = 1000) -> Sequence[AuditEntry]:
        """Return what staff did with a session."""
        values = {"session_id": session_id, "limit": limit}
        return [_entry(row) for row in await fetch_all(self._engine, OF_SESSION, values)]

    async def looked_at(
        self, session_id: UUID, *, before: int = NEWEST, limit: int
    ) -> Sequence[AuditLine]:
        """Return who looked at a session or acted on it, the last first."""
        values = {"session_id": session_id, "before": before, "limit": limit}
        return [_line(row) for row in await fetch_all(self._engine, AT_SESSION, values)]

    async def of_account(
        self, account_id: UUID, *, before: int = NEWEST, limit: int
    ) -> Sequence[AuditLine]:
        """Return what an account looked at and did, the last first."""
        values = {"account_id": account_id, "before": before, "limit": limit}
        return [_line(row) for row in await fetch_all(self._engine, BY_ACCOUNT, values)]

    async def references(self, ids: Collection[UUID]) -> Mapping[UUID, str]:
        """Return the references of sessions that are still there."""
        rows = await fetch_all(self._engine, REFERENCES, {"ids": list(ids)})
        return {row.id: row.reference for row in rows}


def _line(row: Row) -> AuditLine:
    return AuditLine(number=row.id, entry=_entry(row))


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
        at=row.at,
        account_id=row.account_id,
        name=row.name,
        action=row.action,
        session_ids=tuple(row.session_ids),
        task_id=row.task_id,
        reason=row.reason,
        request_id=row.request_id,
        facts=decode_facts(row.facts),
    )
