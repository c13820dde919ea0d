"""What a database is known by in the journal, through restores and fail-overs.

A physical copy (base backup, point in time, stand-by) keeps cluster, database and table, and is
the same database at another moment. A dump restored elsewhere makes a new table: the same again. A
copy by template keeps the table and lies in another database of the same cluster: that is another
one, which nobody's claims were made in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from persistence.database import Database, execute, fetch_one

_HERE: Final = """
WITH here AS (
    SELECT c.system_identifier AS system, CAST(d.oid AS bigint) AS database,
           CAST(CAST('booking_sessions'::regclass AS oid) AS bigint) AS sessions
    FROM pg_control_system() c, pg_database d WHERE d.datname = current_database()
)
"""

# What the mark says, and whether it was written where it is now.
READ: Final = text(
    "".join(
        (
            _HERE,
            """
            SELECT i.identity, i.pruned_before, i.identity IS NOT NULL
                   AND (i.bound_system, i.bound_database, i.bound_sessions)
                       IS NOT DISTINCT FROM (here.system, here.database, here.sessions) AS bound
            FROM installation i, here
            """,
        )
    )
)

# Bind the mark to where it is now; a copy by template becomes another database.
BIND: Final = text(
    "".join(
        (
            _HERE,
            """
            UPDATE installation AS i
            SET identity = CASE
                    WHEN i.identity IS NULL OR (i.bound_system = here.system
                        AND i.bound_database <> here.database
                        AND i.bound_sessions = here.sessions) THEN gen_random_uuid()
                    ELSE i.identity END,
                bound_system = here.system, bound_database = here.database,
                bound_sessions = here.sessions
            FROM here
            WHERE i.identity IS NULL OR (i.bound_system, i.bound_database, i.bound_sessions)
                  IS DISTINCT FROM (here.system, here.database, here.sessions)
            """,
        )
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseIdentity:
    """Whose claims a database should remember; older than `pruned_before` it need not."""

    id: UUID
    pruned_before: datetime | None


async def identity_of(engine: Database) -> DatabaseIdentity | None:
    """Return what the database is known by, which it is given at first use.

    None where it has no mark, which the first migration leaves.
    """
    row = await fetch_one(engine, READ)
    if row is not None and not row.bound:
        await execute(engine, BIND)
        row = await fetch_one(engine, READ)
    if row is None or row.identity is None:
        return None
    return DatabaseIdentity(id=row.identity, pruned_before=row.pruned_before)
