"""The connection to PostgreSQL: one pool, one statement per commit, failures with a name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from sqlalchemy import CursorResult, Executable, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.address import read_address
from adapters.postgres.connection import CONNECT_SECONDS, GRACE_SECONDS, Connector, milliseconds
from persistence.errors import available, is_stale
from persistence.pool import lent, open_engine

T = TypeVar("T")
Values = Mapping[str, Any]
_OVERHEAD: Final = 4.0
"""Seconds that waiting for a connection, and for its sign of life, may take in all."""


def create_engine(
    url: str,
    *,
    pool_size: int = 10,
    application_name: str = "booking-flow",
    connect_timeout: float = CONNECT_SECONDS,
    statement_timeout: float = 5.0,
) -> AsyncEngine:
    """Open a pool for short statements that commit by themselves.

    Connections are given back without a reset: a statement that commits by itself leaves
    nothing to roll back, and the extra round trip costs more than a third of its time.
    """
    connector = Connector(
        address=read_address(url).writable,
        server_settings=_server_settings(application_name, statement_timeout),
        connect_timeout=connect_timeout,
        command_timeout=statement_timeout + GRACE_SECONDS,
    )
    return open_engine(
        connector,
        patience=statement_timeout + GRACE_SECONDS + _OVERHEAD,
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=connect_timeout,
        pool_recycle=1800,
        json_deserializer=str,
    )


def _server_settings(application_name: str, statement_timeout: float) -> dict[str, str]:
    limit = milliseconds(statement_timeout)
    return {
        "application_name": application_name,
        "timezone": "UTC",
        "jit": "off",
        "plan_cache_mode": "force_generic_plan",
        "statement_timeout": limit,
        "idle_in_transaction_session_timeout": limit,
    }


async def fetch_one(
    engine: AsyncEngine, statement: Executable, parameters: Values | None = None
) -> Row[Any] | None:
    """Run one statement in a commit of its own and return its first row."""
    return await _run(engine, statement, parameters, _first)


async def fetch_all(
    engine: AsyncEngine, statement: Executable, parameters: Values | None = None
) -> list[Row[Any]]:
    """Run one statement in a commit of its own and return its rows."""
    return await _run(engine, statement, parameters, list)


async def execute(
    engine: AsyncEngine, statement: Executable, parameters: Values | None = None
) -> int:
    """Run one statement in a commit of its own and return how many rows it touched."""
    return await _run(engine, statement, parameters, _touched)


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a transaction of several statements; it rolls back unless the block ends well."""
    with available():
        async with lent(engine, once=False) as connection:
            await connection.execution_options(isolation_level="READ COMMITTED")
            async with connection.begin():
                yield connection


async def _run(
    engine: AsyncEngine,
    statement: Executable,
    parameters: Values | None,
    read: Callable[[CursorResult[Any]], T],
) -> T:
    """Run one statement; where a migration made its plan stale it was not begun, and runs again."""
    with available():
        try:
            return await _run_once(engine, statement, parameters, read)
        except DBAPIError as error:
            if not is_stale(error):
                raise
        return await _run_once(engine, statement, parameters, read)


async def _run_once(
    engine: AsyncEngine,
    statement: Executable,
    parameters: Values | None,
    read: Callable[[CursorResult[Any]], T],
) -> T:
    async with lent(engine) as connection:
        return read(await connection.execute(statement, parameters or {}))


def _first(result: CursorResult[Any]) -> Row[Any] | None:
    return result.first()


def _touched(result: CursorResult[Any]) -> int:
    return result.rowcount
