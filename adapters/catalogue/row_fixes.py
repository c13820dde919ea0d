"""Putting rows right that the supplier says otherwise of, where nobody changed them meanwhile."""

# ruff: noqa: S608 - names are quoted, and values are parameters.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from asyncpg import (
    InsufficientPrivilegeError,
    PostgresError,
    ReadOnlySQLTransactionError,
)
from asyncpg.pool import PoolConnectionProxy

from adapters.catalogue import expressions, values
from adapters.catalogue.connection import reachable
from adapters.catalogue.fields import Table
from adapters.catalogue.inspection import Column, Inspection
from adapters.postgres.pool import ConnectionPool, all_or_nothing
from booking_flow.model.agreement import Fact

_DAY_LENGTH: Final = 10


class MayOnlyRead(Exception):  # noqa: N818 - names what was found
    """The catalogue cannot be written with this account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFix:
    """One fact of a sailing that is another one at the supplier."""

    cruise_id: str
    fact: Fact
    ours: str
    theirs: str

    def __str__(self) -> str:
        """Name the row and both sides."""
        return f"{self.cruise_id}: {self.fact} {self.ours}, the supplier's {self.theirs}"


@dataclass(slots=True, kw_only=True)
class RowsFixed:
    """What became of proposed corrections: done, or left since something stood against it."""

    done: list[RowFix] = field(default_factory=list)
    no_such_row: list[RowFix] = field(default_factory=list)
    """The catalogue has no line, or no ship, of that id; a sync or an import brings it."""
    changed_meanwhile: list[RowFix] = field(default_factory=list)
    refused: list[tuple[RowFix, str]] = field(default_factory=list)
    """The database would not have it, and why: a view, a generated column, a trigger, a CHECK."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fixable:
    column: str
    read: Callable[[str | None], object]
    among: str | None = None
    """The column whose rows such an id must be among."""


_FIXABLE: Final[Mapping[Fact, _Fixable]] = MappingProxyType(
    {
        Fact.LINE_ID: _Fixable(
            column="sailings.line_id", read=values.number, among="lines.line_id"
        ),
        Fact.SHIP_ID: _Fixable(
            column="sailings.ship_id", read=values.number, among="ships.ship_id"
        ),
        Fact.SAILING_DATE: _Fixable(column="sailings.sailing_date", read=values.day),
        Fact.NIGHTS: _Fixable(column="sailings.nights", read=values.number),
    }
)
FIXABLE: Final = frozenset(_FIXABLE)
"""What can be put right in a row; everything else means that it is another sailing."""


async def fix_rows(pool: ConnectionPool, found: Inspection, fixes: Sequence[RowFix]) -> RowsFixed:
    """Write corrections in one transaction; what one row refuses leaves the others.

    Raises:
        MayOnlyRead: the account may not update the sailings, or the server writes nothing.
    """
    fixed = RowsFixed()
    known = {
        column: await known_ids(pool, found, column)
        for column in {_FIXABLE[each.fact].among for each in fixes}
        if column is not None
    }
    with reachable():
        async with pool.lent() as connection, all_or_nothing(connection):
            for each in fixes:
                among = _FIXABLE[each.fact].among
                if among is not None and int(each.theirs) not in known[among]:
                    fixed.no_such_row.append(each)
                else:
                    await _fix(connection, found, each, fixed)
    return fixed


async def known_ids(pool: ConnectionPool, found: Inspection, name: str) -> frozenset[int]:
    """Return the ids in a column such as `lines.line_id`; empty where there is no such column."""
    column = found.columns.get(name)
    if column is None:
        return frozenset()
    number = expressions.number("r", column)
    table = found.layout.table(Table(name.partition(".")[0]))
    with reachable():
        async with pool.lent() as connection:
            rows = await connection.fetch(f"SELECT {number} AS id FROM {table} r")
    return frozenset(row["id"] for row in rows if row["id"] is not None)


async def _fix(
    connection: PoolConnectionProxy[Any], found: Inspection, fix: RowFix, fixed: RowsFixed
) -> None:
    try:
        async with connection.transaction():
            await _fix_row(connection, found, fix, fixed)
    except (InsufficientPrivilegeError, ReadOnlySQLTransactionError) as error:
        raise MayOnlyRead(type(error).__name__) from error
    except PostgresError as error:
        fixed.refused.append((fix, str(error).partition("\n")[0]))


async def _fix_row(
    connection: PoolConnectionProxy[Any], found: Inspection, fix: RowFix, fixed: RowsFixed
) -> None:
    """Change one row, unless it no longer says what was read."""
    fixable = _FIXABLE[fix.fact]
    column = found.columns.get(fixable.column)
    if column is None:
        fixed.refused.append((fix, "there is no such column"))
        return
    rows = await connection.fetch(_select(found, column), fix.cruise_id)
    before = rows[0]["said"] if len(rows) == 1 else None
    if before is None or str(fixable.read(before)) != fix.ours:
        fixed.changed_meanwhile.append(fix)
        return
    after = await connection.fetchval(
        _update(found, column), fix.cruise_id, before, _written(fix, before, column)
    )
    if str(fixable.read(after)) == fix.theirs:
        fixed.done.append(fix)
    else:
        fixed.refused.append((fix, "a trigger or rule of the database kept it as it was"))


def _written(fix: RowFix, before: str, column: Column) -> str:
    """Return the new value in the form of the old: a day in a text may be followed by a time."""
    if fix.fact is Fact.SAILING_DATE and expressions.day("s", column).type == "text":
        return fix.theirs + before.strip()[_DAY_LENGTH:]
    return fix.theirs


def _select(found: Inspection, column: Column) -> str:
    said = expressions.selected("s", column)
    return f"SELECT {said} AS said FROM {found.layout.table(Table.SAILINGS)} s WHERE {_own(found)}"


def _update(found: Inspection, column: Column) -> str:
    said = expressions.selected("s", column)
    return (
        f"UPDATE {found.layout.table(Table.SAILINGS)} s SET {column.sql} = $3::text::{column.type}"
        f" WHERE {_own(found)} AND {said} = $2 RETURNING {said}"
    )


def _own(found: Inspection) -> str:
    key = expressions.identifier("s", found.columns["sailings.cruise_id"])
    return f"{expressions.trimmed(key.sql)} = $1"
