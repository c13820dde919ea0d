"""The shop at a glance: who stands where now, how far sessions come, how the supplier answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from booking_flow.flow import ENDS, STATES, State
from booking_flow.saga import StepName, StepStatus
from persistence.database import fetch_all

LIVE: Final = tuple(row.state for row in STATES if row.state not in (*ENDS, State.PAID))
"""States in which something is still to come."""
FINENESS: Final = 1.05
"""Durations are counted in steps of five per cent, which is as fine as anybody reads them."""

# How many sessions stand in each live state, and the one that began first.
STANDING: Final = text(
    """
    SELECT l.state, n.number, o.id, o.created_at
    FROM unnest(CAST(:live AS text[])) AS l(state)
    CROSS JOIN LATERAL (
        SELECT count(*) AS number FROM booking_sessions s WHERE s.state = l.state) n
    CROSS JOIN LATERAL (
        SELECT s.id, s.created_at FROM booking_sessions s WHERE s.state = l.state
        ORDER BY s.created_at, s.id LIMIT 1) o
    """
)

# How many steps are open at the supplier, or owed to it, and the one that was claimed first.
OPEN: Final = text(
    """
    SELECT name, status, count(*) AS number, min(claimed_at) AS since,
           (array_agg(session_id ORDER BY claimed_at))[1] AS id
    FROM (
        SELECT name, status, claimed_at, session_id FROM saga_steps
        WHERE status IN ('started', 'unknown')
        UNION ALL
        SELECT name, status, claimed_at, session_id FROM saga_steps WHERE status = 'owed'
    ) AS open GROUP BY name, status
    """
)

# How far the sessions that began within a time came, and where they are now.
COHORT: Final = text(
    """
    SELECT furthest, state, count(*) AS number FROM booking_sessions
    WHERE state = ANY (CAST(:states AS text[])) AND created_at >= :since AND created_at < :until
    GROUP BY furthest, state
    """
)

# How supplier calls went within a time, their durations counted in steps.
CALLS: Final = text(
    """
    SELECT endpoint, outcome, count(*) AS number, max(duration_s) AS slowest,
           CAST(ceil(ln(greatest(duration_s, 0.001)) / ln(CAST(:fineness AS float))) AS integer)
               AS step
    FROM supplier_calls WHERE at >= :since AND at < :until
    GROUP BY endpoint, outcome, step
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """So many sessions, and the one that has been there longest."""

    number: int
    since: datetime
    first: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingIn:
    """Sessions in one state now."""

    state: State
    crowd: Crowd


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSteps:
    """Steps of one name that are open now, in one way."""

    step: StepName
    status: StepStatus
    crowd: Crowd


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """Sessions that came so far and are now there."""

    furthest: State
    state: State
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Calls of one endpoint with one outcome that took about the same time."""

    endpoint: str
    outcome: str
    number: int
    seconds: float
    slowest: float


async def standing(engine: AsyncEngine) -> Sequence[StandingIn]:
    """Return who stands in each live state in which anybody does."""
    values = {"live": [state.value for state in LIVE]}
    return [
        StandingIn(state=State(row.state), crowd=_crowd(row, row.created_at))
        for row in await fetch_all(engine, STANDING, values)
    ]


async def open_steps(engine: AsyncEngine) -> Sequence[OpenSteps]:
    """Return what the supplier has been asked, or is owed, and nobody knows the end of."""
    return [
        OpenSteps(
            step=StepName(row.name), status=StepStatus(row.status), crowd=_crowd(row, row.since)
        )
        for row in await fetch_all(engine, OPEN)
    ]


async def cohort(engine: AsyncEngine, since: datetime, until: datetime) -> Sequence[Came]:
    """Return how far sessions came that began within a time."""
    values = {"states": [state.value for state in State], "since": since, "until": until}
    return [
        Came(furthest=State(row.furthest), state=State(row.state), number=row.number)
        for row in await fetch_all(engine, COHORT, values)
    ]


async def calls(engine: AsyncEngine, since: datetime, until: datetime) -> Sequence[Answered]:
    """Return how the supplier answered within a time."""
    values = {"fineness": FINENESS, "since": since, "until": until}
    return [
        Answered(
            endpoint=row.endpoint,
            outcome=row.outcome,
            number=row.number,
            seconds=FINENESS ** (row.step - 0.5),
            slowest=row.slowest,
        )
        for row in await fetch_all(engine, CALLS, values)
    ]


def _crowd(row: Row[Any], since: datetime) -> Crowd:
    return Crowd(number=row.number, since=since, first=row.id)
