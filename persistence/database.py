"""The connection to PostgreSQL: one pool, one statement per commit, failures with a name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, Final, TypeAlias

import asyncpg
from sqlalchemy import Dialect, Select, TextClause, text
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql_dialect

from adapters.postgres.address import read_address
from adapters.postgres.connection import CONNECT_SECONDS, GRACE_SECONDS, Connector, milliseconds
from adapters.postgres.pool import ConnectionPool, Lent
from persistence.errors import available

Values: TypeAlias = Mapping[str, Any]
Statement: TypeAlias = TextClause | Select[Any]
_OVERHEAD: Final = 4.0
"""Seconds that waiting for a connection, and for its sign of life, may take in all."""
_DIALECT: Final[Dialect] = postgresql_dialect()  # type: ignore[no-untyped-call]


class Row(asyncpg.Record):
    """A row whose columns are its attributes as well."""

    def __getattr__(self, name: str) -> Any:
        """Return a column by its name."""
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


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


class Transaction:
    """Several statements on one connection, which take effect together."""

    def __init__(self, connection: Lent) -> None:
        """Take a connection on which a transaction is open."""
        self._connection = connection

    async def fetch_one(self, statement: Statement, parameters: Values | None = None) -> Row | None:
        """Run one statement and return its first row."""
        return _first(await self.fetch_all(statement, parameters))

    async def fetch_all(self, statement: Statement, parameters: Values | None = None) -> list[Row]:
        """Run one statement and return its rows."""
        sql, arguments = _sent(statement, parameters)
        return await self._connection.fetch(sql, *arguments, record_class=Row)

    async def execute(self, statement: Statement, parameters: Values | None = None) -> int:
        """Run one statement and return how many rows it touched."""
        sql, arguments = _sent(statement, parameters)
        return _touched(await self._connection.execute(sql, *arguments))


async def fetch_one(
    database: Database, statement: Statement, parameters: Values | None = None
) -> Row | None:
    """Run one statement in a commit of its own and return its first row."""
    return _first(await fetch_all(database, statement, parameters))


async def fetch_all(
    database: Database, statement: Statement, parameters: Values | None = None
) -> list[Row]:
    """Run one statement in a commit of its own and return its rows."""
    sql, arguments = _sent(statement, parameters)
    with available():
        async with database.lent() as connection:
            return await connection.fetch(sql, *arguments, record_class=Row)


async def execute(
    database: Database, statement: Statement, parameters: Values | None = None
) -> int:
    """Run one statement in a commit of its own and return how many rows it touched."""
    sql, arguments = _sent(statement, parameters)
    with available():
        async with database.lent() as connection:
            return _touched(await connection.execute(sql, *arguments))


@asynccontextmanager
async def transaction(database: Database) -> AsyncIterator[Transaction]:
    """Open a transaction of several statements; it rolls back unless the block ends well."""
    with available():
        async with database.lent(once=False) as connection, connection.transaction():
            yield Transaction(connection)


def _touched(status: str) -> int:
    """Return how many rows a statement touched, by what the server says of it."""
    number = status.rpartition(" ")[2]
    return int(number) if number.isdecimal() else 0


def _sent(statement: Statement, parameters: Values | None) -> tuple[str, Sequence[Any]]:
    """Return a statement as the driver takes it, and its values in their order."""
    if isinstance(statement, TextClause):
        sql, names = _compiled(statement)
        return sql, [parameters[name] for name in names] if parameters else ()
    compiled = statement.compile(dialect=_DIALECT)
    values = compiled.construct_params(parameters)
    return str(compiled), [values[name] for name in compiled.positiontup or ()]


# Executing a statement by SQLAlchemy takes several times as much of a processor's time (ADR 0044).
@lru_cache(maxsize=1024)
def _compiled(statement: TextClause) -> tuple[str, Sequence[str]]:
    """Return a statement with numbered parameters, and the names that they stand for."""
    compiled = statement.compile(dialect=_DIALECT)
    return str(compiled), tuple(compiled.positiontup or ())


def plain(sql: str) -> TextClause:
    """Return a statement that has no parameters, whatever colons are in it."""
    return text(sql.replace(":", r"\:"))


def quoted(name: str) -> str:
    """Quote a name for SQL."""
    return _DIALECT.identifier_preparer.quote_identifier(name)


def _first(rows: Sequence[Row]) -> Row | None:
    return rows[0] if rows else None
