"""The statement of a commit: one guarded update, and every other row depends on it.

`moved` holds one row if the guards held and none if they did not; all inserts select from it,
so that a lost race writes nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

from sqlalchemy import TextClause, text

from persistence import commit_inserts
from persistence.commit_plan import Grip, Shape
from persistence.outbox_rows import ANNOUNCED

_ALWAYS: Final = (
    "state",
    "version",
    "expires_at",
    "supplier_key",
    "supplier_opened_at",
    "open_step",
    "open_step_kind",
    "unwinding_since",
    "unwinding_reason",
    "cancel_requested_at",
    "cards_tried",
    "pay_by",
)
_BASKET: Final = ("basket", "item_key", "hold_until", "total", "deposit")

# Lock the open step; a takeover that came first has raised the fence, and nothing is found.
STEP: Final = """
step AS (
    SELECT session_id FROM saga_steps
    WHERE session_id = :id AND id = :step_id AND fence = :fence
      AND status IN ('started', 'unknown')
    FOR UPDATE
)"""

# Hold the data key that was sealed by; of a guest who has been erased meanwhile nothing is written.
DATA_KEY: Final = """
data_key AS (
    SELECT session_id FROM session_keys WHERE session_id = :id FOR KEY SHARE
)"""

# Lock the task that is answered; whoever answered first has raised its version.
TASK: Final = """
task AS (
    SELECT session_id FROM staff_tasks
    WHERE session_id = :id AND id = :task_id AND version = :task_version AND closed_at IS NULL
    FOR UPDATE
)"""

# Lock the forgotten claims that are entered; whoever was first has entered them.
WAITING: Final = """
waiting AS (
    SELECT step_id FROM forgotten_claims
    WHERE step_id = ANY(CAST(:remembers AS uuid[])) AND entered_at IS NULL
    FOR UPDATE
)"""

# Answer once, whether the guards held or not.
OUTCOME: Final = """
SELECT m.id IS NOT NULL AS moved, coalesce(m.now, booking_now()) AS now
FROM (VALUES (1)) AS always LEFT JOIN moved m ON true"""

_GUARDS: Final = {
    Grip.NONE: "s.open_step IS NOT DISTINCT FROM CAST(:before_step AS uuid)",
    Grip.CLAIM_FORWARD: """s.open_step IS NULL AND s.unwinding_since IS NULL
      AND NOT EXISTS (SELECT FROM staff_tasks c WHERE c.session_id = s.id
                      AND c.kind = 'conflict' AND c.closed_at IS NULL)
      AND NOT EXISTS (SELECT FROM forgotten_claims f WHERE f.entered_at IS NULL)
      AND NOT EXISTS (SELECT FROM forgotten_claims f WHERE f.session_id = s.id
                      AND f.entered_as = 'task' AND f.closed_at IS NULL)""",
    Grip.CLAIM_UNDO: "s.open_step IS NULL",
    Grip.SETTLE: "s.open_step = :step_id AND s.id = step.session_id",
}


@cache
def commit_statement(shape: Shape) -> TextClause:
    """Return the statement of every commit of this shape; its text never varies."""
    waiting = [WAITING] if shape.remembers else []
    parts = [*_locked(shape).values(), *waiting, _moved(shape), *_rows(shape)]
    return text("".join(("WITH", ",".join(parts), OUTCOME)))


def _locked(shape: Shape) -> dict[str, str]:
    """Return what must be there, and stay as it is, for the commit to be written."""
    wanted = {
        "step": (STEP, shape.grip is Grip.SETTLE),
        "data_key": (DATA_KEY, shape.seals),
        "task": (TASK, shape.closes),
    }
    return {name: sql for name, (sql, is_wanted) in wanted.items() if is_wanted}


def _moved(shape: Shape) -> str:
    assignments = [f"{column} = :{column}" for column in _columns(shape)]
    return "".join(
        (
            "\nmoved AS (\n    UPDATE booking_sessions AS s\n    SET ",
            ", ".join(assignments),
            ", updated_at = booking_now()",
            f"\n    FROM {', '.join(_locked(shape))}" if _locked(shape) else "",
            "\n    WHERE ",
            "\n      AND ".join(_guards(shape)),
            "\n    RETURNING s.id, s.updated_at AS now\n)",
        )
    )


def _columns(shape: Shape) -> Iterator[str]:
    yield from _ALWAYS
    if shape.selection:
        yield "selection"
    if shape.basket:
        yield from _BASKET
    if shape.details:
        yield "details_ciphertext"


def _guards(shape: Shape) -> Iterator[str]:
    yield "s.id = :id"
    yield "s.version = :before_version"
    yield _GUARDS[shape.grip]
    if shape.seals:
        yield "s.id = data_key.session_id"
    if shape.closes:
        yield "s.id = task.session_id"
    if shape.remembers:
        yield "(SELECT count(*) FROM waiting) = cardinality(CAST(:remembers AS uuid[]))"
    if shape.live:
        yield "s.expires_at > booking_now()"
    if shape.hold:
        yield "s.hold_until - CAST(:hold_for AS interval) > booking_now()"


def _rows(shape: Shape) -> Iterator[str]:
    if shape.grip in (Grip.CLAIM_FORWARD, Grip.CLAIM_UNDO):
        yield commit_inserts.CLAIMED
    if shape.grip is Grip.SETTLE:
        yield commit_inserts.SETTLED
    wanted = {
        commit_inserts.FOLLOW_UP: shape.follow_up,
        commit_inserts.REMEMBERED_STEP: shape.remembered_step,
        commit_inserts.REMEMBERED: shape.remembers,
        commit_inserts.ANSWERED: shape.answered,
        commit_inserts.CLOSED: shape.closes,
        commit_inserts.UNBOUND: shape.unbind,
        commit_inserts.BOUND: shape.bind,
        commit_inserts.EVENTS: shape.events,
        commit_inserts.CALLS: shape.calls,
        commit_inserts.OWED: shape.owed,
        commit_inserts.TASKS: shape.tasks,
        commit_inserts.COLLECTED: shape.collected,
        commit_inserts.PAYMENTS: shape.payments,
        ANNOUNCED: shape.announced,
        commit_inserts.QUOTE: shape.quote,
        commit_inserts.BOOKING: shape.booking,
        commit_inserts.PASSENGERS: shape.passengers,
        commit_inserts.FORGOTTEN: shape.details,
        commit_inserts.FOUND_BY: shape.details,
        commit_inserts.AUDITED: shape.audited,
    }
    yield from (sql for sql, is_wanted in wanted.items() if is_wanted)
