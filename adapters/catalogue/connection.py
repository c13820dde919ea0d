"""Connections to a catalogue: few, short of patience, and read-only unless asked otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
from asyncpg import Pool

from booking_flow.ports import StoreUnavailable

_PASSING: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InterfaceError,
)
"""What an operator can put right; statements that run out of time are among them."""


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
    connect_timeout: float = 5.0,
    statement_timeout: float = 5.0,
    application_name: str = "booking-flow catalogue",
) -> AsyncIterator[Pool[Any]]:
    """Open a pool that connects when it is first asked."""
    pool = asyncpg.create_pool(
        dsn(url),
        min_size=0,
        max_size=size,
        timeout=connect_timeout,
        server_settings=manners(
            application_name,
            read_only=read_only,
            statement_timeout=statement_timeout,
            idle_timeout=statement_timeout,
        ),
    )
    async with pool:
        yield pool


def dsn(url: str) -> str:
    """Return an address as the driver itself takes it."""
    return url.replace("+asyncpg", "", 1)


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


def milliseconds(seconds: float) -> str:
    """Return a time as the server's settings take it."""
    return str(int(seconds * 1000))


async def server_of(pool: Pool[Any]) -> Server:
    """Return which database this is."""
    with reachable():
        row = await pool.fetchrow(_WHERE)
    if row is None:
        raise AssertionError("a server always knows itself")
    return Server(**dict(row))


@contextmanager
def reachable() -> Iterator[None]:
    """Turn every failure to reach the catalogue into `StoreUnavailable`."""
    try:
        yield
    except (OSError, TimeoutError, *_PASSING) as error:
        raise StoreUnavailable(f"catalogue: {type(error).__name__}") from error
