"""What our account may do in the database."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from persistence.database import Database, fetch_one

# Whether sessions may be read, begun and changed; whoever may do that was let in to work.
MAY_WORK: Final = text(
    """
    SELECT bool_and(has_table_privilege('booking_sessions', needed)) AS granted
    FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS needed
    """
)


async def may_work(engine: Database) -> bool:
    """Return whether our account may work on sessions, rather than only read them."""
    row = await fetch_one(engine, MAY_WORK)
    return row is not None and bool(row.granted)
