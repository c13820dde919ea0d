"""Claims: who of the staff works on a task; each claim raises the version that answers need."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text

from persistence.database import Database, Row, fetch_one

_CLAIM: Final = """
SET claimed_account = :account_id, claimed_by = :name, claimed_at = booking_now(),
    version = version + 1
WHERE version = ANY(CAST(:seen AS integer[])) AND closed_at IS NULL
  AND (:takeover OR claimed_account IS NULL OR claimed_account = :account_id)"""

_HAND_BACK: Final = """
SET claimed_account = NULL, claimed_by = NULL, claimed_at = NULL, version = version + 1
WHERE version = ANY(CAST(:seen AS integer[])) AND closed_at IS NULL
  AND claimed_account IS NOT NULL AND (:anybodys OR claimed_account = :account_id)"""


def _of_both(change: str) -> TextClause:
    """Return a change of a task, be it one of a session or a forgotten claim."""
    return text(
        f"""
        WITH own AS (UPDATE staff_tasks {change} AND id = :id RETURNING version),
        forgotten AS (
            UPDATE forgotten_claims {change} AND step_id = :id AND entered_as = 'task'
            RETURNING version
        )
        SELECT version FROM own UNION ALL SELECT version FROM forgotten
        """  # noqa: S608 - both parts stand above
    )


# Take a task that is free or one's own, or take it over.
CLAIM: Final = _of_both(_CLAIM)

# Give a task back: one's own, or anybody's.
HAND_BACK: Final = _of_both(_HAND_BACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who works on a task, and since when."""

    account_id: UUID
    name: str
    at: datetime


class PostgresClaims:
    """Claims in PostgreSQL, each one guarded statement."""

    def __init__(self, engine: Database) -> None:
        """Take a pool whose statements commit by themselves."""
        self._engine = engine

    async def claim(
        self, task_id: UUID, *, account_id: UUID, name: str, seen: Collection[int], takeover: bool
    ) -> bool:
        """Take a task as it was seen; False when it is not so any more, or is another's."""
        values = {"id": task_id, "account_id": account_id, "name": name}
        more = {"seen": list(seen), "takeover": takeover}
        return await fetch_one(self._engine, CLAIM, values | more) is not None

    async def hand_back(
        self, task_id: UUID, *, account_id: UUID, seen: Collection[int], anybodys: bool
    ) -> bool:
        """Give a task back as it was seen; False when it is not so any more, or is another's."""
        values = {"id": task_id, "account_id": account_id}
        more = {"seen": list(seen), "anybodys": anybodys}
        return await fetch_one(self._engine, HAND_BACK, values | more) is not None


def claim_of(row: Row) -> Claim | None:
    """Build the claim a row of `staff_tasks` describes."""
    if row.claimed_account is None:
        return None
    return Claim(account_id=row.claimed_account, name=row.claimed_by, at=row.claimed_at)
