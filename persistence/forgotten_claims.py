"""Claims of the journal that the database has forgotten: found, entered, and answered by staff.

While one of them waits to be entered no process claims anything new, see `commits`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.claim_journal import JournaledStep
from booking_flow.model.audit import AuditEntry
from persistence.audit import audited
from persistence.codec import decode, encode
from persistence.database import Database, execute, fetch_all, fetch_one
from persistence.statements import Row
from persistence.tables.forgotten_claims import EnteredAs

_AT_ONCE: Final = 1000

# Which of these claims are neither a step of their session nor known to be forgotten. Sessions
# that were old enough to go were not forgotten.
MISSING: Final = text(
    """
    SELECT c.step_id
    FROM unnest(CAST(:sessions AS uuid[]), CAST(:steps AS uuid[])) AS c(session_id, step_id)
    WHERE NOT EXISTS (SELECT FROM saga_steps t WHERE t.session_id = c.session_id
                      AND t.id = c.step_id)
      AND NOT EXISTS (SELECT FROM forgotten_claims f WHERE f.step_id = c.step_id)
      AND NOT EXISTS (SELECT FROM pruned_sessions p WHERE p.session_id = c.session_id)
    """
)

# Note claims that are forgotten; from this commit on nothing new is claimed.
RECORD: Final = text(
    """
    INSERT INTO forgotten_claims (step_id, session_id, session_version, journaled, facts,
                                  found_at, due_at)
    SELECT c.step_id, c.session_id, c.session_version, c.journaled, c.facts, booking_now(),
           booking_now() + CAST(:due_in AS interval)
    FROM jsonb_to_recordset(CAST(:claims AS jsonb)) AS c(
        step_id uuid, session_id uuid, session_version integer, journaled jsonb, facts jsonb)
    ON CONFLICT DO NOTHING
    """
)

# Sessions of which something waits to be entered.
SESSIONS: Final = text(
    """
    SELECT session_id FROM forgotten_claims WHERE entered_at IS NULL
    GROUP BY session_id ORDER BY min(found_at), session_id LIMIT :limit
    """
)

# What waits to be entered of one session.
WAITING: Final = text(
    """
    SELECT journaled FROM forgotten_claims
    WHERE session_id = :session_id AND entered_at IS NULL ORDER BY session_version
    """
)

# Let claims stand for themselves as tasks.
LEAVE: Final = text(
    """
    UPDATE forgotten_claims SET entered_at = booking_now(), entered_as = 'task'
    WHERE entered_at IS NULL AND step_id = ANY(CAST(:steps AS uuid[]))
    """
)

# The same for all that still wait, since a person says so.
ACCEPT: Final = text(
    "".join(
        (
            """
            WITH accepted AS (
                UPDATE forgotten_claims SET entered_at = booking_now(), entered_as = 'task'
                WHERE entered_at IS NULL RETURNING step_id, session_id
            ),
            """,
            audited("accepted", each=True),
            " SELECT step_id FROM accepted",
        )
    )
)

# End a claim that stands for itself; whoever answered first has raised its version.
CLOSE: Final = text(
    "".join(
        (
            """
            WITH closed AS (
                UPDATE forgotten_claims
                SET closed_at = booking_now(), closed_by = :name, answer = :answer,
                    version = version + 1
                WHERE step_id = :id AND version = :version AND entered_as = 'task'
                  AND closed_at IS NULL
                RETURNING session_id
            ),
            """,
            audited("closed"),
            " SELECT session_id FROM closed",
        )
    )
)

# All of them, with whether anybody still has to find something out.
_LISTED: Final = """
SELECT f.step_id, f.session_id, f.journaled, f.facts, f.found_at, f.entered_at, f.entered_as,
       f.closed_at, f.closed_by, f.answer,
       CASE f.entered_as
           WHEN 'task' THEN f.closed_at IS NULL
           WHEN 'conflict' THEN EXISTS (
               SELECT FROM staff_tasks t WHERE t.session_id = f.session_id
               AND t.step_id = f.step_id AND t.kind = 'conflict' AND t.closed_at IS NULL)
           WHEN 'step' THEN EXISTS (
               SELECT FROM saga_steps s WHERE s.session_id = f.session_id AND s.id = f.step_id
               AND s.status = 'unknown')
           ELSE true
       END AS is_open
