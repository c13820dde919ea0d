"""What our account may do in the database."""

from __future__ import annotations

from dataclasses import dataclass
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


# What our account is: its roles count, since it may act as each of them.
ROLE: Final = text(
    """
    SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
           EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema()
                   AND tablename = 'session_history'
                   AND pg_has_role(current_user, tableowner, 'MEMBER')) AS owner
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRole:
    """What our account is in the database."""

    superuser: bool
    owner: bool
    """Whether it owns the tables, or is a member of the role that does."""


async def account_role(engine: Database) -> AccountRole:
    """Return what our account is; it owns nothing where there are no tables yet."""
    row = await fetch_one(engine, ROLE)
    if row is None:
        raise AssertionError("a query without a table has a row")
    return AccountRole(superuser=bool(row.superuser), owner=bool(row.owner))


async def may_work(engine: Database) -> bool:
    """Return whether our account may work on sessions, rather than only read them."""
    row = await fetch_one(engine, MAY_WORK)
    return row is not None and bool(row.granted)
