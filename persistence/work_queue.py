"""Work that waits in the tables: taken by any number of workers, each piece by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.model.step import OwedUndo, StepName
from booking_flow.model.task import StaffTask
from booking_flow.ports import TakenCheck, TakenStep, TakenUndo
from booking_flow.supplier import SupplierCall
from persistence import commit_inserts, undos
from persistence.codec import encode
from persistence.commit_values import call_rows
from persistence.database import Database, execute, fetch_all, fetch_one
from persistence.statements import Row

# Lease open steps whose owner is gone or that are due for another look. Raising the fence shuts
# the owner out, should it only have slept.
TAKE_STEPS: Final = text(
    """
    WITH now AS MATERIALIZED (SELECT booking_now() AS at),
    abandoned AS MATERIALIZED (
        SELECT session_id, id FROM saga_steps
        WHERE status = 'started' AND lease_until <= (SELECT at FROM now)
        ORDER BY lease_until LIMIT :limit FOR UPDATE SKIP LOCKED
    ),
    unknown AS MATERIALIZED (
        SELECT session_id, id FROM saga_steps
        WHERE status = 'unknown' AND next_attempt_at <= (SELECT at FROM now)
        ORDER BY next_attempt_at LIMIT :limit FOR UPDATE SKIP LOCKED
    ),
    due AS (
        SELECT session_id, id FROM abandoned UNION ALL SELECT session_id, id FROM unknown
        LIMIT :limit
    )
    UPDATE saga_steps AS t
    SET fence = t.fence + 1, attempts = t.attempts + 1, owner = :owner,
        lease_until = now.at + CAST(:lease AS interval),
        next_attempt_at = now.at + CAST(:lease AS interval)
    FROM due, now
    WHERE t.session_id = due.session_id AND t.id = due.id
    RETURNING t.session_id, t.id, t.name, t.fence, t.attempts
    """
)

# Lease one session's step that nobody works on, due or not; raising the fence shuts out whoever
# held it before.
TAKE_STEP: Final = text(
    """
    UPDATE saga_steps AS t
    SET fence = t.fence + 1, attempts = t.attempts + 1, owner = :owner,
        lease_until = booking_now() + CAST(:lease AS interval),
        next_attempt_at = booking_now() + CAST(:lease AS interval)
    WHERE t.session_id = :session_id AND t.status IN ('started', 'unknown')
      AND (t.lease_until IS NULL OR t.lease_until <= booking_now())
    RETURNING t.session_id, t.id, t.name, t.fence, t.attempts
    """
)

# Lease undos that are due.
TAKE_UNDOS: Final = text(
    """
    WITH now AS MATERIALIZED (SELECT booking_now() AS at),
    due AS MATERIALIZED (
        SELECT session_id, id FROM saga_steps
        WHERE status = 'owed' AND next_attempt_at <= (SELECT at FROM now)
          AND (lease_until IS NULL OR lease_until <= (SELECT at FROM now))
        ORDER BY next_attempt_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE saga_steps AS t
    SET fence = t.fence + 1, attempts = t.attempts + 1, owner = :owner,
        lease_until = now.at + CAST(:lease AS interval)
    FROM due, now, booking_sessions s
    WHERE t.session_id = due.session_id AND t.id = due.id AND s.id = t.session_id
    RETURNING t.session_id, t.id, t.supplier_key, t.item_key, t.hold_until, t.fence, t.attempts,
              s.currency
    """
)

# Give a step back that is still unknown. Pauses grow by a tenth each time up to ten times the
# first, and vary; without one only people look again.
LOOK_AGAIN: Final = text(
    "".join(
        (
            """
            WITH moved AS (
                UPDATE saga_steps AS t
                SET lease_until = NULL,
                    next_attempt_at = booking_now() + (0.9 + 0.2 * random())
                        * least(power(1.1, least(t.attempts, 100)), 10)
                        * CAST(:after AS interval)
                WHERE t.session_id = :session_id AND t.id = :id AND t.fence = :fence
                  AND t.status IN ('started', 'unknown')
                RETURNING t.session_id AS id, booking_now() AS now
            ),
            """,
            commit_inserts.CALLS,
            " SELECT id FROM moved",
        )
    )
)

# Give steps back that only people can find out about, each while its fence is ours.
LEAVE_TO_PEOPLE: Final = text(
    """
    UPDATE saga_steps AS t SET lease_until = NULL, next_attempt_at = NULL
    FROM unnest(CAST(:session_ids AS uuid[]), CAST(:ids AS uuid[]), CAST(:fences AS integer[]))
        AS ours(session_id, id, fence)
    WHERE t.session_id = ours.session_id AND t.id = ours.id AND t.fence = ours.fence
      AND t.status IN ('started', 'unknown')
    """
)

# A task for an undo, unless somebody works on one already.
STUCK: Final = """
tasks AS (
    INSERT INTO staff_tasks (session_id, id, kind, step_id, opened_at, due_at, not_before, facts)
    SELECT m.id, t.id, t.kind, t.step_id, m.now, t.due_at, t.not_before, t.facts
    FROM moved m CROSS JOIN jsonb_to_recordset(CAST(:tasks AS jsonb)) AS t(
        id uuid, kind text, step_id uuid, due_at timestamptz, not_before timestamptz, facts jsonb)
    WHERE NOT EXISTS (SELECT FROM staff_tasks o WHERE o.session_id = m.id
                      AND o.step_id = t.step_id AND o.kind = t.kind)
)"""

SETTLE_UNDO: Final = text(
    "".join(("WITH", undos.SETTLED, ",", commit_inserts.CALLS, ",", STUCK, " SELECT id FROM moved"))
)

# Payments to be compared with the line's record. The pause before the next look is as long as the
# task has been open at the last one, at least a minute and at most two hours; it also keeps others
# away while one looks.
TAKE_PAYMENT_CHECKS: Final = text(
    """
    WITH now AS MATERIALIZED (SELECT booking_now() AS at),
    due AS MATERIALIZED (
        SELECT session_id, id FROM staff_tasks
        WHERE kind = 'payment_unchecked' AND closed_at IS NULL
          AND coalesce(looked_at, opened_at) + least(greatest(
              looked_at - opened_at, interval '1 minute'), interval '2 hours')
              <= (SELECT at FROM now)
        ORDER BY looked_at NULLS FIRST LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE staff_tasks AS t SET looked_at = now.at
    FROM due, now
    WHERE t.session_id = due.session_id AND t.id = due.id
    RETURNING t.session_id, t.id, t.step_id, t.version
    """
)

# Sessions that a clock has reached: the hold's, the session's own, or that of an unwinding whose
# undos are all paid back. Whoever comes first wins the commit; the others see nothing to do.
DUE_SESSIONS: Final = text(
    """
    WITH now AS MATERIALIZED (SELECT booking_now() AS at)
    (SELECT id FROM booking_sessions
     WHERE state = 'basketed' AND open_step IS NULL AND hold_until <= (SELECT at FROM now)
     ORDER BY hold_until LIMIT :limit)
    UNION
    (SELECT id FROM booking_sessions
     WHERE state IN ('created', 'priced', 'cabin_selected', 'basketed') AND open_step IS NULL
       AND unwinding_since IS NULL AND expires_at <= (SELECT at FROM now)
     ORDER BY expires_at LIMIT :limit)
    UNION
    (SELECT id FROM booking_sessions s
     WHERE state = 'basketed' AND unwinding_since IS NOT NULL AND open_step IS NULL
       AND NOT EXISTS (SELECT FROM saga_steps o WHERE o.session_id = s.id AND o.status = 'owed')
     ORDER BY unwinding_since LIMIT :limit)
    LIMIT :limit
    """
)

# Bookings nobody has paid in time.
OVERDUE: Final = text(
    """
    SELECT id FROM booking_sessions
    WHERE state = 'booked' AND unwinding_since IS NULL AND open_step IS NULL
      AND pay_by <= booking_now()
    ORDER BY pay_by LIMIT :limit
    """
)


# Bookings that wait for money and for nothing else; while answers disagree, nobody collects.
_COLLECTABLE: Final = """
      s.unwinding_since IS NULL AND s.open_step IS NULL
      AND NOT EXISTS (SELECT FROM staff_tasks c WHERE c.session_id = s.id
                      AND c.kind = 'conflict' AND c.closed_at IS NULL)
      AND NOT EXISTS (SELECT FROM forgotten_claims f WHERE f.session_id = s.id
                      AND f.entered_as = 'task' AND f.closed_at IS NULL)"""

# Unpaid bookings without a task to collect, those whose task is late and not escalated, and paid
# ones whose balance is late. Where the line has set the time, that time is for `OVERDUE`.
UNCOLLECTED: Final = text(
    "".join(
        (
            """
    (SELECT s.id FROM booking_sessions s JOIN bookings b ON b.session_id = s.id
     LEFT JOIN staff_tasks t
         ON t.session_id = s.id AND t.kind = 'collect_payment' AND t.closed_at IS NULL
     WHERE s.state = 'booked'
       AND (t.id IS NULL OR (s.pay_by IS NULL AND t.due_at <= booking_now()
                             AND t.facts ->> 'overdue' IS NULL)) AND""",
            _COLLECTABLE,
            """
     LIMIT :limit)
    UNION
    (SELECT s.id FROM bookings b JOIN booking_sessions s ON s.id = b.session_id
     WHERE b.paid < b.total AND b.currency = b.paid_currency AND s.state = 'paid'
       AND b.balance_due_date < CAST(booking_now() AT TIME ZONE 'UTC' AS date)
       AND NOT EXISTS (SELECT FROM staff_tasks t WHERE t.session_id = s.id
                       AND t.kind = 'collect_payment' AND t.closed_at IS NULL) AND""",
            _COLLECTABLE,
            """
     LIMIT :limit)
    LIMIT :limit""",
        )
    )
)

# Balances that are due soon and of which nobody was reminded.
TO_REMIND: Final = text(
    "".join(
        (
            """
    SELECT s.id FROM bookings b JOIN booking_sessions s ON s.id = b.session_id
    WHERE b.paid < b.total AND b.currency = b.paid_currency AND s.state = 'paid'
      AND b.reminded_at IS NULL
      AND b.balance_due_date BETWEEN CAST(booking_now() AT TIME ZONE 'UTC' AS date)
          AND CAST(booking_now() AT TIME ZONE 'UTC' AS date) + CAST(:days AS integer) AND""",
            _COLLECTABLE,
            " LIMIT :limit",
        )
    )
)


class PostgresWorkQueue:
    """Work in PostgreSQL; `owner` names this process on what it takes."""

    def __init__(self, engine: Database, owner: str) -> None:
        """Take a pool whose statements commit by themselves."""
        self._engine = engine
        self._owner = owner

    async def take_open_steps(self, *, limit: int, lease_seconds: float) -> Sequence[TakenStep]:
        """Lease steps whose owner is gone, and unknown ones that are due for another look."""
        rows = await fetch_all(self._engine, TAKE_STEPS, self._terms(limit, lease_seconds))
        return [_step_of(row) for row in rows]

    async def take_step(self, session_id: UUID, *, lease_seconds: float) -> TakenStep | None:
        """Lease the open step of a session; None when there is none or somebody works on it."""
        values = {
            "session_id": session_id,
            "owner": self._owner,
            "lease": timedelta(seconds=lease_seconds),
        }
        row = await fetch_one(self._engine, TAKE_STEP, values)
        return _step_of(row) if row else None

    async def look_again(
        self, taken: TakenStep, *, after: timedelta | None, calls: Sequence[SupplierCall]
    ) -> None:
        """Give a step back that is still unknown; None leaves it to people."""
        values = {
            "session_id": taken.session_id,
            "id": taken.step_id,
            "fence": taken.fence,
            "after": after,
            "calls": encode(call_rows(calls)),
        }
        await fetch_one(self._engine, LOOK_AGAIN, values)

    async def leave_to_people(self, taken: Sequence[TakenStep]) -> None:
        """Give steps back that only people can find out about, those that are still ours."""
        if not taken:
            return
        values = {
            "session_ids": [each.session_id for each in taken],
            "ids": [each.step_id for each in taken],
            "fences": [each.fence for each in taken],
        }
        await execute(self._engine, LEAVE_TO_PEOPLE, values)

    async def take_undos(self, *, limit: int, lease_seconds: float) -> Sequence[TakenUndo]:
        """Lease owed undos that are due."""
        rows = await fetch_all(self._engine, TAKE_UNDOS, self._terms(limit, lease_seconds))
        return [_undo_of(row) for row in rows]

    async def settle_undo(
        self,
        taken: TakenUndo,
        *,
        done: bool,
        calls: Sequence[SupplierCall],
        task: StaffTask | None = None,
    ) -> bool:
        """Record how an undo went; a task for it is opened once. False when fenced off."""
        values = {
            **undos.settlement(taken.undo.id, fence=taken.fence, done=done, calls=calls),
            "tasks": encode([task] if task else []),
        }
        return await fetch_one(self._engine, SETTLE_UNDO, values) is not None

    async def take_payment_checks(self, *, limit: int) -> Sequence[TakenCheck]:
        """Take payments whose receipt is due for another look; for a minute nobody else does."""
        rows = await fetch_all(self._engine, TAKE_PAYMENT_CHECKS, {"limit": limit})
        return [
            TakenCheck(
                session_id=row.session_id, task_id=row.id, step_id=row.step_id, version=row.version
            )
            for row in rows
        ]

    async def due_sessions(self, *, limit: int) -> Sequence[UUID]:
        """Return sessions whose hold or life has ended, or whose unwinding can be finished."""
        return [row.id for row in await fetch_all(self._engine, DUE_SESSIONS, {"limit": limit})]

    async def overdue_payments(self, *, limit: int) -> Sequence[UUID]:
        """Return booked sessions whose time to be paid, set by the line, has passed."""
        return [row.id for row in await fetch_all(self._engine, OVERDUE, {"limit": limit})]

    async def balances_to_remind(self, *, limit: int, days: int) -> Sequence[UUID]:
        """Return paid bookings whose balance is due within so many days, and nobody was told."""
        values = {"limit": limit, "days": days}
        return [row.id for row in await fetch_all(self._engine, TO_REMIND, values)]

    async def uncollected_payments(self, *, limit: int) -> Sequence[UUID]:
        """Return bookings whose money nobody collects, or should have collected by now."""
        return [row.id for row in await fetch_all(self._engine, UNCOLLECTED, {"limit": limit})]

    def _terms(self, limit: int, lease_seconds: float) -> Mapping[str, object]:
        return {"limit": limit, "lease": timedelta(seconds=lease_seconds), "owner": self._owner}


def _step_of(row: Row) -> TakenStep:
    return TakenStep(
        session_id=row.session_id,
        step_id=row.id,
        name=StepName(row.name),
        fence=row.fence,
        attempts=row.attempts,
    )


def _undo_of(row: Row) -> TakenUndo:
    undo = OwedUndo(
        id=row.id,
        session_key=row.supplier_key,
        item_key=row.item_key,
        hold_until=row.hold_until,
    )
    return TakenUndo(
        session_id=row.session_id,
        undo=undo,
        currency=row.currency,
        fence=row.fence,
        attempts=row.attempts,
    )
