"""Making the hashes that sessions are found by anew, where those of an earlier version lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.fernet import InvalidToken
from sqlalchemy import text

from persistence.database import Database, execute, fetch_all
from persistence.encryption import Vault
from persistence.personal import open_details
from persistence.search import VERSION, search_hashes
from persistence.statements import Row

FIRST: Final = UUID(int=0)
_log = structlog.get_logger(__name__)

# Sessions that are found by hashes of an earlier version; a partial index knows them.
OLDER: Final = text(
    """
    SELECT s.id, s.version, s.details_ciphertext, k.wrapped_key
    FROM (SELECT DISTINCT session_id FROM session_search
          WHERE version = 1 AND session_id > :after ORDER BY session_id LIMIT :limit) AS f
    JOIN booking_sessions s ON s.id = f.session_id
    JOIN session_keys k ON k.session_id = f.session_id
    ORDER BY s.id
    """
)

# Which of some sessions are found by hashes of another form, or made by another key.
OTHERS: Final = text(
    """
    SELECT s.id, s.version, s.details_ciphertext, k.wrapped_key
    FROM booking_sessions s JOIN session_keys k ON k.session_id = s.id
    WHERE s.id = ANY (CAST(:ids AS uuid[])) AND EXISTS (
        SELECT FROM session_search f
        WHERE f.session_id = s.id
          AND (f.version <> :current OR f.key_id IS DISTINCT FROM :key_id))
    """
)

# Put the hashes of a session in the place of the older ones, unless it has changed or its guest has
# been erased meanwhile.
RENEW: Final = text(
    """
    WITH known AS (
        SELECT session_id FROM session_keys WHERE session_id = :id FOR KEY SHARE
    ), same AS (
        SELECT s.id FROM booking_sessions s JOIN known k ON k.session_id = s.id
        WHERE s.version = :version FOR UPDATE OF s
    ), wanted AS (
        SELECT w.kind, w.hash
        FROM unnest(CAST(:kinds AS text[]), CAST(:hashes AS bytea[])) AS w(kind, hash)
    ), gone AS (
        DELETE FROM session_search AS f USING same
        WHERE f.session_id = same.id
          AND NOT EXISTS (SELECT FROM wanted w WHERE w.kind = f.kind AND w.hash = f.hash)
    )
    INSERT INTO session_search AS f (kind, hash, session_id, version, key_id)
    SELECT w.kind, w.hash, same.id, :current, :key_id FROM same CROSS JOIN wanted w
    ON CONFLICT (kind, hash, begun_at, session_id) DO UPDATE
    SET version = excluded.version, key_id = excluded.key_id
    """
)


async def renew_hashes(engine: Database, vault: Vault, *, batch: int = 100) -> int:
    """Renew what is of an earlier version and return how many sessions that were.

    It may end anywhere and begins with what is left; a session that is edited meanwhile is
    renewed by its edit.
    """
    renewed, after = 0, FIRST
    while rows := await fetch_all(engine, OLDER, {"after": after, "limit": batch}):
        for row in rows:
            renewed += await renew(engine, vault, row)
        after = UUID(str(rows[-1].id))
    return renewed


async def renew_some(engine: Database, vault: Vault, ids: Sequence[UUID]) -> int:
    """Hash some sessions anew by the current key, and return how many that were."""
    wanted = {"ids": list(ids), "current": VERSION, "key_id": vault.search_key_id}
    rows = await fetch_all(engine, OTHERS, wanted)
    return sum([await renew(engine, vault, row) for row in rows])


async def renew(engine: Database, vault: Vault, row: Row) -> int:
    """Renew one session as it was read; 0 when it has changed, was erased or cannot be opened."""
    try:
        details = open_details(vault, row.wrapped_key, row.id, row.details_ciphertext)
    except (InvalidTag, InvalidToken):
        _log.warning("not found by new spellings: its details cannot be opened", session=row.id)
        return 0
    hashes = search_hashes(vault, details)
    values = {
        "id": row.id,
        "version": row.version,
        "kinds": [kind.value for kind, _ in hashes],
        "hashes": [value for _, value in hashes],
        "current": VERSION,
        "key_id": vault.search_key_id,
    }
    return int(await execute(engine, RENEW, values) > 0)
