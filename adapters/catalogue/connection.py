"""Connections to a catalogue: few, short of patience, and read-only unless asked otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from adapters.postgres.address import read_address
from adapters.postgres.connection import (
    CONNECT_SECONDS,
    GRACE_SECONDS,
    Connector,
    milliseconds,
)
from adapters.postgres.failures import FAILURES, name_of
from adapters.postgres.pool import ConnectionPool, NotConnected
from booking_flow.ports import StoreUnavailable

_WAIT: Final = 5.0
"""Seconds to wait for a connection that others have."""
_TELLING: Final = ("22", "23", "25006", "42")
"""SQLSTATEs that say something of the catalogue or the account, and nothing of reaching it."""

# Which server, database and account this is.
_WHERE: Final = """
    SELECT current_setting('server_version') AS version, current_database() AS name,
           current_user AS account
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server's version, the database's name, and our account there."""

    version: str
    name: str
    account: str


@asynccontextmanager
async def open_pool(
    url: str,
    *,
    size: int = 4,
    read_only: bool = True,
    connect_timeout: float = CONNECT_SECONDS,
    statement_timeout: float = 5.0,
    application_name: str = "booking-flow catalogue",
    time_zone: str = "UTC",
) -> AsyncIterator[ConnectionPool]:
    """Open a pool that connects when it is first asked.

    `time_zone` is where a sailing's day is read off a moment; days and texts have none.
    """
    connector = Connector(
        address=read_address(url),
        server_settings=manners(
            application_name,
            read_only=read_only,
            statement_timeout=statement_timeout,
            idle_timeout=statement_timeout,
        )
        | {"timezone": time_zone},
        connect_timeout=connect_timeout,
        command_timeout=statement_timeout + GRACE_SECONDS,
    )

    pool = ConnectionPool(
        connector,
        size=size,
        wait=_WAIT,
        patience=_WAIT + statement_timeout + GRACE_SECONDS,
    )
    try:
        yield pool
    finally:
        await pool.dispose()


def manners(
    application_name: str, *, read_only: bool, statement_timeout: float, idle_timeout: float
) -> dict[str, str]:
    """Return how a session with a catalogue behaves, whoever's database it is."""
    return {
        "application_name": application_name,
        "default_transaction_read_only": "on" if read_only else "off",
        "timezone": "UTC",
        "datestyle": "ISO",
        "statement_timeout": milliseconds(statement_timeout),
        "idle_in_transaction_session_timeout": milliseconds(idle_timeout),
    }


async def server_of(pool: ConnectionPool) -> Server:
    """Return which database this is."""
    with reachable():
        async with pool.lent() as connection:
            row = await connection.fetchrow(_WHERE)
    if row is None:
        raise AssertionError("a server always knows itself")
    return Server(**dict(row))


@contextmanager
def reachable() -> Iterator[None]:
    """Turn every failure into `StoreUnavailable` that says nothing of the catalogue itself."""
    try:
        yield
    except NotConnected as error:
        raise StoreUnavailable(f"catalogue: {type(error.__cause__).__name__}") from error
    except FAILURES as error:
        if isinstance(error, asyncpg.DataError) or name_of(error).startswith(_TELLING):
            raise
        raise StoreUnavailable(f"catalogue: {type(error).__name__}") from error
