"""Somebody who always commits first: what a process has read of a session is no longer so."""

from __future__ import annotations

import os
from typing import Final
from uuid import UUID

import asyncpg

NOTE: Final = """
WITH moved AS (
    UPDATE booking_sessions SET version = version + 1 WHERE id = $1
    RETURNING id, version, state
)
INSERT INTO session_history (session_id, seq, at, kind, from_state, to_state, actor_kind, details)
SELECT id, version, booking_now(), 'note', state, state, 'staff', '{}' FROM moved
"""


async def commit_first(session_id: str) -> None:
    """Write a note into a session's history."""
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    try:
        await connection.execute(NOTE, UUID(session_id))
    finally:
        await connection.close()
