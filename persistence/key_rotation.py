"""Keys that rotate: what older ones made is made anew by the current ones, and a key is retired."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from cryptography.fernet import InvalidToken
from sqlalchemy import text

from persistence.database import Database, fetch_all, transaction
from persistence.encryption import KeyKind, Vault
from persistence.search_renewal import FIRST, renew_some
from persistence.statements import Row

_log = structlog.get_logger(__name__)

# The next data keys in order, so that no statement looks at more than a handful. They are locked,
# so that nobody erases a guest meanwhile; whoever reads them or seals by them does not wait.
NEXT: Final = text(
    """
    SELECT session_id, wrapped_key, master_id IS DISTINCT FROM :master_id AS older
    FROM session_keys WHERE session_id > :after ORDER BY session_id LIMIT :limit
    FOR NO KEY UPDATE
    """
)

# Some data keys in their new wrapping.
REPLACE: Final = text(
    """
    UPDATE session_keys AS k SET wrapped_key = w.wrapped_key, master_id = :master_id
    FROM unnest(CAST(:session_ids AS uuid[]), CAST(:wrapped_keys AS bytea[]))
        AS w(session_id, wrapped_key)
    WHERE k.session_id = w.session_id
    """
)

# Staff's second factors that another master wraps, of which there are few.
OLDER_FACTORS: Final = text(
    """
    SELECT account_id, wrapped_key FROM staff_second_factors
    WHERE master_id <> :master_id ORDER BY account_id FOR UPDATE
    """
)
REPLACE_FACTOR: Final = text(
    """
    UPDATE staff_second_factors SET wrapped_key = :wrapped_key, master_id = :master_id
    WHERE account_id = :account_id
    """
)

TOTAL: Final = text("SELECT count(*) AS total FROM session_keys")

# How much each key has made that is still there; that of programs before 0.3 has no number.
USES: Final[Mapping[KeyKind, str]] = {
    KeyKind.MASTER: """
        SELECT master_id AS key_id, count(*) AS uses
        FROM (SELECT master_id FROM session_keys
              UNION ALL SELECT master_id FROM staff_second_factors) AS wrapped
        GROUP BY 1
        """,
    KeyKind.SEARCH: "SELECT key_id, count(*) AS uses FROM session_search GROUP BY 1",
    KeyKind.HASH: "SELECT 0 AS key_id, 0 AS uses WHERE false",
}

RETIRED: Final = text("SELECT kind, key_id FROM retired_keys")
RETIRE: Final = text(
    """
    INSERT INTO retired_keys (kind, key_id, at) VALUES (:kind, :key_id, booking_now())
    ON CONFLICT DO NOTHING
    """
)
# Nothing is wrapped while it is looked whether anything still is by the key that goes.
ALONE: Final = text("LOCK TABLE session_keys, staff_second_factors IN SHARE ROW EXCLUSIVE MODE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """How far it has come: sessions seen of all, and what was made anew or could not be opened."""

    seen: int = 0
    total: int = 0
    wrapped: int = 0
    hashed: int = 0
    unreadable: int = 0


class StillUsed(Exception):  # noqa: N818 - names what is in the way
    """A key cannot be retired: so much is made by it, and so much by nobody knows which."""

    def __init__(self, *, uses: int, unknown: int) -> None:
        """Take how much that is."""
        super().__init__(f"{uses} made by it, {unknown} by a key that is not known")
        self.uses, self.unknown = uses, unknown


async def rewrap(engine: Database, vault: Vault, *, batch: int = 500) -> AsyncIterator[Rewrapped]:
    """Wrap every data key by the current master and hash anew, a batch at a time.

    It may end anywhere and be begun again; what is done already is passed over.
    """
    row = (await fetch_all(engine, TOTAL))[0]
    wrapped, unreadable = await _rewrap_factors(engine, vault)
    so_far = Rewrapped(total=row.total, wrapped=wrapped, unreadable=unreadable)
    if wrapped or unreadable:
        yield so_far
    after = FIRST
    while True:
        ids, wrapped, unreadable = await _rewrap_some(engine, vault, after=after, limit=batch)
        if not ids:
            return
        seen, after = so_far.seen + len(ids), ids[-1]
        so_far = Rewrapped(
            seen=seen,
            total=max(so_far.total, seen),
            wrapped=so_far.wrapped + wrapped,
            hashed=so_far.hashed + await renew_some(engine, vault, ids),
            unreadable=so_far.unreadable + unreadable,
        )
        yield so_far


async def _rewrap_some(
    engine: Database, vault: Vault, *, after: UUID, limit: int
) -> tuple[Sequence[UUID], int, int]:
    """Return which sessions were looked at, and of how many the key was wrapped, or could not."""
    values = {"after": after, "limit": limit, "master_id": vault.master_id}
    async with transaction(engine) as connection:
        rows = await connection.fetch_all(NEXT, values)
        older = {row.session_id: row.wrapped_key for row in rows if row.older}
        anew = {
            session_id: _wrapped_anew(vault, session_id, key) for session_id, key in older.items()
        }
        done = {session_id: key for session_id, key in anew.items() if key is not None}
        if done:
            parameters = {
                "session_ids": list(done),
                "wrapped_keys": list(done.values()),
                "master_id": vault.master_id,
            }
            await connection.execute(REPLACE, parameters)
    return [row.session_id for row in rows], len(done), len(older) - len(done)


async def _rewrap_factors(engine: Database, vault: Vault) -> tuple[int, int]:
    """Return of how many accounts the key was wrapped, or could not be."""
    async with transaction(engine) as connection:
        rows = await connection.fetch_all(OLDER_FACTORS, {"master_id": vault.master_id})
        anew = [
            {"account_id": row.account_id, "master_id": vault.master_id, "wrapped_key": key}
            for row in rows
            if (key := _wrapped_anew(vault, row.account_id, row.wrapped_key)) is not None
        ]
        for each in anew:
            await connection.execute(REPLACE_FACTOR, each)
    return len(anew), len(rows) - len(anew)


def _wrapped_anew(vault: Vault, owner: UUID, key: bytes) -> bytes | None:
    """Wrap the key of a session, or of an account, by the current master."""
    try:
        return vault.rewrap(key)
    except InvalidToken:
        _log.warning("no master key of the settings opens it", owner=owner)
        return None


async def uses_of(engine: Database, kind: KeyKind) -> Mapping[int | None, int]:
    """Return how much each key has made that is still there; None stands for nobody knows which."""
    return _uses(await fetch_all(engine, text(USES[kind])))


async def retired(engine: Database) -> frozenset[tuple[KeyKind, int]]:
    """Return the keys that are used no more."""
    return frozenset((KeyKind(row.kind), row.key_id) for row in await fetch_all(engine, RETIRED))


async def retire(engine: Database, kind: KeyKind, number: int) -> None:
    """Let a key be used no more: by no process from now on, whatever its settings are.

    Raises:
        StillUsed: something that is there was made by it, or by nobody knows which.
    """
    await ensure_unused(engine, kind, number)
    async with transaction(engine) as connection:
        if kind is KeyKind.MASTER:
            await connection.execute(ALONE)
            _ensure_unused(_uses(await connection.fetch_all(text(USES[kind]))), number)
        await connection.execute(RETIRE, {"kind": kind.value, "key_id": number})


async def ensure_unused(engine: Database, kind: KeyKind, number: int) -> None:
    """Look whether anything that is there needs a key.

    Raises:
        StillUsed: something does, or may.
    """
    _ensure_unused(await uses_of(engine, kind), number)


def _uses(rows: Iterable[Row]) -> Mapping[int | None, int]:
    return {row.key_id: row.uses for row in rows}


def _ensure_unused(uses: Mapping[int | None, int], number: int) -> None:
    if uses.get(number) or uses.get(None):
        raise StillUsed(uses=uses.get(number, 0), unknown=uses.get(None, 0))
