"""Codes by which guests show that they read their mail: asked for, made when mailed, and spent."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from persistence.database import Database, execute, fetch_one
from persistence.encryption import Vault
from persistence.outbox_rows import OutboxKind

# Have a code mailed, unless the session was mailed enough of them this hour. Of two requests at
# once one mail is enough.
ASK: Final = text(
    """
    WITH recent AS (
        SELECT count(*) FILTER (WHERE created_at > booking_now() - interval '1 hour') AS mails,
               coalesce(max(seq), 0) + 1 AS seq
        FROM outbox WHERE session_id = :session_id AND channel = :channel
    ), mailed AS (
        INSERT INTO outbox (session_id, channel, seq, kind, created_at, next_attempt_at,
                            attempts, fence)
        SELECT :session_id, :channel, r.seq, :kind, booking_now(), booking_now(), 0, 0
        FROM recent r WHERE r.mails < :most
        ON CONFLICT DO NOTHING
    )
    SELECT mails < :most AS asked FROM recent
    """
)

# The code that was just made takes the place of any before it.
KEEP: Final = text(
    """
    INSERT INTO guest_codes (session_id, code_hash, expires_at, tries)
    VALUES (:session_id, :code_hash, booking_now() + CAST(:life AS interval), 0)
    ON CONFLICT (session_id) DO UPDATE
    SET code_hash = excluded.code_hash, expires_at = excluded.expires_at, tries = 0, used_at = NULL
    """
)

# Try a code: the right one is used up by it, and after so many wrong ones it is worth nothing.
SPEND: Final = text(
    """
    UPDATE guest_codes
    SET tries = tries + 1, used_at = CASE WHEN code_hash = :code_hash THEN booking_now() END
    WHERE session_id = :session_id AND expires_at > booking_now() AND used_at IS NULL
      AND tries < :most
    RETURNING used_at IS NOT NULL AS accepted
    """
)

# What nobody can use any more may go.
FORGET: Final = text("DELETE FROM guest_codes WHERE expires_at < booking_now() - interval '1 day'")


class GuestCodes:
    """Codes in PostgreSQL, one for a session at a time; they lie there as keyed hashes."""

    def __init__(self, engine: Database, vault: Vault) -> None:
        """Take the pool and the keys of the hashes."""
        self._engine = engine
        self._vault = vault

    async def ask(self, session_id: UUID, *, channel: str, most: int = 5) -> bool:
        """Have a code mailed to the guest; False when they were mailed enough this hour."""
        values = {
            "session_id": session_id,
            "channel": channel,
            "kind": OutboxKind.CODE.value,
            "most": most,
        }
        row = await fetch_one(self._engine, ASK, values)
        return row is not None and bool(row.asked)

    async def keep(self, session_id: UUID, code: str, *, life: timedelta) -> None:
        """Let a code be spent within its life."""
        values = {"session_id": session_id, "code_hash": self._hash(session_id, code), "life": life}
        await execute(self._engine, KEEP, values)

    async def spend(self, session_id: UUID, code: str, *, most: int = 5) -> bool:
        """Use a code up; False when it is not the one that was mailed, or is no longer good."""
        values = {
            "session_id": session_id,
            "code_hash": self._hash(session_id, code),
            "most": most,
        }
        row = await fetch_one(self._engine, SPEND, values)
        return row is not None and bool(row.accepted)

    async def forget(self) -> None:
        """Drop old codes."""
        await execute(self._engine, FORGET)

    def _hash(self, session_id: UUID, code: str) -> bytes:
        return self._vault.keyed_hash("guest code", session_id.bytes + code.encode())
