"""Personal data that must go."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import text

from persistence.database import Database, transaction
from persistence.statements import Transaction

# Without its key nothing a session sealed can be read again. Whoever seals by it waits, or is
# waited for: commits hold the key's row while they write.
ERASE_KEY: Final = text(
    "DELETE FROM session_keys WHERE session_id = :session_id RETURNING session_id"
)

# A statement of its own sees the hashes of a commit that was waited for.
ERASE_HASHES: Final = text("DELETE FROM session_search WHERE session_id = :session_id")


async def erase(engine: Database, session_id: UUID) -> bool:
    """Destroy a session's data key and its search hashes; False when that was done before."""
    async with transaction(engine) as opened:
        return await erase_within(opened, session_id)


async def erase_within(opened: Transaction, session_id: UUID) -> bool:
    """Do the same as a part of a transaction."""
    wanted = {"session_id": session_id}
    erased = await opened.fetch_one(ERASE_KEY, wanted) is not None
    await opened.execute(ERASE_HASHES, wanted)
    return erased
