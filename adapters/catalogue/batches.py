"""Writing rows into one table of a catalogue: what differs, all that the database takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from asyncpg import (
    DataError,
    InsufficientPrivilegeError,
    IntegrityConstraintViolationError,
    RaiseError,
    Record,
)

from adapters.catalogue.fields import Table
from adapters.catalogue.inspection import Session
from adapters.catalogue.pairing import KEYS, Pairing
from adapters.catalogue.report import RowFault, Tally
from adapters.catalogue.table_schema import Anatomy
from adapters.catalogue.upserts import comparison, parents_of, rehearsal, upsert

Row: TypeAlias = Sequence[str | None]
"""The values of a row as text, in the order of its pairing."""
_REFUSALS: Final = (DataError, IntegrityConstraintViolationError, RaiseError)
_SINGULAR: Final = {Table.LINES: "line", Table.SHIPS: "ship", Table.SAILINGS: "sailing"}


@dataclass(slots=True)
class Written:
    """What became of a batch."""

    tally: Tally = field(default_factory=Tally)
    faults: list[RowFault] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    """The keys of the rows that were not there."""


class Writer:
    """Compares rows with a table and writes the new and the changed ones."""

    def __init__(self, connection: Session, pairing: Pairing, target: Anatomy) -> None:
        """Take a connection, on which a transaction may be open, and what goes where."""
        self._connection = connection
        self._table = pairing.table
        self.names = pairing.names
        self._comparison = comparison(pairing, target)
        self._upsert = upsert(pairing, target)
        self._prepare, self._rehearse = rehearsal(pairing, target)
        self.rehearsed: bool | None = None
        """Whether a dry run tries the columns' rules; None while that is not known."""
        self._promised: dict[Table, list[str]] = {parent: [] for parent in parents_of(pairing)}

    def promise(self, table: Table, keys: Sequence[str]) -> None:
        """Take rows of another table for granted, since a dry run does not write them."""
        if table in self._promised:
            self._promised[table].extend(keys)

    async def compare(self, rows: Sequence[Row]) -> Written:
        """Say what would become of rows, and write nothing but into a temporary table."""
        if self.rehearsed is None:
            self.rehearsed = await self._prepared()
        return await self._apart(_last_of_each(rows), write=False)

    async def write(self, rows: Sequence[Row]) -> Written:
        """Write what differs; that some rows are refused does not stop the others."""
        return await self._apart(_last_of_each(rows), write=True)

    async def _apart(self, rows: Sequence[Row], *, write: bool) -> Written:
        """Try rows together, and in halves where the database refuses one of them."""
        if not rows:
            return Written()
        try:
            async with self._connection.transaction():
                return await self._together(rows, write=write)
        except _REFUSALS as error:
            if len(rows) == 1:
                return Written(faults=[self._fault(rows[0], _reason(error))])
        middle = len(rows) // 2
        found = await self._apart(rows[:middle], write=write)
        rest = await self._apart(rows[middle:], write=write)
        found.tally.add(rest.tally)
        found.faults.extend(rest.faults)
        found.new.extend(rest.new)
        return found

    async def _together(self, rows: Sequence[Row], *, write: bool) -> Written:
        columns = zip(*rows, strict=True)
        differing = await self._connection.fetch(
            self._comparison, *columns, *self._promised.values()
        )
        found = Written()
        found.tally.count("same", len(rows) - len(differing))
        wanted = [
            (rows[one["n"] - 1], one)
            for one in differing
            if self._has_parents(found, rows[one["n"] - 1], one)
        ]
        kept = await self._kept([row for row, _ in wanted], write=write) if wanted else None
        for row, one in wanted:
            if kept is not None and one["key"] not in kept:
                found.faults.append(self._fault(row, "a trigger of the table keeps it out"))
            else:
                self._count(found, str(row[0]), one)
        return found

    async def _kept(self, rows: Sequence[Row], *, write: bool) -> set[str] | None:
        """Write rows and return the keys that the table kept; None where that is not known."""
        columns = zip(*rows, strict=True)
        if write:
            return {row["key"] for row in await self._connection.fetch(self._upsert, *columns)}
        if self.rehearsed:
            await self._connection.execute(self._rehearse, *columns)
        return None

    async def _prepared(self) -> bool:
        """Make the table for a dry run; False for an account that may not make one."""
        try:
            async with self._connection.transaction():
                await self._connection.execute("SET TRANSACTION READ WRITE")
                await self._connection.execute(self._prepare)
        except InsufficientPrivilegeError:
            return False
        return True

    def _has_parents(self, found: Written, row: Row, one: Record) -> bool:
        """Whether what a row refers to is there; otherwise the row is a fault."""
        for parent in self._promised:
            if not one[f"has_{parent}"]:
                value = row[self.names.index(KEYS[parent])]
                found.faults.append(self._fault(row, f"there is no {_SINGULAR[parent]} {value}"))
                return False
        return True

    def _count(self, found: Written, key: str, one: Record) -> None:
        if one["new"]:
            found.new.append(key)
            found.tally.count("new", 1, [key])
        else:
            found.tally.count("changed", 1, [f"{key}: {', '.join(one['changed'])}"])

    def _fault(self, row: Row, reason: str) -> RowFault:
        return RowFault(name=f"{_SINGULAR[self._table]} {row[0]}", reason=reason)


def _last_of_each(rows: Sequence[Row]) -> list[Row]:
    """Return one row for each key; two would refuse each other's statement."""
    return list({row[0]: row for row in rows}.values())


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0]
