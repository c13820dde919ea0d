"""The connection to PostgreSQL: one pool, one statement per commit, failures with a name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import Executable, Row
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from persistence.errors import available

DRIVER: Final = "postgresql+asyncpg"
_SCHEMES: Final = ("postgres", "postgresql", DRIVER)


def database_url(url: str) -> URL:
    """Return `url` for our driver, whichever of PostgreSQL's schemes it is written in."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        raise ValueError("the database's address starts with postgresql://")
    return make_url(f"{DRIVER}://{rest}")


def dsn(url: str) -> str:
    """Return `url` for asyncpg itself, which reads TLS and the server's parameters out of it."""
    return database_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def create_engine(
    url: str,
    *,
    pool_size: int = 10,
    application_name: str = "booking-flow",
    connect_timeout: float = 5.0,
    statement_timeout: float = 10.0,
) -> AsyncEngine:
    """Open a pool for short statements that commit by themselves.

    Connections are given back without a reset: a statement that commits by itself leaves
    nothing to roll back, and the extra round trip costs more than a third of its time.
    """
    return create_async_engine(
        f"{DRIVER}://",
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=connect_timeout,
        pool_recycle=1800,
        json_deserializer=str,
        connect_args={
            "dsn": dsn(url),
            "timeout": connect_timeout,
            "prepared_statement_cache_size": 256,
            "server_settings": _server_settings(application_name, statement_timeout),
        },
    )


def _server_settings(application_name: str, statement_timeout: float) -> dict[str, str]:
    milliseconds = str(int(statement_timeout * 1000))
    return {
        "application_name": application_name,
        "timezone": "UTC",
        "jit": "off",
        "plan_cache_mode": "force_generic_plan",
        "statement_timeout": milliseconds,
        "idle_in_transaction_session_timeout": milliseconds,
    }


async def fetch_one(
    engine: AsyncEngine, statement: Executable, parameters: Mapping[str, Any] | None = None
) -> Row[Any] | None:
    """Run one statement in a commit of its own and return its first row."""
    with available():
        async with engine.connect() as connection:
            return (await connection.execute(statement, parameters or {})).first()


async def fetch_all(
    engine: AsyncEngine, statement: Executable, parameters: Mapping[str, Any] | None = None
) -> list[Row[Any]]:
    """Run one statement in a commit of its own and return its rows."""
    with available():
        async with engine.connect() as connection:
            return list(await connection.execute(statement, parameters or {}))


async def execute(
    engine: AsyncEngine, statement: Executable, parameters: Mapping[str, Any] | None = None
) -> int:
    """Run one statement in a commit of its own and return how many rows it touched."""
    with available():
        async with engine.connect() as connection:
            return (await connection.execute(statement, parameters or {})).rowcount


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a transaction of several statements; it rolls back unless the block ends well."""
    with available():
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="READ COMMITTED")
            async with connection.begin():
                yield connection
