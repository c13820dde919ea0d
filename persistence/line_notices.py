"""Guests who are to be mailed once their line answers again: whom, and the link that they get."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import text

from persistence.database import Database, execute, fetch_all, fetch_one
from persistence.encryption import Vault
from persistence.outbox_rows import OutboxKind
from persistence.statements import Statement, Values
from persistence.token_hash import hashed

_FIELD: Final = "line_notice"

KEY: Final = text("SELECT wrapped_key FROM session_keys WHERE session_id = :session_id")

# Keep whom to mail, in the place of any request before it; a session is mailed few times an hour.
ASK: Final = text(
    """
    INSERT INTO line_notices (session_id, sealed, asked_at, next_look_at, looks)
    SELECT :session_id, :sealed, booking_now(), booking_now() + interval '20 seconds', 0
    WHERE :most > (SELECT count(*) FROM outbox WHERE session_id = :session_id
                   AND kind = :kind AND created_at > booking_now() - interval '1 hour')
    ON CONFLICT (session_id) DO UPDATE
    SET sealed = excluded.sealed, asked_at = excluded.asked_at, looks = 0,
        next_look_at = excluded.next_look_at, answered = NULL, settled_at = NULL, token_hash = NULL
    RETURNING session_id
    """
)

# Take those that are due for a look, each after a longer pause than before, up to ten minutes.
TAKE: Final = text(
    """
    WITH due AS (
        SELECT session_id FROM line_notices
        WHERE settled_at IS NULL AND next_look_at <= booking_now()
        ORDER BY next_look_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE line_notices AS n
    SET looks = n.looks + 1, next_look_at = booking_now()
        + least(interval '1 minute' * power(2, least(n.looks, 4)), interval '10 minutes')
    FROM due d WHERE n.session_id = d.session_id
    RETURNING n.session_id
    """
)

# End the wait, and have it mailed how it ended.
SETTLE: Final = text(
    """
    WITH settled AS (
        UPDATE line_notices SET settled_at = booking_now(), answered = :answered
        WHERE session_id = :session_id AND settled_at IS NULL RETURNING session_id
    )
    INSERT INTO outbox (session_id, channel, seq, kind, created_at, next_attempt_at, attempts,
                        fence)
    SELECT d.session_id, :channel, coalesce(max(o.seq), 0) + 1, :kind, booking_now(),
           booking_now(), 0, 0
    FROM settled d LEFT JOIN outbox o ON o.session_id = d.session_id AND o.channel = :channel
    GROUP BY d.session_id
    ON CONFLICT DO NOTHING
    """
)

# Nobody waits any more.
DROP: Final = text("DELETE FROM line_notices WHERE session_id = :session_id")

READ: Final = text(
    """
    SELECT n.session_id, n.sealed, n.answered, k.wrapped_key
    FROM line_notices n JOIN session_keys k ON k.session_id = n.session_id
    WHERE n.session_id = :session_id
    """
)

BY_TOKEN: Final = text(
    """
    SELECT n.session_id, n.sealed, n.answered, k.wrapped_key
    FROM line_notices n JOIN session_keys k ON k.session_id = n.session_id
    WHERE n.token_hash = :token_hash
    """
)

KEEP: Final = text("UPDATE line_notices SET token_hash = :hash WHERE session_id = :session_id")

# The session of a notice is over after a day, and the address is kept no longer.
FORGET: Final = text("DELETE FROM line_notices WHERE asked_at < booking_now() - interval '1 day'")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineNotice:
    """Whom to mail, what opens their session, and whether the line has answered."""

    email: str = field(repr=False)
    opens: str = field(repr=False)
    answered: bool | None


class LineNotices:
    """Notices in PostgreSQL; address and key lie there sealed by the session's own key."""

    def __init__(self, engine: Database, vault: Vault) -> None:
        """Take the pool and the keys."""
        self._engine = engine
        self._vault = vault

    async def ask(self, session_id: UUID, *, email: str, opens: str, most: int = 3) -> bool:
        """Keep whom to mail; False when the session was mailed enough this hour or is erased."""
        row = await fetch_one(self._engine, KEY, {"session_id": session_id})
        if row is None:
            return False
        plain = json.dumps({"email": email, "opens": opens}).encode()
        values = {
            "session_id": session_id,
            "sealed": self._vault.seal(row.wrapped_key, plain, session_id=session_id, field=_FIELD),
            "kind": OutboxKind.LINE.value,
            "most": most,
        }
        return await fetch_one(self._engine, ASK, values) is not None

    async def take(self, *, limit: int) -> Sequence[UUID]:
        """Return the sessions whose line is due for a look."""
        found = await fetch_all(self._engine, TAKE, {"limit": limit})
        return [row.session_id for row in found]

    async def settle(self, session_id: UUID, *, answered: bool, channel: str) -> None:
        """End a wait, and have it mailed whether the line has answered."""
        values = {"session_id": session_id, "answered": answered, "channel": channel}
        await execute(self._engine, SETTLE, values | {"kind": OutboxKind.LINE.value})

    async def drop(self, session_id: UUID) -> None:
        """Forget a wait of which nothing has to be mailed."""
        await execute(self._engine, DROP, {"session_id": session_id})

    async def read(self, session_id: UUID) -> LineNotice | None:
        """Return a notice; None where it was dropped, or its guest erased."""
        return await self._opened(READ, {"session_id": session_id})

    async def grant(self, session_id: UUID, token: str) -> None:
        """Let a token, in the place of any before it, open the session."""
        await execute(self._engine, KEEP, {"session_id": session_id, "hash": hashed(token)})

    async def redeem(self, token: str) -> LineNotice | None:
        """Return the notice of a token; None where it is too old, or none of ours."""
        return await self._opened(BY_TOKEN, {"token_hash": hashed(token)})

    async def forget(self) -> None:
        """Drop old notices."""
        await execute(self._engine, FORGET)

    async def _opened(self, statement: Statement, values: Values) -> LineNotice | None:
        row = await fetch_one(self._engine, statement, values)
        if row is None:
            return None
        plain = self._vault.open(
            row.wrapped_key, row.sealed, session_id=row.session_id, field=_FIELD
        )
        return LineNotice(**json.loads(plain), answered=row.answered)
