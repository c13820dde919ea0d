"""Migrations from code: no ini file, safe inside a running loop, and polite to those who book."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, TypeVar

from alembic import command
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from adapters.backoff import Backoff
from adapters.postgres.address import read_address
from adapters.postgres.connection import Connection as Driver
from adapters.postgres.connection import Connector
from adapters.postgres.failures import FAILURES
from adapters.postgres.pool import NotConnected
from booking_flow.ports import StoreUnavailable
from persistence.environment_mark import AppEnv, mark
from persistence.errors import available, unwrapped
from persistence.revisions import (
    OLDEST,
    Limits,
    ahead,
    applied,
    config,
    known,
    limits_of,
    oldest_program,
    pending,
)

T = TypeVar("T")
Tell = Callable[[str], None]
_ONE_AT_A_TIME: Final = Lock()
_LOCKED: Final = ("55P03", "40P01")
"""SQLSTATEs of a lock that others hold."""
_TOO_SLOW: Final = "57014"
_GRACE: Final = 5.0
"""Seconds by which we wait longer for an answer than the server may think about it."""

# How long each statement may wait for a lock, and take in all, until the transaction ends.
LIMIT: Final = text(
    """
    SELECT set_config('lock_timeout', :lock, true),
           set_config('statement_timeout', :statement, true),
           set_config('idle_in_transaction_session_timeout', '60s', true)
    """
)

# Let one process migrate at a time; the others find the work done.
ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtext('booking_flow migrations'))")

# Whose transactions have been open for so long that a migration cannot have the tables.
HOLDERS: Final = text(
    """
    SELECT concat_ws(' ', coalesce(nullif(application_name, ''), 'somebody'), 'with pid', pid,
           'since', to_char(xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), 'UTC') AS said
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND xact_start < clock_timestamp() - interval '1 second'
    ORDER BY xact_start LIMIT 3
    """
)

# Whether the mark has a place for the oldest program that may run on these tables.
PLACE: Final = text(
    """
    SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('installation')
                   AND attname = 'oldest_program' AND NOT attisdropped)
    """
)

_BACKOFF: Final = Backoff(first=0.5, longest=5)

# Let older programs know whether they may run on these tables.
NOTE: Final = text("UPDATE installation SET oldest_program = :oldest")


class CannotMigrate(Exception):  # noqa: N818 - says what is in the way, not what went wrong
    """The tables stay as they are, for the reason in the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationLimits:
    """How often a revision is tried while others hold its locks, and how long between two tries.

    While it waits for a lock, whoever comes later waits behind it; hence many short tries.
    """

    tries: int = 30
    backoff: Backoff = _BACKOFF


def in_silence(_: str) -> None:
    """Tell nobody."""


async def upgrade(
    dsn: str,
    revision: str = "head",
    *,
    app_env: AppEnv = AppEnv.DEVELOPMENT,
    tell: Tell = in_silence,
    patience: MigrationLimits | None = None,
) -> None:
    """Bring the database up to a revision; several processes may ask at once.

    Tables that are there are changed one revision at a time, each in a transaction of its own.

    One that has no mark yet is marked as belonging to `app_env`.

    Raises:
        CannotMigrate: others hold the locks, a statement takes too long, or the tables are of a
            newer program that this one cannot run beside.
    """

    async def climb() -> None:
        for step in await _steps_to(dsn, revision, tell):
            await _patiently(dsn, step, tell, patience or MigrationLimits())
        await _run(dsn, lambda connection: _finish(connection, app_env))

    await _apart(climb())


async def downgrade(dsn: str, revision: str) -> None:
    """Take the database back to a revision; `base` leaves nothing of ours."""

    def work(connection: Connection) -> None:
        connection.execute(ALONE)
        command.downgrade(config(connection), revision)
        _note_oldest(connection)

    await _apart(_run(dsn, work))


async def current(dsn: str) -> str | None:
    """Return the revision the database is at, or None before the first."""
    return await _run(dsn, _revision)


