"""Which database this is, what keeps it from being written, and what it has of sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text

from adapters.postgres.failures import READ_ONLY
from booking_flow.ports import StoreUnavailable
from persistence.database import Database, fetch_all, fetch_one, transaction

# Which server, database and account this is, and its clock.
WHERE: Final = text(
    """
    SELECT current_setting('server_version') AS version, current_database() AS name,
           current_user AS account, clock_timestamp() AS now
    """
)

# Fail as writing would, where the server is a standby or set to be read only.
REFUSE: Final = text(
    """
    DO $$ BEGIN
        IF current_setting('transaction_read_only') = 'on' THEN
            RAISE read_only_sql_transaction;
        END IF;
    END $$
    """
)

# Let what comes next need room on the disk soon.
LITTLE_MEMORY: Final = text("SELECT set_config('work_mem', '64kB', true)")

# Whether commits wait for a standby; the rows do not fit into memory, so that a full disk shows.
ALONE: Final = text(
    """
    WITH rows AS MATERIALIZED (SELECT repeat('x', 1000) FROM generate_series(1, 250))
    SELECT count(*) AS rows,
           EXISTS (SELECT FROM pg_stat_activity
                   WHERE wait_event = 'SyncRep' AND datname = current_database()
                     AND state_change < clock_timestamp() - interval '2 seconds') AS alone
    FROM rows
    """
)
_HINDRANCES: Final[Mapping[str, str | None]] = {
    READ_ONLY: "it may only be read",
    "53100": "its disk is full",
    # An account that may not use files besides its tables does not need them.
    "53400": None,
}

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


async def vitals(engine: Database) -> Vitals:
    """Return which database this is."""
    row = await fetch_one(engine, WHERE)
    if row is None:
        raise AssertionError("a server always knows itself")
    return Vitals(version=row.version, name=row.name, account=row.account, now=row.now)


async def hindrance(engine: Database) -> str | None:
    """Return what keeps sessions from being written, or None; nothing is written to find out."""
    try:
        async with transaction(engine) as connection:
            await connection.execute(REFUSE)
            await connection.execute(LITTLE_MEMORY)
            found = await connection.fetch_one(ALONE)
    except StoreUnavailable as error:
        if str(error) not in _HINDRANCES:
            raise
        return _HINDRANCES[str(error)]
    return "commits wait for a standby that does not answer" if found and found.alone else None


async def session_counts(engine: Database) -> Mapping[str, int]:
    """Count the sessions by state."""
    return {row.state: row.number for row in await fetch_all(engine, SESSIONS)}


async def hold_times(engine: Database) -> HoldTimes:
    """Look whether the supplier says how long it holds cabins."""
    row = await fetch_one(engine, HOLDS)
    return HoldTimes(answers=row.answers if row else 0, untold=row.untold if row else 0)
