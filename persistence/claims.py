"""Who works on a task: statements that take it and give it back; each raises its version."""

from __future__ import annotations

from typing import Final

from sqlalchemy import TextClause, text

from booking_flow.ports import TaskClaim
from persistence.audit import audited
from persistence.statements import Row

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
        ),
        changed AS (SELECT version FROM own UNION ALL SELECT version FROM forgotten),
        {audited("changed")}
        SELECT version FROM changed
        """  # noqa: S608 - both parts stand above
    )


# Take a task that is free or one's own, or take it over.
CLAIM: Final = _of_both(_CLAIM)

# Give a task back: one's own, or anybody's.
HAND_BACK: Final = _of_both(_HAND_BACK)


def claim_of(row: Row) -> TaskClaim | None:
    """Build the claim a row of `staff_tasks` describes."""
    if row.claimed_account is None:
        return None
    return TaskClaim(account_id=row.claimed_account, name=row.claimed_by, at=row.claimed_at)