async def _steps_to(dsn: str, target: str, tell: Tell) -> Sequence[str]:
    """Return the revisions to go to; none where the tables are ahead of this program.

    Where there are no tables yet, nobody waits for them: one transaction makes them all.
    """
    there = await current(dsn)
    if there is None:
        return pending(target, None)[-1:]
    if there in known():
        return pending(target, there)
    found = ahead(there, oldest=await _run(dsn, lambda connection: connection.scalar(OLDEST)))
    if not found.fit:
        raise CannotMigrate(f"{found.said}. Run a newer program")
    tell(f"{found.said}; nothing is to be done")
    return ()


async def _patiently(dsn: str, revision: str, tell: Tell, patience: MigrationLimits) -> None:
    """Do one revision in a transaction of its own, as soon as its locks can be had."""
    for tried in range(1, patience.tries + 1):
        try:
            await _run(dsn, lambda connection: _step(connection, revision), limits_of(revision))
        except StoreUnavailable as error:
            _ensure_locked(error, revision)
        else:
            tell(f"{revision}: done")
            return
        tell(f"{revision}: others hold what it needs, try {tried} of {patience.tries}")
        await asyncio.sleep(patience.backoff.after(tried))
    raise CannotMigrate(await _locked_by(dsn, revision))


def _ensure_locked(error: StoreUnavailable, revision: str) -> None:
    """Go on only if it was a lock that was missing.

    Raises:
        CannotMigrate: a statement of the revision took longer than it may.
        StoreUnavailable: the database is away.
    """
    if str(error) == _TOO_SLOW:
        raise CannotMigrate(
            f"a statement of {revision} took more than {limits_of(revision).statement:.0f} s;"
            " nothing of it was done"
        ) from error
    if str(error) not in _LOCKED:
        raise error


def _step(connection: Connection, revision: str) -> None:
    connection.execute(ALONE)
    if revision not in applied(_revision(connection)):
        command.upgrade(config(connection), revision)
        _note_oldest(connection)


def _finish(connection: Connection, app_env: AppEnv) -> None:
    mark(connection, app_env)
    if _revision(connection) in known():
        _note_oldest(connection)


def _note_oldest(connection: Connection) -> None:
    if connection.scalar(PLACE):
        connection.execute(NOTE, {"oldest": oldest_program(_revision(connection))})


async def _locked_by(dsn: str, revision: str) -> str:
    """Say who is in the way, as far as the account may see."""
    holders = await _run(dsn, lambda connection: list(connection.scalars(HOLDERS)))
    who = f": {'; '.join(holders)}" if holders else ""
    return f"others hold what {revision} needs{who}. Nothing of it was done; migrate again later"


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def _apart(work: Coroutine[Any, Any, None]) -> None:
    """Run alembic in a thread of its own: its `op` and `context` serve one at a time only."""

    def run() -> None:
        with _ONE_AT_A_TIME:
            asyncio.run(work)

    await asyncio.to_thread(run)


async def _run(dsn: str, work: Callable[[Connection], T], limits: Limits | None = None) -> T:
    """Work in one transaction over a connection of its own."""
    limits = limits or Limits()
    connector = Connector(
        address=read_address(dsn).writable,
        called="booking-flow migrate",
        command_timeout=limits.statement + _GRACE,
    )
    engine = open_engine(connector)
    try:
        with available(), unwrapped():
            async with engine.begin() as connection:
                await connection.execute(LIMIT, _milliseconds(limits))
                return await connection.run_sync(work)
    finally:
        await engine.dispose()


def open_engine(connector: Connector) -> AsyncEngine:
    """Open an engine for migrations, whose connections we make, one at a time."""

    def create() -> Any:
        return engine.dialect.dbapi.connect(  # type: ignore[union-attr]
            async_creator_fn=connected
        )

    async def connected() -> Driver:
        try:
            return await connector()
        except FAILURES as error:
            raise NotConnected from error

    engine = create_async_engine("postgresql+asyncpg://", creator=create, poolclass=NullPool)
    return engine


def _milliseconds(limits: Limits) -> dict[str, str]:
    return {
        "lock": f"{limits.lock * 1000:.0f}ms",
        "statement": f"{limits.statement * 1000:.0f}ms",
    }
