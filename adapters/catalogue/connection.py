"""Connections to a catalogue: few, short of patience, and read-only unless asked otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from asyncpg import Pool
from asyncpg.pool import PoolConnectionProxy

from adapters.postgres.address import read_address
from adapters.postgres.connection import (
    CONNECT_SECONDS,
    GRACE_SECONDS,
    Connection,
    Connector,
    milliseconds,
)
from adapters.postgres.failures import FAILURES, name_of
from booking_flow.ports import StoreUnavailable

if TYPE_CHECKING:
    Lent = PoolConnectionProxy[asyncpg.Record]
else:
    Lent = PoolConnectionProxy

_WAIT: Final = 5.0
"""Seconds to wait for a connection, or for giving it back."""
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
) -> AsyncIterator[Pool[Any]]:
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

    async def connect(*_: object, **__: object) -> Connection:
        return await connector()

    pool = asyncpg.create_pool(
        min_size=0, max_size=size, connect=connect, connection_class=Connection
    )
    async with pool:
        yield pool


@asynccontextmanager
async def lent(pool: Pool[Any]) -> AsyncIterator[Lent]:
    """Lend a connection that was heard of lately, for which nobody waits long."""
    connection = await pool.acquire(timeout=_WAIT)
    try:
        if not await _is_alive(connection):
            # What made one of them silent has most likely done the same to the others.
            await pool.expire_connections()
            await pool.release(connection)
            connection = await pool.acquire(timeout=_WAIT)
        yield connection
    finally:
        await pool.release(connection)


async def _is_alive(connection: Any) -> bool:
    try:
        if connection.is_silent:
            await connection.pulse()
        connection.note_heard()
    except FAILURES:
        return False
    return True


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


async def server_of(pool: Pool[Any]) -> Server:
    """Return which database this is."""
    with reachable():
        async with lent(pool) as connection:
            row = await connection.fetchrow(_WHERE)
    if row is None:
        raise AssertionError("a server always knows itself")
    return Server(**dict(row))


@contextmanager
def reachable() -> Iterator[None]:
    """Turn every failure into `StoreUnavailable` that says nothing of the catalogue itself."""
    try:
        yield
    except FAILURES as error:
        if isinstance(error, asyncpg.DataError) or name_of(error).startswith(_TELLING):
            raise
        raise StoreUnavailable(f"catalogue: {type(error).__name__}") from error
