"""The connection to PostgreSQL: one pool, one statement per commit, failures with a name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from adapters.postgres.address import read_address
from adapters.postgres.connection import CONNECT_SECONDS, GRACE_SECONDS, Connector, milliseconds
from adapters.postgres.pool import ConnectionPool, all_or_nothing
from persistence.errors import available
from persistence.statements import Row, Statement, Transaction, Values, first, sent, touched

_OVERHEAD: Final = 4.0
"""Seconds that waiting for a connection, and for its sign of life, may take in all."""


class Database(ConnectionPool):
    """A database that is asked in short statements, each of which commits by itself."""


def create_engine(
    url: str,
    *,
    pool_size: int = 10,
    application_name: str = "booking-flow",
    connect_timeout: float = CONNECT_SECONDS,
    statement_timeout: float = 5.0,
) -> Database:
    """Open a pool for short statements that commit by themselves."""
    connector = Connector(
        address=read_address(url).writable,
        server_settings=_server_settings(application_name, statement_timeout),
        connect_timeout=connect_timeout,
        command_timeout=statement_timeout + GRACE_SECONDS,
    )
    return Database(
        connector,
        size=pool_size,
        wait=connect_timeout,
        patience=statement_timeout + GRACE_SECONDS + _OVERHEAD,
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
    database: Database, statement: Statement, parameters: Values | None = None
) -> Row | None:
    """Run one statement in a commit of its own and return its first row."""
    return first(await fetch_all(database, statement, parameters))


async def fetch_all(
    database: Database, statement: Statement, parameters: Values | None = None
) -> list[Row]:
    """Run one statement in a commit of its own and return its rows."""
    sql, arguments = sent(statement, parameters)
    with available():
        async with database.lent() as connection:
            return await connection.fetch(sql, *arguments, record_class=Row)


async def execute(
    database: Database, statement: Statement, parameters: Values | None = None
) -> int:
    """Run one statement in a commit of its own and return how many rows it touched."""
    sql, arguments = sent(statement, parameters)
    with available():
        async with database.lent() as connection:
            return touched(await connection.execute(sql, *arguments))


@asynccontextmanager
async def transaction(database: Database) -> AsyncIterator[Transaction]:
    """Open a transaction of several statements; it rolls back unless the block ends well."""
    with available():
        async with database.lent(once=False) as connection, all_or_nothing(connection):
            yield Transaction(connection)
