"""Which database this is, how full it is, and what the supplier's answers in it lack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from persistence.database import fetch_all, fetch_one

# Which server, database and account this is, and its clock.
WHERE: Final = text(
    """
    SELECT current_setting('server_version') AS version, current_database() AS name,
           current_user AS account, clock_timestamp() AS now
    """
)

# How many sessions there are in each state.
SESSIONS: Final = text(
    "SELECT state, count(*) AS number FROM booking_sessions GROUP BY state ORDER BY state"
)

# How many of the last answers to basketadd did not say when the hold begins and ends.
HOLDS: Final = text(
    """
    SELECT count(*) AS answers, count(*) FILTER (
        WHERE NOT (response::text ~ '"holdtime": "[^"]' AND response::text ~ '"releasetime": "[^"]')
    ) AS untold
    FROM (SELECT response FROM supplier_calls
          WHERE endpoint = 'basketadd' AND outcome = 'ok' AND response IS NOT NULL
          ORDER BY at DESC LIMIT 200) AS latest
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """A server's version, the database's name, our account there, and its clock."""

    version: str
    name: str
    account: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTimes:
    """Of so many answers to a request to hold a cabin, how many had no times."""

    answers: int
    untold: int


async def vitals(engine: AsyncEngine) -> Vitals:
    """Return which database this is."""
    row = await fetch_one(engine, WHERE)
    if row is None:
        raise AssertionError("a server always knows itself")
    return Vitals(version=row.version, name=row.name, account=row.account, now=row.now)


async def session_counts(engine: AsyncEngine) -> Mapping[str, int]:
    """Count the sessions by state."""
    return {row.state: row.number for row in await fetch_all(engine, SESSIONS)}


async def hold_times(engine: AsyncEngine) -> HoldTimes:
    """Look whether the supplier says how long it holds cabins."""
    row = await fetch_one(engine, HOLDS)
    return HoldTimes(answers=row.answers if row else 0, untold=row.untold if row else 0)
