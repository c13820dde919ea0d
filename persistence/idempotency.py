"""Idempotency-Keys: found for 24 hours, and free again afterwards."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from booking_flow.model.change import IdempotencyBinding
from booking_flow.ports import Replay
from persistence.database import Database, execute, fetch_one
from persistence.rows import attempt_of
from persistence.statements import Row

# What a key is bound to, with the step's present outcome.
FIND: Final = text(
    """
    SELECT k.session_id, k.fingerprint, k.success_status, t.id AS step_id, t.name AS step_name,
           t.status AS step_status, t.claimed_at, t.settled_at, t.sent, t.refusal
    FROM idempotency_keys k
    LEFT JOIN saga_steps t ON t.session_id = k.session_id AND t.id = k.step_id
    WHERE k.scope = :scope AND k.route = :route AND k.key_hash = :key_hash
      AND k.at > booking_now() - interval '24 hours'
    """
)

# Free a key that is older than a day.
FREE: Final = text(
    """
    DELETE FROM idempotency_keys
    WHERE scope = :scope AND route = :route AND key_hash = :key_hash
      AND at <= booking_now() - interval '24 hours'
    """
)

# Some of the keys whose day is over; what they were bound to can be asked for no more.
FORGET: Final = text(
    """
    DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM idempotency_keys
        WHERE at <= booking_now() - interval '24 hours' ORDER BY at LIMIT :limit
        FOR UPDATE SKIP LOCKED))
    """
)


async def find(engine: Database, *, scope: str, route: str, key_hash: bytes) -> Replay | None:
    """Return what a key was bound to within the last 24 hours."""
    row = await fetch_one(engine, FIND, {"scope": scope, "route": route, "key_hash": key_hash})
    return None if row is None else _replay_of(row)


async def is_bound(engine: Database, binding: IdempotencyBinding) -> bool:
    """Whether a request's key is bound by now."""
    replay = await find(engine, scope=binding.scope, route=binding.route, key_hash=binding.key_hash)
    return replay is not None


async def free(engine: Database, binding: IdempotencyBinding) -> bool:
    """Let go of a key whose day is over; whether there was one."""
    key = {"scope": binding.scope, "route": binding.route, "key_hash": binding.key_hash}
    return await execute(engine, FREE, key) > 0


async def forget(engine: Database, *, limit: int = 5_000) -> int:
    """Drop every key whose day is over, so many at a time; return how many there were."""
    dropped = 0
    while True:
        some = await execute(engine, FORGET, {"limit": limit})
        dropped += some
        if some < limit:
            return dropped


def _replay_of(row: Row) -> Replay:
    return Replay(
        session_id=row.session_id,
        fingerprint=row.fingerprint,
        success_status=row.success_status,
        step=None if row.step_id is None else attempt_of(row),
    )
