"""What the role of the service may do: work, and add to what happened, but never rewrite it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import text

from persistence.database import Database, transaction
from persistence.statements import plain, quoted
from persistence.tables.registry import metadata

APPEND_ONLY: Final = frozenset({"session_history", "staff_audit", "supplier_calls", "audit_seals"})
"""History, audit and evidence: what is in them stays as it was written."""
_WORK: Final = "SELECT, INSERT, UPDATE, DELETE"
_RIGHTS: Final = {
    "clock_offset": "SELECT",
    "installation": "SELECT, UPDATE",
    "retired_keys": "SELECT, INSERT",
    "key_days": "SELECT, INSERT",
    "pruned_sessions": "SELECT",
}
"""Of tables that are not for work: the mark is read, and bound to the supplier's account once; a
retired key stays retired; what is gone is noted by the owner's function."""
# A table that the owner makes later is one to work with, until the grants are written anew.
_LATER: Final = (
    f"ALTER DEFAULT PRIVILEGES GRANT {_WORK} ON TABLES TO {{role}}",
    "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO {role}",
)
ROLE: Final = text("SELECT 1 FROM pg_roles WHERE rolname = :role")
SCHEMA: Final = text("SELECT current_schema()")


class NoSuchRole(Exception):  # noqa: N818 - says what is missing
    """The server knows no role of this name."""


async def grant_to(engine: Database, role: str) -> None:
    """Let a role work as the service does, and take from it whatever else it may on our tables.

    Raises:
        NoSuchRole: there is none of this name.
    """
    async with transaction(engine) as connection:
        if await connection.fetch_one(ROLE, {"role": role}) is None:
            raise NoSuchRole(role)
        found = await connection.fetch_one(SCHEMA)
        schema = str(found[0]) if found else "public"
        for statement in _statements(quoted(role), quoted(schema)):
            await connection.execute(plain(statement))


def _statements(role: str, schema: str) -> Iterator[str]:
    yield f"GRANT USAGE ON SCHEMA {schema}, catalogue TO {role}"
    for table in metadata.sorted_tables:
        name = table.fullname if table.schema else f"{schema}.{table.name}"
        yield f"REVOKE ALL ON {name} FROM {role}"
        yield f"GRANT {_rights(table.name, table.schema)} ON {name} TO {role}"
    yield f"GRANT SELECT ON {schema}.alembic_version TO {role}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}"
    yield from (statement.format(role=role) for statement in _LATER)


def _rights(table: str, schema: str | None) -> str:
    if schema is not None:
        return "SELECT"
    return "SELECT, INSERT" if table in APPEND_ONLY else _RIGHTS.get(table, _WORK)
