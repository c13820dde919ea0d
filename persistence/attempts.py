"""The attempts at a session's steps as staff read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.ports import StepAttempt
from persistence.codec import decode_facts
from persistence.database import Database, fetch_all
from persistence.rows import attempt_of
from persistence.statements import Row

# Attempts in the order in which they were claimed.
STEPS: Final = text(
    """
    SELECT session_id, id AS step_id, name AS step_name, status AS step_status, claimed_at,
           settled_at, sent, refusal, fence, owner, lease_until, intent, evidence, item_key,
           hold_until, attempts, next_attempt_at
    FROM saga_steps WHERE session_id = :session_id ORDER BY claimed_at, id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEntry:
    """An attempt with who made it, what was to be asked and what is known of the answer."""

    attempt: StepAttempt
    fence: int
    owner: str | None
    lease_until: datetime | None
    intent: Mapping[str, str]
    evidence: Mapping[str, str]
    item_key: str | None
    hold_until: datetime | None
    attempts: int
    next_attempt_at: datetime | None


async def steps(engine: Database, session_id: UUID) -> Sequence[StepEntry]:
    """Return every attempt at a step of a session, owed undos as well."""
    return [_step_entry(row) for row in await fetch_all(engine, STEPS, {"session_id": session_id})]


def _step_entry(row: Row) -> StepEntry:
    return StepEntry(
        attempt=attempt_of(row),
        fence=row.fence,
        owner=row.owner,
        lease_until=row.lease_until,
        intent=decode_facts(row.intent),
        evidence=decode_facts(row.evidence),
        item_key=row.item_key,
        hold_until=row.hold_until,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
    )
