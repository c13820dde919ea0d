"""After the storm: clocks move on until everything has settled, within the policy's times."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from booking_flow.policy import Policy
from booking_flow.steps.hold import HOLD
from booking_flow.steps.step import LOOK_EVERY
from persistence.database import fetch_one
from persistence.statements import Row
from tests.support.testbed import Ground

LEFT: Final = text(
    """
    WITH doubtful AS (
        SELECT (SELECT c.outcome FROM supplier_calls c
                WHERE c.session_id = t.session_id AND c.step_id = t.id AND c.endpoint = 'basket'
                ORDER BY c.at DESC LIMIT 1) IS NOT DISTINCT FROM 'session_expired' AS out_of_reach
        FROM saga_steps t WHERE t.status = 'unknown' AND t.name IN ('add_to_basket', 'release')
    )
    SELECT (SELECT count(*) FROM saga_steps WHERE status = 'started') AS started,
           (SELECT count(*) FROM saga_steps WHERE status = 'owed') AS owed,
           (SELECT count(*) FROM doubtful WHERE NOT out_of_reach) AS doubtful,
           (SELECT count(*) FROM doubtful WHERE out_of_reach) AS out_of_reach,
           (SELECT count(*) FROM booking_sessions
            WHERE state = 'basketed' AND open_step IS NULL) AS held,
           (SELECT count(*) FROM booking_sessions
            WHERE state IN ('created', 'priced', 'cabin_selected')) AS early,
           (SELECT count(*) FROM staff_tasks
            WHERE kind = 'payment_unchecked' AND closed_at IS NULL) AS unchecked
    """
)
STRIDE: Final = timedelta(seconds=30)
"""How far the clocks go at once, at least."""
STRIDES: Final = 32
PAUSE: Final = 1.5
"""Real seconds that the workers have after each stride."""
REST: Final = 70
"""More strides for work that failed once and is left alone for a minute of real time."""
_POLICY: Final = Policy()
_LEASE: Final = timedelta(seconds=_POLICY.lease_seconds(HOLD.limits))
STEPS_SETTLE: Final = _LEASE + _POLICY.basket_read_lag + LOOK_EVERY * 11
"""When nothing is in doubt any more that the supplier's basket can tell."""
HOLDS_LAPSE: Final = _POLICY.hold_longest + timedelta(minutes=2)
OUT_OF_REACH_LAPSE: Final = _LEASE + HOLDS_LAPSE
"""When not even a supplier session that is over can hold anything any more."""
SESSIONS_END: Final = _POLICY.session_life + timedelta(minutes=2)


async def left(ground: Ground) -> Row:
    """Return what is still to be settled, by kind."""
    row = await fetch_one(ground.database, LEFT)
    if row is None:
        raise AssertionError("counts are always there")
    return row


async def settle(ground: Ground, within: timedelta, *kinds: str) -> tuple[timedelta, bool]:
    """Move the clocks on until none of these kinds is left; say how long it took, and whether."""
    gone, idle, stride = timedelta(), 0, max(STRIDE, within / STRIDES)
    while _any_of(kinds, await left(ground)):
        if gone + stride <= within:
            await ground.advance(stride)
            gone += stride
        elif (idle := idle + 1) > REST / PAUSE:
            return gone, False
        await asyncio.sleep(PAUSE)
    return gone, True


def _any_of(kinds: Iterable[str], row: Row) -> bool:
    return any(getattr(row, kind) for kind in kinds)
