"""The shop at a glance: who stands where now, how far sessions come, how the supplier answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.flow import ENDS, STATES, State
from booking_flow.model.step import StepName, StepStatus
from persistence.database import Database, execute, fetch_all, fetch_one
from persistence.statements import Row

LIVE: Final = tuple(row.state for row in STATES if row.state not in (*ENDS, State.PAID))
"""States in which something is still to come."""
FINENESS: Final = 1.1
"""Durations are counted in steps of ten per cent, as `duration_step` in the database has it."""
_HOUR: Final = timedelta(hours=1)

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

# How supplier calls went within a time, their durations counted in steps: whole hours that are
# long over are summed up already.
CALLS: Final = text(
    """
    SELECT endpoint, outcome, step, CAST(sum(number) AS bigint) AS number, max(slowest) AS slowest,
           CAST(sum(passing) AS bigint) AS passing
    FROM (
        SELECT endpoint, outcome, step, number, slowest, 0 AS passing FROM supplier_call_sums
        WHERE hour >= :first AND hour < :until
        UNION ALL
        SELECT endpoint, outcome, duration_step(duration_s), 1, duration_s, 0 FROM supplier_calls
        WHERE at >= :since AND at < least(CAST(:first AS timestamptz), :until)
        UNION ALL
        SELECT endpoint, outcome, duration_step(duration_s), 1, duration_s, 0 FROM supplier_calls
        WHERE at >= (SELECT greatest(CAST(:first AS timestamptz), until)
                     FROM supplier_calls_summed)
          AND at < :until
        UNION ALL
        SELECT endpoint, outcome, duration_step(duration_s), 1, duration_s, 1
        FROM calls_without_session WHERE at >= :since AND at < :until
    ) AS calls GROUP BY endpoint, outcome, step
    """
)

# Sum up the next hour, once it has been over for so long that no call of it is still to come.
SUM_UP: Final = text(
    """
    WITH due AS (
        SELECT until AS since, until + interval '1 hour' AS until FROM supplier_calls_summed
        WHERE until + interval '2 hours' <= booking_now() FOR UPDATE SKIP LOCKED
    ), summed AS (
        INSERT INTO supplier_call_sums (hour, endpoint, outcome, step, number, slowest)
        SELECT d.since, c.endpoint, c.outcome, duration_step(c.duration_s) AS step, count(*),
               max(c.duration_s)
        FROM due d JOIN supplier_calls c ON c.at >= d.since AND c.at < d.until
        GROUP BY d.since, c.endpoint, c.outcome, step
    )
    UPDATE supplier_calls_summed AS w SET until = d.until FROM due d RETURNING w.until
    """
)


# Older than the longest time that the overview looks back to.
FORGET_PASSING_CALLS: Final = text(
    "DELETE FROM calls_without_session WHERE at < booking_now() - interval '31 days'"
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
    passing: int
    """Those among them after which no session began."""


async def standing(engine: Database) -> Sequence[StandingIn]:
    """Return who stands in each live state in which anybody does."""
    values = {"live": [state.value for state in LIVE]}
    return [
        StandingIn(state=State(row.state), crowd=_crowd(row, row.created_at))
        for row in await fetch_all(engine, STANDING, values)
    ]


async def open_steps(engine: Database) -> Sequence[OpenSteps]:
    """Return what the supplier has been asked, or is owed, and nobody knows the end of."""
    return [
        OpenSteps(
            step=StepName(row.name), status=StepStatus(row.status), crowd=_crowd(row, row.since)
        )
        for row in await fetch_all(engine, OPEN)
    ]


async def cohort(engine: Database, since: datetime, until: datetime) -> Sequence[Came]:
    """Return how far sessions came that began within a time."""
    values = {"states": [state.value for state in State], "since": since, "until": until}
    return [
        Came(furthest=State(row.furthest), state=State(row.state), number=row.number)
        for row in await fetch_all(engine, COHORT, values)
    ]


async def calls(engine: Database, since: datetime, until: datetime) -> Sequence[Answered]:
    """Return how the supplier answered within a time."""
    values = {"since": since, "first": _next_hour(since), "until": until}
    return [
        Answered(
            endpoint=row.endpoint,
            outcome=row.outcome,
            number=row.number,
            seconds=FINENESS ** (row.step - 0.5),
            slowest=row.slowest,
            passing=row.passing,
        )
        for row in await fetch_all(engine, CALLS, values)
    ]


async def forget_passing_calls(engine: Database) -> None:
    """Drop calls without a session that no window of the overview reaches any more."""
    await execute(engine, FORGET_PASSING_CALLS)


async def sum_up(engine: Database) -> None:
    """Sum up the supplier calls of every hour that is long over; one process at a time does."""
    while await fetch_one(engine, SUM_UP) is not None:
        pass


def _next_hour(moment: datetime) -> datetime:
    """Return when the first whole hour begins that does not begin before the moment."""
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour if hour == moment else hour + _HOUR


def _crowd(row: Row, since: datetime) -> Crowd:
    return Crowd(number=row.number, since=since, first=row.id)
