"""Reading another catalogue as it was at one moment, a batch at a time."""

# ruff: noqa: S608 - names come quoted from the database's own lists.

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from asyncpg import Connection

from adapters.catalogue.batches import Row
from adapters.catalogue.expressions import number
from adapters.catalogue.fields import ACCEPTED, Kind, Table
from adapters.catalogue.pairing import Pairing
from adapters.catalogue.table_schema import Anatomy, Part

MOST_ROWS: Final = 1000
_MOST_CHARACTERS: Final = 8 * 1024 * 1024
_FIRST: Final = 50
Listed: TypeAlias = "tuple[str, int | None]"
"""The key of a sailing, and the line that it has here; None where that is no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some rows, and the last of their keys."""

    rows: list[Row]
    last: str


class DatabaseSource:
    """The lines, ships and sailings of some cruise lines; needs a transaction that stays open."""

    def __init__(
        self,
        connection: Connection[Any],
        anatomy: Anatomy,
        pairings: Mapping[Table, Pairing],
        lines: Sequence[int],
    ) -> None:
        """Take a connection with one snapshot, and the ids of the lines."""
        self._connection = connection
        self._anatomy = anatomy
        self.pairings = pairings
        self._lines = list(lines)

    async def lines(self) -> list[Row]:
        """Return the lines asked for, and those that their ships sail for."""
        wanted = f"{number('t', self._part(Table.LINES, 'line_id'))} = ANY($1::int[])"
        if line := self._anatomy.part(Table.SHIPS, "line_id"):
            key = self._part(Table.LINES, "line_id").sql
            ships = f"SELECT CAST(t.{line.sql} AS text) FROM {self._from(Table.SHIPS)}"
            wanted += f" OR CAST(t.{key} AS text) IN ({ships} WHERE {self._sailing_ships()})"
        return await self._rows(Table.LINES, wanted, self._lines)

    async def ships(self) -> list[Row]:
        """Return the lines' ships, and whatever else their sailings are on."""
        return await self._rows(Table.SHIPS, self._sailing_ships(), self._lines)

    async def sailings(self, *, after: str | None) -> AsyncIterator[Batch]:
        """Return the lines' sailings in the order of their keys, from one key on."""
        key = self.pairings[Table.SAILINGS].key
        origin = self._part(Table.SAILINGS, key.name)
        wanted = f"t.{origin.sql} = ANY({list_of('$1', origin)})"
        keys, size = await self._connection.cursor(self._ordered(), self._lines, after), _FIRST
        while page := [row["key"] for row in await keys.fetch(size)]:
            rows = await self._rows(Table.SAILINGS, wanted, page)
            yield Batch(rows=rows, last=page[-1])
            size = _size_after(rows)

    async def keys(self) -> AsyncIterator[Listed]:
        """Return the keys of the sailings of every line in their order, with the lines."""
        line = number("t", self._part(Table.SAILINGS, "line_id"))
        every = ordered_keys(self._anatomy, more=f", {line} AS line", of_lines=False)
        async for row in self._connection.cursor(every, prefetch=5000):
            yield row["key"], row["line"]

    async def count(self, *, after: str | None) -> int:
        """Return how many sailings there are from one key on."""
        sql = f"SELECT count(*) FROM ({self._ordered()}) k"
        return int(await self._connection.fetchval(sql, self._lines, after))

    async def known_lines(self) -> set[int]:
        """Return those of the lines that have a row of their own."""
        line = number("t", self._part(Table.LINES, "line_id"))
        sql = f"SELECT {line} FROM {self._from(Table.LINES)} WHERE {line} = ANY($1::int[])"
        return {row[0] for row in await self._connection.fetch(sql, self._lines)}

    async def lines_with_sailings(self) -> set[int]:
        """Return those of the lines that have any sailing."""
        line = number("t", self._part(Table.SAILINGS, "line_id"))
        sailings = self._from(Table.SAILINGS)
        sql = f"SELECT DISTINCT {line} FROM {sailings} WHERE {line} = ANY($1::int[])"
        return {row[0] for row in await self._connection.fetch(sql, self._lines)}

    def _ordered(self) -> str:
        return ordered_keys(self._anatomy, bound="$2::text")

    def _sailing_ships(self) -> str:
        ship, sold = self._part(Table.SHIPS, "ship_id"), self._part(Table.SAILINGS, "ship_id")
        line = number("s", self._part(Table.SAILINGS, "line_id"))
        sailing = self._anatomy.layout.table(Table.SAILINGS)
        wanted = (
            f"CAST(t.{ship.sql} AS text) IN (SELECT CAST(s.{sold.sql} AS text) "
            f"FROM {sailing} s WHERE {line} = ANY($1::int[]))"
        )
        if own := self._anatomy.part(Table.SHIPS, "line_id"):
            wanted += f" OR {number('t', own)} = ANY($1::int[])"
        return wanted

    async def _rows(self, table: Table, wanted: str, *parameters: object) -> list[Row]:
        reads = ", ".join(str(column.read) for column in self.pairings[table].columns)
        sql = f"SELECT {reads} FROM {self._from(table)} WHERE {wanted}"
        return [tuple(row) for row in await self._connection.fetch(sql, *parameters)]

    def _from(self, table: Table) -> str:
        return f"{self._anatomy.layout.table(table)} t"

    def _part(self, table: Table, field: str) -> Part:
        return needed_part(self._anatomy, table, field)


def needed_part(anatomy: Anatomy, table: Table, field: str) -> Part:
    """Return the column of a field that every catalogue has."""
    part = anatomy.part(table, field)
    if part is None:
        raise AssertionError(f"{table}.{field} was found to be there")
    return part


def ordered_keys(
    anatomy: Anatomy,
    *,
    bound: str = "NULL::text",
    more: str = "",
    only: str = "TRUE",
    of_lines: bool = True,
) -> str:
    """Return SQL for the keys of sailings, in an order that all databases share.

    They are those of lines `$1`, or of all lines; `bound` is the key after which they begin.
    """
    part = needed_part(anatomy, Table.SAILINGS, "cruise_id")
    key = f'CAST(t.{part.sql} AS text) COLLATE "C"'
    line = number("t", needed_part(anatomy, Table.SAILINGS, "line_id"))
    chosen = f"{line} = ANY($1::int[])" if of_lines else "TRUE"
    return (
        f"SELECT {key} AS key{more} FROM {anatomy.layout.table(Table.SAILINGS)} t "
        f"WHERE {chosen} AND {only} AND t.{part.sql} IS NOT NULL "
        f"AND ({bound} IS NULL OR {key} > {bound}) "
        f"ORDER BY 1"
    )


def list_of(parameter: str, part: Part) -> str:
    """Return SQL that makes a list of texts one of a column's type."""
    texts = f"{parameter}::text[]"
    return texts if part.type in ACCEPTED[Kind.WORDS] else f"{texts}::{part.type}[]"


def _size_after(rows: Sequence[Row]) -> int:
    """Return how many rows to read next, so that wide ones do not fill the memory."""
    characters = sum(len(value) for row in rows for value in row if value is not None)
    return max(1, min(MOST_ROWS, _MOST_CHARACTERS * len(rows) // max(1, characters)))
