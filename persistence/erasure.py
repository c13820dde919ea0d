"""Personal data that must go, and data keys that must be wrapped anew."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import text

from persistence.database import Database, fetch_one, transaction
from persistence.encryption import Vault

FIRST: Final = UUID(int=0)

# Without its key nothing a session sealed can be read again, and without hashes it is not found.
ERASE: Final = text(
    """
    WITH key AS (DELETE FROM session_keys WHERE session_id = :session_id RETURNING session_id),
    hashes AS (DELETE FROM session_search WHERE session_id = :session_id)
    SELECT session_id FROM key
    """
)

# A handful of keys that come after the last one seen.
SOME_KEYS: Final = text(
    """
    SELECT session_id, wrapped_key FROM session_keys
    WHERE session_id > :after ORDER BY session_id LIMIT :limit FOR UPDATE
    """
)

# One key in its new wrapping.
REPLACE_KEY: Final = text(
    "UPDATE session_keys SET wrapped_key = :wrapped_key WHERE session_id = :session_id"
)


async def erase(engine: Database, session_id: UUID) -> bool:
    """Destroy a session's data key and its search hashes; False when that was done before."""
    return await fetch_one(engine, ERASE, {"session_id": session_id}) is not None


async def rewrap_keys(
    engine: Database, vault: Vault, *, after: UUID = FIRST, limit: int = 500
) -> UUID | None:
    """Wrap a batch of data keys by the current master; return where to go on, or None."""
    async with transaction(engine) as connection:
        rows = await connection.fetch_all(SOME_KEYS, {"after": after, "limit": limit})
        for row in rows:
            values = {"session_id": row.session_id, "wrapped_key": vault.rewrap(row.wrapped_key)}
            await connection.execute(REPLACE_KEY, values)
    return rows[-1].session_id if rows else None
