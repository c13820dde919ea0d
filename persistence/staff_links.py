"""Links that sign a member of staff in, once and not for long; they lie there hashed."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import text

from persistence.database import Database, execute, fetch_one
from persistence.staff import Account, account_of
from persistence.token_hash import hashed

LIFE: Final = timedelta(minutes=30)
"""How long a link opens anything."""

# Use a link up, and return whose it was; of two who try at once one is too late.
USE: Final = text(
    """
    WITH used AS (
        UPDATE staff_links SET used_at = booking_now()
        WHERE token_hash = :token_hash AND used_at IS NULL AND expires_at > booking_now()
        RETURNING account_id
    )
    SELECT a.id, a.email, a.name, a.role, a.disabled_at,
           EXISTS (SELECT FROM staff_second_factors f WHERE f.account_id = a.id)
               AS has_second_factor
    FROM used JOIN staff_accounts a ON a.id = used.account_id
    WHERE a.disabled_at IS NULL
    """
)

# What opens nothing any more may go.
FORGET: Final = text("DELETE FROM staff_links WHERE expires_at < booking_now() - interval '1 day'")


class PostgresStaffLinks:
    """Links in PostgreSQL."""

    def __init__(self, engine: Database) -> None:
        """Take a pool whose statements commit by themselves."""
        self._engine = engine

    async def use(self, token: str) -> Account | None:
        """Use a link up and return whose account it opens."""
        row = await fetch_one(self._engine, USE, {"token_hash": hashed(token)})
        return account_of(row) if row else None

    async def forget(self) -> None:
        """Drop what opens nothing any more."""
        await execute(self._engine, FORGET)
