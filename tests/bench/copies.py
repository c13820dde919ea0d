"""Many sessions quickly: copies of a real one, made by SQL, so that nothing is made up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text

from persistence.database import Database, execute, transaction
from persistence.statements import Transaction

WRITERS: Final = 2
"""As many as this may keep busy on a small machine."""
TABLES: Final = (
    "booking_sessions",
    "session_references",
    "session_keys",
    "session_quotes",
    "session_history",
    "saga_steps",
    "supplier_calls",
    "staff_tasks",
    "bookings",
    "booking_payments",
)
"""What is multiplied; what guests are found by is made anew, and nobody reads passengers' rows."""
COLUMNS: Final = text(
    "SELECT column_name AS name FROM information_schema.columns"
    " WHERE table_name = :of AND table_schema = 'public' AND identity_generation IS NULL"
)
NEW: Final = text(
    """
    CREATE TEMPORARY TABLE copies ON COMMIT DROP AS
    SELECT id, step_id, 'BF-' || upper(substr(md5(id::text), 1, 16)) AS reference
    FROM (SELECT uuidv7() AS id, uuidv7() AS step_id FROM generate_series(1, :number)) AS new
    """
)
# What differs from copy to copy. Sealed data can be opened for one session only and are left out.
OWN: Final = {
    "booking_sessions.id": "c.id",
    "booking_sessions.reference": "c.reference",
    "booking_sessions.open_step": "CASE WHEN t.open_step IS NOT NULL THEN c.step_id END",
    "booking_sessions.details_ciphertext": "NULL",
    "session_references.reference": "c.reference",
    "saga_steps.id": "CASE WHEN t.status IN ('started', 'owed') THEN c.step_id ELSE t.id END",
    "staff_tasks.id": "uuidv7()",
    "bookings.reservation": "c.reference",
    "bookings.supplier_booking_id": "c.reference",
}


async def copy_session(
    database: Database,
    template: UUID,
    number: int,
    changes: Mapping[str, str] | None = None,
    *,
    tables: Sequence[str] = TABLES,
) -> None:
    """Copy a session with all its rows; `changes` are SQL by `table.column`."""
    own = {**OWN, **(changes or {})}
    share = number // WRITERS
    shares = [share] * (WRITERS - 1) + [number - share * (WRITERS - 1)]
    await asyncio.gather(*(_write(database, template, part, own, tables) for part in shares))
    await execute(database, text("VACUUM (ANALYZE)"))


async def _write(
    database: Database,
    template: UUID,
    number: int,
    own: Mapping[str, str],
    tables: Sequence[str],
) -> None:
    async with transaction(database) as connection:
        # Without the checks of keys that are right by construction, which take most of the time.
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(NEW, {"number": number})
        for table in tables:
            await connection.execute(await _copy(connection, table, own), {"template": template})


async def _copy(connection: Transaction, table: str, own: Mapping[str, str]) -> TextClause:
    names = [row.name for row in await connection.fetch_all(COLUMNS, {"of": table})]
    values = [own.get(f"{table}.{name}", _plain(name)) for name in names]
    key = "id" if table == "booking_sessions" else "session_id"
    return text(
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)}"
        f" FROM {table} AS t CROSS JOIN copies AS c WHERE t.{key} = :template"
    )


def _plain(name: str) -> str:
    return "c.id" if name == "session_id" else f"t.{name}"
