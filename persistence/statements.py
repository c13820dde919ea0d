"""Statements as the driver takes them, what it answers, and several that take effect together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

import asyncpg
from sqlalchemy import Dialect, Select, TextClause, text
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql_dialect

from adapters.postgres.pool import Lent

Values: TypeAlias = Mapping[str, Any]
Statement: TypeAlias = TextClause | Select[Any]
_DIALECT: Final[Dialect] = postgresql_dialect()  # type: ignore[no-untyped-call]


class Row(asyncpg.Record):
    """A row whose columns are its attributes as well."""

    def __getattr__(self, name: str) -> Any:
        """Return a column by its name."""
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Transaction:
    """Several statements on one connection, which take effect together."""

    def __init__(self, connection: Lent) -> None:
        """Take a connection on which a transaction is open."""
        self._connection = connection

    async def fetch_one(self, statement: Statement, parameters: Values | None = None) -> Row | None:
        """Run one statement and return its first row."""
        return first(await self.fetch_all(statement, parameters))

    async def fetch_all(self, statement: Statement, parameters: Values | None = None) -> list[Row]:
        """Run one statement and return its rows."""
        sql, arguments = sent(statement, parameters)
        return await self._connection.fetch(sql, *arguments, record_class=Row)

    async def fetch_each(self, statement: TextClause, each: Sequence[Values]) -> list[Row]:
        """Run one statement with each of these values, and return the rows of all in order."""
        sql, _ = sent(statement, None)
        arguments = [sent(statement, values)[1] for values in each]
        return await self._connection.fetchmany(sql, arguments, record_class=Row)

    async def execute(self, statement: Statement, parameters: Values | None = None) -> int:
        """Run one statement and return how many rows it touched."""
        sql, arguments = sent(statement, parameters)
        return touched(await self._connection.execute(sql, *arguments))


def touched(status: str) -> int:
    """Return how many rows a statement touched, by what the server says of it."""
    number = status.rpartition(" ")[2]
    return int(number) if number.isdecimal() else 0


def sent(statement: Statement, parameters: Values | None) -> tuple[str, Sequence[Any]]:
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


def first(rows: Sequence[Row]) -> Row | None:
    """Return the first row, if there is one."""
    return rows[0] if rows else None
