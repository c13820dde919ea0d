"""The chain over the audit: a job seals lines, and whoever verifies finds what was changed since.

A seal holds the hash of the one before it and of its lines. Whoever may write everything could make
the whole chain anew; therefore each seal also stands in the log, where it can be compared.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

import structlog
from sqlalchemy import text

from booking_flow.staff.actions import REDACTED
from persistence.database import Database, fetch_all, fetch_one, transaction
from persistence.statements import Row

SETTLED: Final = timedelta(minutes=1)
"""After so long no commit is under way any more that took an earlier number."""
MOST: Final = 500
_START: Final = b"\0" * 32
_log = structlog.get_logger("booking_flow.audit")

# Two jobs at once seal one after the other, and the second finds nothing left.
ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('audit seals', 0))")

LAST: Final = text("SELECT number, last_id, digest FROM audit_seals ORDER BY number DESC LIMIT 1")

LINES: Final = text(
    """
    SELECT id, extract(epoch FROM at) AS at, account_id, name, action, session_ids, task_id, reason,
           request_id, CAST(facts AS text) AS facts
    FROM staff_audit
    WHERE id > :after AND id <= coalesce(CAST(:until AS bigint), id)
      AND at < booking_now() - CAST(:age AS interval)
    ORDER BY id LIMIT :most
    """
)

SEAL: Final = text(
    """
    INSERT INTO audit_seals (number, last_id, lines, reasons, digest, at)
    VALUES (:number, :last_id, :lines, CAST(:reasons AS bytea[]), :digest, booking_now())
    """
)

SEALS: Final = text(
    """
    SELECT number, last_id, lines, reasons, digest FROM audit_seals
    WHERE number > :after ORDER BY number LIMIT 100
    """
)

HAS: Final = text("SELECT 1 FROM audit_seals WHERE encode(digest, 'hex') = :digest")

UNSEALED: Final = text("SELECT count(*) AS lines FROM staff_audit WHERE id > :after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """How far the chain holds, and the number of the seal that does not, if there is one."""

    seals: int = 0
    lines: int = 0
    digest: str = ""
    """Of the last seal that holds, in hex, as the log has it."""
    broken: int | None = None
    unsealed: int = 0


async def seal_some(engine: Database, *, age: timedelta = SETTLED) -> int:
    """Seal the next lines and log each of them before it is; return how many that were."""
    async with transaction(engine) as connection:
        await connection.execute(ALONE)
        last = await connection.fetch_one(LAST)
        values = {"after": last.last_id if last else 0, "until": None, "age": age, "most": MOST}
        lines = await connection.fetch_all(LINES, values)
        if not lines:
            return 0
        reasons = [_hash_of(line.reason) for line in lines]
        digest = _digest(last.digest if last else _START, lines, reasons)
        number = last.number + 1 if last else 1
        for line in lines:
            _log.info("audit", **_facts(line))
        _log.info("audit_sealed", seal=number, lines=len(lines), digest=digest.hex())
        await connection.execute(
            SEAL,
            {
                "number": number,
                "last_id": lines[-1].id,
                "lines": len(lines),
                "reasons": reasons,
                "digest": digest,
            },
        )
    return len(lines)


async def verify(engine: Database) -> Verified:
    """Compare every line that is sealed with its seal, up to the first that does not fit."""
    before, after, seals, lines = _START, 0, 0, 0
    async for seal in _seals(engine):
        found = await _lines_of(engine, after, seal)
        fits = seal.number == seals + 1 and _fits(before, found, seal)
        if not fits:
            return Verified(seals=seals, lines=lines, digest=_shown(before), broken=seals + 1)
        before, after = seal.digest, seal.last_id
        seals, lines = seals + 1, lines + seal.lines
    row = await fetch_one(engine, UNSEALED, {"after": after})
    unsealed = row.lines if row else 0
    return Verified(seals=seals, lines=lines, digest=_shown(before), unsealed=unsealed)


async def has_digest(engine: Database, digest: str) -> bool:
    """Whether the chain has a seal with this digest, in hex."""
    return await fetch_one(engine, HAS, {"digest": digest.strip().lower()}) is not None


async def _seals(engine: Database) -> AsyncIterator[Row]:
    after = 0
    while found := await fetch_all(engine, SEALS, {"after": after}):
        for seal in found:
            yield seal
        after = found[-1].number


async def _lines_of(engine: Database, after: int, seal: Row) -> Sequence[Row]:
    values = {"after": after, "until": seal.last_id, "age": timedelta(), "most": MOST + 1}
    return await fetch_all(engine, LINES, values)


def _fits(before: bytes, lines: Sequence[Row], seal: Row) -> bool:
    if len(lines) != seal.lines or len(lines) != len(seal.reasons):
        return False
    same = all(
        line.reason == REDACTED or _hash_of(line.reason) == kept
        for line, kept in zip(lines, seal.reasons, strict=True)
    )
    return same and _digest(before, lines, seal.reasons) == seal.digest


def _digest(before: bytes, lines: Sequence[Row], reasons: Sequence[bytes]) -> bytes:
    """Hash lines onto what came before; of a reason only its hash, since it may be taken out."""
    made = sha256(before)
    for line, reason in zip(lines, reasons, strict=True):
        parts = (*_written(line), reason)
        made.update(b"".join(len(part).to_bytes(8, "big") + part for part in parts))
    return made.digest()


def _written(line: Row) -> tuple[bytes, ...]:
    sessions = ",".join(map(str, line.session_ids))
    values = (line.id, line.at, line.account_id, line.name, line.action, sessions, line.task_id)
    return tuple(str(value).encode() for value in (*values, line.request_id, line.facts))


def _hash_of(reason: str | None) -> bytes:
    return b"" if reason is None else sha256(reason.encode()).digest()


def _facts(line: Row) -> dict[str, Any]:
    """Return what the log says of a line: no reason, which people type."""
    return {
        "line": line.id,
        "account": line.account_id and str(line.account_id),
        "name": line.name,
        "action": line.action,
        "sessions": [str(each) for each in line.session_ids],
        "task": line.task_id and str(line.task_id),
        "request_id": line.request_id,
    }


def _shown(digest: bytes) -> str:
    return "" if digest == _START else digest.hex()
