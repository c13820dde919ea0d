"""Guests who ask for their booking again: what they asked, and the links they are sent."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from persistence.database import Database, execute, fetch_one, transaction
from persistence.encryption import Vault
from persistence.outbox_rows import OutboxKind
from persistence.search import SearchKind, first_hash
from persistence.token_hash import hashed
from persistence.turns import Turns

_REFERENCE: Final = re.compile(r"BF-[0-9A-Z]{8}")

# Two requests of one address at once count one after the other.
ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")

# Note what was asked, the same way whether there is such a booking or not.
ASK: Final = text(
    """
    INSERT INTO lookup_requests (address_hash, reference, email_hash, older_hashes, at)
    SELECT :address, :reference, :email_hash, CAST(:older_hashes AS bytea[]), booking_now()
    WHERE CAST(:most AS integer) IS NULL OR :most > (
        SELECT count(*) FROM lookup_requests
        WHERE address_hash = :address AND at > booking_now() - interval '1 hour')
    RETURNING id
    """
)

# Turn requests that name a booking and its guest into mails; a guest gets few of them an hour.
ANSWER: Final = text(
    """
    WITH asked AS (
        SELECT id, reference, email_hash || coalesce(older_hashes, '{}') AS hashes
        FROM lookup_requests
        WHERE handled_at IS NULL ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
    ), handled AS (
        UPDATE lookup_requests AS q SET handled_at = booking_now() FROM asked a WHERE q.id = a.id
    ), found AS (
        SELECT DISTINCT f.session_id
        FROM asked a JOIN session_references r ON r.reference = a.reference
        JOIN session_search f ON f.session_id = r.session_id AND f.kind = :kind
                             AND f.hash = ANY (a.hashes)
    ), mailed AS (
        INSERT INTO outbox (session_id, channel, seq, kind, created_at, next_attempt_at,
                            attempts, fence)
        SELECT f.session_id, :channel, coalesce(max(o.seq), 0) + 1, :link, booking_now(),
               booking_now(), 0, 0
        FROM found f LEFT JOIN outbox o ON o.session_id = f.session_id AND o.channel = :channel
        GROUP BY f.session_id
        HAVING count(o.seq) FILTER (
            WHERE o.created_at > booking_now() - interval '1 hour') < :most
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) AS handled FROM asked
    """
)

# A link that a guest has yet to open.
GRANT: Final = text(
    """
    INSERT INTO lookup_links (token_hash, session_id, expires_at)
    VALUES (:token_hash, :session_id, booking_now() + CAST(:life AS interval))
    """
)

# Open a link: from the first time on it shows the session for its life, and then no more.
REDEEM: Final = text(
    """
    UPDATE lookup_links
    SET expires_at = CASE WHEN used_at IS NULL THEN booking_now() + CAST(:life AS interval)
                          ELSE expires_at END,
        used_at = coalesce(used_at, booking_now())
    WHERE token_hash = :token_hash AND expires_at > booking_now()
    RETURNING session_id
    """
)

# The session of a link that was opened.
OPENED: Final = text(
    """
    SELECT session_id FROM lookup_links
    WHERE token_hash = :token_hash AND used_at IS NOT NULL AND expires_at > booking_now()
    """
)

# What neither counts nor opens anything any more may go.
FORGET: Final = (
    text("DELETE FROM lookup_requests WHERE at < booking_now() - interval '1 day'"),
    text("DELETE FROM lookup_links WHERE expires_at < booking_now() - interval '1 day'"),
)


class PostgresLookups:
    """Requests and links in PostgreSQL; e-mail addresses, callers and tokens lie there hashed."""

    def __init__(self, engine: Database, vault: Vault) -> None:
        """Take the pool and the keys of the hashes."""
        self._engine = engine
        self._vault = vault
        self._turns = Turns()

    async def ask(self, *, reference: str, email: str, address: bytes, most: int | None) -> bool:
        """Note a request for a later answer; False when the address has asked enough this hour."""
        current, *older = (
            first_hash(each, SearchKind.EMAIL, email) for each in self._vault.by_search_key()
        )
        values = {
            "reference": _normalised(reference),
            "email_hash": current,
            "older_hashes": older,
            "address": address,
            "most": most,
        }
        key = f"lookup {address.hex()}"
        async with self._turns.of(key), transaction(self._engine) as connection:
            if most is not None:
                await connection.execute(ALONE, {"key": key})
            return await connection.fetch_one(ASK, values) is not None

    async def answer(self, *, channel: str, most: int = 3, limit: int = 100) -> int:
        """Put a mail into the outbox for each request that is right; return how many were read."""
        values = {
            "kind": SearchKind.EMAIL.value,
            "link": OutboxKind.LINK.value,
            "channel": channel,
            "most": most,
            "limit": limit,
        }
        row = await fetch_one(self._engine, ANSWER, values)
        return row.handled if row else 0

    async def grant(self, session_id: UUID, token: str, *, life: timedelta) -> None:
        """Let a token be redeemed within its life."""
        values = {"token_hash": hashed(token), "session_id": session_id, "life": life}
        await execute(self._engine, GRANT, values)

    async def redeem(self, token: str, *, life: timedelta) -> UUID | None:
        """Return the session a token shows; from the first time on, for so long."""
        row = await fetch_one(self._engine, REDEEM, {"token_hash": hashed(token), "life": life})
        return row.session_id if row else None

    async def opened(self, token: str) -> UUID | None:
        """Return the session of a token that was redeemed and still shows it."""
        row = await fetch_one(self._engine, OPENED, {"token_hash": hashed(token)})
        return row.session_id if row else None

    async def forget(self) -> None:
        """Drop old requests and links."""
        for statement in FORGET:
            await execute(self._engine, statement)


def _normalised(reference: str) -> str:
    """Return a reference as we write it; anything else is kept as nothing at all."""
    written = "".join(reference.split()).upper()
    return written if _REFERENCE.fullmatch(written) else ""
