"""The audit: who of the staff read or did what, written down before it is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlalchemy import text

from persistence.codec import decode_facts, encode
from persistence.database import Database, Row, execute, fetch_all

# One more line; a trigger lets none be changed.
WRITE: Final = text(
    """
    INSERT INTO staff_audit (at, account_id, name, action, session_ids, task_id, reason,
                             request_id, facts)
    VALUES (booking_now(), :account_id, :name, :action, CAST(:session_ids AS uuid[]), :task_id,
            :reason, :request_id, CAST(:facts AS jsonb))
    """
)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line; `facts` hold nothing personal, and never what was searched for."""

    account_id: UUID | None
    name: str
    action: str
    session_ids: tuple[UUID, ...] = ()
    task_id: UUID | None = None
    reason: str | None = None
    request_id: str | None = None
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    at: datetime | None = None
    """When it was written; nobody says so themselves."""


class PostgresAudit:
    """The audit in PostgreSQL."""

    def __init__(self, engine: Database) -> None:
        """Take a pool whose statements commit by themselves."""
        self._engine = engine

    async def write(self, entry: AuditEntry) -> None:
        """Add a line."""
        values = {
            "account_id": entry.account_id,
            "name": entry.name,
            "action": entry.action,
            "session_ids": list(entry.session_ids),
            "task_id": entry.task_id,
            "reason": entry.reason,
            "request_id": entry.request_id,
            "facts": encode(entry.facts),
        }
        await execute(self._engine, WRITE, values)

    async def of_session(self, session_id: UUID, *, limit: int = 1000) -> Sequence[AuditEntry]:
        """Return what staff did with a session."""
        values = {"session_id": session_id, "limit": limit}
        return [_entry(row) for row in await fetch_all(self._engine, OF_SESSION, values)]


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