FROM forgotten_claims f"""
LISTED: Final = text("".join((_LISTED, " ORDER BY f.found_at, f.session_id, f.session_version")))

# How many wait to be entered, and how many to be found out.
STANDING: Final = text(
    "".join(
        (
            "SELECT count(*) FILTER (WHERE entered_at IS NULL) AS waiting, ",
            "count(*) FILTER (WHERE is_open AND entered_at IS NOT NULL) AS unsettled FROM (",
            _LISTED,
            ") AS listed",
        )
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgottenClaim:
    """A claim that the database had forgotten, and what has become of it."""

    known: JournaledStep
    reference: str
    found_at: datetime
    entered_at: datetime | None
    entered_as: EnteredAs | None
    closed_at: datetime | None
    closed_by: str | None
    answer: str | None
    is_open: bool
    """Whether something is still to be found out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many claims wait to be entered, which stops selling, and how many to be found out."""

    waiting: int
    unsettled: int


def told_of(standing: Standing) -> str:
    """Say what the database had forgotten and what is open of it."""
    if standing.waiting:
        return (
            "the database has forgotten claims, and nothing is sold until they are entered:"
            f" {standing.waiting}"
        )
    return f"the database had forgotten claims; of {standing.unsettled} the outcome is open"


class PostgresForgottenClaims:
    """Forgotten claims in PostgreSQL; `due_in` is how soon a person should look at one."""

    def __init__(self, engine: Database, *, due_in: timedelta) -> None:
        """Take a pool whose statements commit by themselves."""
        self._engine = engine
        self._due_in = due_in

    async def missing(self, known: Collection[JournaledStep]) -> list[JournaledStep]:
        """Return which of these the database has forgotten, in the order given."""
        forgotten: set[UUID] = set()
        steps = list(known)
        for begin in range(0, len(steps), _AT_ONCE):
            claims = [each.claim for each in steps[begin : begin + _AT_ONCE]]
            values = {
                "sessions": [claim.session_id for claim in claims],
                "steps": [claim.step_id for claim in claims],
            }
            forgotten |= {row.step_id for row in await fetch_all(self._engine, MISSING, values)}
        return [each for each in steps if each.claim.step_id in forgotten]

    async def record(self, forgotten: Sequence[JournaledStep]) -> None:
        """Note claims that are forgotten, in one commit; those that are noted stay as they are."""
        if forgotten:
            values = {"claims": encode([_row(each) for each in forgotten]), "due_in": self._due_in}
            await execute(self._engine, RECORD, values)

    async def sessions(self, *, limit: int) -> Sequence[UUID]:
        """Return sessions of which something waits to be entered."""
        rows = await fetch_all(self._engine, SESSIONS, {"limit": limit})
        return [row.session_id for row in rows]

    async def waiting(self, session_id: UUID) -> Sequence[JournaledStep]:
        """Return what waits to be entered of one session, the oldest first."""
        rows = await fetch_all(self._engine, WAITING, {"session_id": session_id})
        return [decode(row.journaled, JournaledStep) for row in rows]

    async def leave_to_staff(self, step_ids: Sequence[UUID]) -> None:
        """Make each a task that stands for itself."""
        await execute(self._engine, LEAVE, {"steps": list(step_ids)})

    async def accept(self, *, audit: AuditEntry) -> int:
        """Make all that wait tasks that stand for themselves, each on record; return how many."""
        return len(await fetch_all(self._engine, ACCEPT, {"audit": encode(audit)}))

    async def listed(self) -> Sequence[ForgottenClaim]:
        """Return all that were ever found, the oldest first."""
        return [_claim(row) for row in await fetch_all(self._engine, LISTED)]

    async def standing(self) -> Standing:
        """Count what is open."""
        row = await fetch_one(self._engine, STANDING)
        if row is None:
            raise AssertionError("a count always answers")
        return Standing(waiting=row.waiting, unsettled=row.unsettled)


def _row(known: JournaledStep) -> Mapping[str, object]:
    claim = known.claim
    return {
        "step_id": claim.step_id,
        "session_id": claim.session_id,
        "session_version": claim.version,
        "journaled": known,
        "facts": {**claim.facts, **known.known},
    }


def _claim(row: Row) -> ForgottenClaim:
    known = decode(row.journaled, JournaledStep)
    return ForgottenClaim(
        known=known,
        reference=known.claim.facts.get("reference", ""),
        found_at=row.found_at,
        entered_at=row.entered_at,
        entered_as=EnteredAs(row.entered_as) if row.entered_as else None,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        answer=row.answer,
        is_open=row.is_open,
    )
