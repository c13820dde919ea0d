"""Undos a session still owes: leased, fenced, and tried again with growing pauses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.model.history import Origin
from booking_flow.model.step import OwedUndo
from booking_flow.supplier import SupplierCall
from persistence import commit_inserts
from persistence.codec import encode
from persistence.commit_values import call_rows, origin_values
from persistence.database import Database, fetch_all, fetch_one

# What a session owes, the latest first.
OWED: Final = text(
    """
    SELECT id, supplier_key, item_key, hold_until FROM saga_steps
    WHERE session_id = :session_id AND status = 'owed'
    ORDER BY claimed_at DESC, id DESC
    """
)

# Lease an undo that nobody else has, and raise its fence.
TAKE: Final = text(
    """
    UPDATE saga_steps
    SET fence = fence + 1, attempts = attempts + 1, owner = :owner,
        lease_until = booking_now() + CAST(:lease AS interval),
        intent = intent || CAST(:origin AS jsonb)
    WHERE id = :id AND status = 'owed'
      AND (lease_until IS NULL OR lease_until <= booking_now())
    RETURNING fence
    """
)

# End an undo, or give it back for a later attempt; pauses grow from about 5 seconds to 10
# minutes, and vary, so that what failed together is not tried together.
SETTLED: Final = """
moved AS (
    UPDATE saga_steps AS t
    SET status = CASE WHEN :done THEN 'done' ELSE 'owed' END,
        sent = t.sent OR CAST(:sent AS boolean), lease_until = NULL,
        settled_at = CASE WHEN :done THEN booking_now() END,
        next_attempt_at = CASE WHEN NOT :done THEN
            booking_now() + (0.9 + 0.2 * random())
                * least(interval '5 seconds' * power(2, least(t.attempts - 1, 10)),
                        interval '10 minutes') END
    WHERE t.id = :id AND t.status = 'owed' AND t.fence = :fence
    RETURNING t.session_id AS id, booking_now() AS now
)"""

SETTLE: Final = text("".join(("WITH", SETTLED, ",", commit_inserts.CALLS, " SELECT id FROM moved")))


async def owed(engine: Database, session_id: UUID) -> Sequence[OwedUndo]:
    """Return the undos a session still owes."""
    rows = await fetch_all(engine, OWED, {"session_id": session_id})
    return [
        OwedUndo(
            id=row.id,
            session_key=row.supplier_key,
            item_key=row.item_key,
            hold_until=row.hold_until,
        )
        for row in rows
    ]


async def take(
    engine: Database, undo_id: UUID, *, owner: str, lease_seconds: float, origin: Origin
) -> int | None:
    """Lease an owed undo and return its fencing number."""
    asked = {name: value for name, value in origin_values(origin).items() if value is not None}
    parameters = {
        "id": undo_id,
        "owner": owner,
        "lease": timedelta(seconds=lease_seconds),
        "origin": encode(asked),
    }
    row = await fetch_one(engine, TAKE, parameters)
    return None if row is None else int(row.fence)


async def settle(
    engine: Database,
    undo_id: UUID,
    *,
    fence: int,
    done: bool,
    calls: Sequence[SupplierCall],
) -> bool:
    """Record how an owed undo went, unless its lease was lost."""
    values = settlement(undo_id, fence=fence, done=done, calls=calls)
    return await fetch_one(engine, SETTLE, values) is not None


def settlement(
    undo_id: UUID, *, fence: int, done: bool, calls: Sequence[SupplierCall]
) -> dict[str, object]:
    """Return what `SETTLED` has to know."""
    return {
        "id": undo_id,
        "fence": fence,
        "done": done,
        "sent": any(call.outcome != "not_sent" for call in calls),
        "calls": encode(call_rows(calls)),
    }
