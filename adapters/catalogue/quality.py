"""What is wrong with the rows of a catalogue, counted by kind with a few examples of each."""

# ruff: noqa: S608 - names are quoted, and what is compared with them is ours.

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from adapters.catalogue import expressions, values
from adapters.catalogue.connection import reachable
from adapters.catalogue.fields import Table
from adapters.catalogue.inspection import Column, Inspection
from adapters.catalogue.statements import joined, sold
from adapters.postgres.pool import ConnectionPool

_EXAMPLES: Final = 5


class Flaw(StrEnum):
    """What can be wrong with sailings that are on sale."""

    MISSING_LINE = "missing_line"
    MISSING_SHIP = "missing_ship"
    OTHER_SHIP = "other_ship"
    """The ship belongs to another line than the sailing."""
    SAILED = "sailed"
    """It has left and is still on sale."""
    UNREADABLE = "unreadable"
    """A number or a day that makes no sense."""
    BAD_ID = "bad_id"
    """The identifier is not a number, as the supplier's are."""
    PADDED_ID = "padded_id"
    """Blanks or line ends stand around the identifier."""
    TWICE = "twice"
    """Two rows have the same identifier."""
    SAME_SHIP = "same_ship"
    """Two rows are the same ship on the same day for the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityFound:
    """How many sailings have a flaw, how many of those on lines that are sold live, and some."""

    flaw: Flaw
    number: int
    live: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCount:
    """How many sailings of a line are on sale, and when the first and the last leave."""

    line_id: int
    name: str
    sailings: int
    first: date | None
    last: date | None


class Columns:
    """The columns of an inspected catalogue as SQL, by the aliases s, l and h."""

    def __init__(self, found: Inspection, today: date) -> None:
        """Take what was found, and the day that sailings must leave after."""
        self._found = found
        self.id = self._column("sailings.cruise_id")
        self.own_id = expressions.identifier("s", self.id)
        self.line = self._number("s", "sailings.line_id")
        self.ship = self._number("s", "sailings.ship_id")
        self.nights = self._number("s", "sailings.nights")
        self.day = expressions.day("s", self._column("sailings.sailing_date"))
        self.active = expressions.flag("s", found.column("sailings.active"))
        self.today = f"'{today.isoformat()}'::{self.day.type}"
        self.coming = f"{self.active} AND {self.day.sql} > {self.today}"

    @property
    def key(self) -> str:
        """Return the identifier as text without blanks."""
        return expressions.trimmed(self.own_id.sql)

    @property
    def joined(self) -> str:
        """Return all sailings, with their line and ship where these exist."""
        layout = self._found.layout
        line, ship = self._number("l", "lines.line_id"), self._number("h", "ships.ship_id")
        return (
            f"{layout.table(Table.SAILINGS)} s"
            f" LEFT JOIN {layout.table(Table.LINES)} l ON {line} = {self.line}"
            f" LEFT JOIN {layout.table(Table.SHIPS)} h ON {ship} = {self.ship}"
        )

    def flaws(self) -> Iterator[tuple[Flaw, str]]:
        """Yield what can be looked for in this catalogue, and the condition that finds it."""
        line, ship = self._number("l", "lines.line_id"), self._number("h", "ships.ship_id")
        yield Flaw.MISSING_LINE, f"{self.coming} AND {self.line} IS NOT NULL AND {line} IS NULL"
        yield Flaw.MISSING_SHIP, f"{self.coming} AND {self.ship} IS NOT NULL AND {ship} IS NULL"
        if self._found.column("ships.line_id") is not None:
            theirs = self._number("h", "ships.line_id")
            yield Flaw.OTHER_SHIP, f"{self.coming} AND {theirs} <> {line}"
        if self._found.column("sailings.active") is not None:
            yield Flaw.SAILED, f"{self.active} AND {self.day.sql} <= {self.today}"
        yield (
            Flaw.UNREADABLE,
            f"{self.active} AND (num_nulls({self.line}, {self.ship}, {self.nights},"
            f" {self.day.sql}) > 0 OR {self._nameless('l', 'lines.name')}"
            f" OR {self._nameless('h', 'ships.name')})",
        )
        yield Flaw.BAD_ID, f"{self.coming} AND {self.key} !~ '^[0-9]{{1,18}}$'"
        if self.own_id.type == "text":
            yield Flaw.PADDED_ID, f"{self.coming} AND {self.own_id.sql} <> {self.key}"
        yield Flaw.TWICE, f"{self.coming} AND {self._repeated(self.key)}"
        voyage = f"{self.line}, {self.ship}, {self.day.sql}, {self.nights}"
        yield Flaw.SAME_SHIP, f"{self.coming} AND {self._repeated(voyage)}"

    def _nameless(self, alias: str, key: str) -> str:
        return f"{expressions.trimmed(f'{alias}.{self._column(key).sql}')} = ''"

    def _repeated(self, what: str) -> str:
        return (
            f"({what}) IN (SELECT {what} FROM {self._found.layout.table(Table.SAILINGS)} s"
            f" WHERE {self.coming} GROUP BY {what} HAVING count(*) > 1)"
        )

    def _number(self, alias: str, key: str) -> str:
        return expressions.number(alias, self._column(key))

    def _column(self, key: str) -> Column:
        return self._found.columns[key]


async def flaws(
    pool: ConnectionPool, found: Inspection, *, today: date, live_lines: Sequence[int]
) -> tuple[QualityFound, ...]:
    """Look for every flaw that this catalogue can have, and return those that it has."""
    columns = Columns(found, today)
    seen = []
    for flaw, condition in columns.flaws():
        sql = (
            f"SELECT count(*) AS number, count(*) FILTER"
            f" (WHERE {columns.line} = ANY($1::integer[])) AS live,"
            f" (array_agg({columns.key} ORDER BY {columns.key}))[1:{_EXAMPLES}] AS examples"
            f" FROM {columns.joined} WHERE {condition}"
        )
        with reachable():
            async with pool.lent() as connection:
                row = await connection.fetchrow(sql, list(live_lines))
        if row is not None and row["number"]:
            examples = tuple(str(each) for each in row["examples"])
            seen.append(
                QualityFound(flaw=flaw, number=row["number"], live=row["live"], examples=examples)
            )
    return tuple(seen)


async def counts(pool: ConnectionPool, found: Inspection, *, today: date) -> tuple[LineCount, ...]:
    """Count the sailings on sale by line, the lines in the order of their ids."""
    columns = Columns(found, today)
    sql = (
        f"SELECT {columns.line} AS line_id, max(l.{found.columns['lines.name'].sql}::text) AS name,"
        f" count(*) AS sailings, min({columns.day.sql})::text AS first,"
        f" max({columns.day.sql})::text AS last"
        f" FROM {joined(found)} WHERE {sold(found, after=columns.today)} GROUP BY 1 ORDER BY 1"
    )
    with reachable():
        async with pool.lent() as connection:
            rows = await connection.fetch(sql)
    return tuple(
        LineCount(
            line_id=row["line_id"],
            name=values.words(row["name"]) or "",
            sailings=row["sailings"],
            first=values.day(row["first"]),
            last=values.day(row["last"]),
        )
        for row in rows
    )
