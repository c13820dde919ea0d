"""Personal data that must go."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import text

from persistence.database import Database, fetch_one

# Without its key nothing a session sealed can be read again, and without hashes it is not found.
ERASE: Final = text(
    """
    WITH key AS (DELETE FROM session_keys WHERE session_id = :session_id RETURNING session_id),
    hashes AS (DELETE FROM session_search WHERE session_id = :session_id)
    SELECT session_id FROM key
    """
)


async def erase(engine: Database, session_id: UUID) -> bool:
    """Destroy a session's data key and its search hashes; False when that was done before."""
    return await fetch_one(engine, ERASE, {"session_id": session_id}) is not None
