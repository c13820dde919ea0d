"""Putting right the lines of sailings, in one transaction and only where nobody did meanwhile."""

# ruff: noqa: S608 - names are quoted, and values are parameters.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asyncpg import InsufficientPrivilegeError, ReadOnlySQLTransactionError

from adapters.catalogue import expressions
from adapters.catalogue.connection import reachable
from adapters.catalogue.fields import Table
from adapters.catalogue.inspection import Inspection
from adapters.postgres.pool import ConnectionPool


class MayOnlyRead(Exception):  # noqa: N818 - names what was found
    """The catalogue cannot be written with this account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A sailing whose line is another one at the supplier."""

    cruise_id: str
    ours: int
    theirs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What became of corrections: done, or left since something stood against it."""

    done: tuple[Correction, ...]
    no_such_line: tuple[Correction, ...]
    """The catalogue has no line of that id; a sync or an import brings it."""
    changed_meanwhile: tuple[Correction, ...]


async def correct(
    pool: ConnectionPool, found: Inspection, corrections: Sequence[Correction]
) -> Corrected:
    """Write corrected line ids, all in one transaction.

    Raises:
        MayOnlyRead: the account may not update the sailings, or the server writes nothing.
    """
    known = await known_lines(pool, found)
    possible = [each for each in corrections if each.theirs in known]
    try:
        with reachable():
            async with pool.lent() as connection, connection.transaction():
                touched = await connection.fetch(
                    _update(found),
                    [each.cruise_id for each in possible],
                    [each.ours for each in possible],
                    [str(each.theirs) for each in possible],
                )
    except (InsufficientPrivilegeError, ReadOnlySQLTransactionError) as error:
        raise MayOnlyRead(type(error).__name__) from error
    done = {row["cruise_id"] for row in touched}
    return Corrected(
        done=tuple(each for each in possible if each.cruise_id in done),
        no_such_line=tuple(each for each in corrections if each.theirs not in known),
        changed_meanwhile=tuple(each for each in possible if each.cruise_id not in done),
    )


async def known_lines(pool: ConnectionPool, found: Inspection) -> frozenset[int]:
    """Return the ids of all lines in the catalogue."""
    line = expressions.number("l", found.columns["lines.line_id"])
    with reachable():
        async with pool.lent() as connection:
            rows = await connection.fetch(
                f"SELECT {line} AS id FROM {found.layout.table(Table.LINES)} l"
            )
    return frozenset(row["id"] for row in rows if row["id"] is not None)


def _update(found: Inspection) -> str:
    line, own = found.columns["sailings.line_id"], found.columns["sailings.cruise_id"]
    key = expressions.identifier("s", own)
    return (
        f"UPDATE {found.layout.table(Table.SAILINGS)} s SET {line.sql} = g.theirs::{line.type}"
        " FROM unnest($1::text[], $2::integer[], $3::text[]) AS g (cruise_id, ours, theirs)"
        f" WHERE {expressions.trimmed(key.sql)} = g.cruise_id"
        f" AND {expressions.number('s', line)} = g.ours RETURNING g.cruise_id"
    )
