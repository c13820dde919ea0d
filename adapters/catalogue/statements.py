"""The two questions asked of a catalogue, in SQL made of the columns that exist."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from adapters.catalogue import expressions, values
from adapters.catalogue.fields import Table
from adapters.catalogue.inspection import Column, Inspection

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_SHOWN: Final = {
    "cruise_id": ("s", "sailings.cruise_id"),
    "name": ("s", "sailings.name"),
    "line_id": ("s", "sailings.line_id"),
    "line_name": ("l", "lines.name"),
    "ship_id": ("s", "sailings.ship_id"),
    "ship_name": ("h", "ships.name"),
    "sailing_date": ("s", "sailings.sailing_date"),
    "nights": ("s", "sailings.nights"),
    "ports": ("s", "sailings.ports"),
    "from_price": ("s", "sailings.from_price"),
    "currency": ("s", "sailings.currency"),
}
"""What is selected, as text, by the alias of its table and its field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which sailings a search is for: coming ones of live lines, and of these some."""

    lines: tuple[int, ...]
    after: date
    month: date | None = None
    nights_min: int | None = None
    nights_max: int | None = None
    port: str | None = None
    place: tuple[str, str] | None = None
    """The day and identifier after which the page begins."""
    limit: int = 20
    """The page's size; one row more is asked for, which tells whether another page follows."""


@dataclass(slots=True)
class Query:
    """SQL that grows by conditions and numbers its parameters."""

    sql: str
    parameters: list[object] = field(default_factory=list)

    def given(self, value: object) -> int:
        """Add a parameter and return its number."""
        self.parameters.append(value)
        return len(self.parameters)

    def where(self, condition: str) -> None:
        """Ask for one thing more."""
        self.sql += f" AND {condition}"


def one_sailing(found: Inspection, cruise_id: str, *, exactly: bool) -> Query | None:
    """Ask for one sailing on sale; None where no row of this catalogue can have the identifier.

    Asked `exactly`, an index on the column helps; otherwise blanks around its text are forgiven.
    """
    column = _column(found, "sailings.cruise_id")
    own = expressions.identifier("s", column)
    if not _findable(own, cruise_id) or not (exactly or own.type == "text"):
        return None
    query = _selecting(found)
    sql = own.sql if exactly else expressions.trimmed(own.sql)
    query.where(f"{sql} = {own.parameter(query.given(cruise_id))} LIMIT 1")
    return query


def many_sailings(found: Inspection, wanted: Wanted) -> Query:
    """Ask for a page of sailings in the order they leave."""
    day = expressions.day("s", _column(found, "sailings.sailing_date"))
    own = expressions.identifier("s", _column(found, "sailings.cruise_id"))
    line = expressions.number("s", _column(found, "sailings.line_id"))
    query = _selecting(found)
    query.where(f"{line} = ANY(${query.given(list(wanted.lines))}::integer[])")
    query.where(f"{day.sql} > {day.parameter(query.given(wanted.after.isoformat()))}")
    _in_month(query, day, wanted.month)
    _of_length(query, found, wanted)
    _calling_at(query, found, wanted.port)
    if wanted.place is not None:
        first = day.parameter(query.given(wanted.place[0]))
        second = own.parameter(query.given(wanted.place[1]))
        query.where(f"({day.sql}, {own.sql}) > ({first}, {second})")
    query.sql += f" ORDER BY {day.sql}, {own.sql} LIMIT {wanted.limit + 1}"
    return query


def sample(found: Inspection, *, today: date, per_line: int | None) -> Query:
    """Ask for so many coming sailings of every line, or all; the same ones on every call."""
    day = expressions.day("s", _column(found, "sailings.sailing_date"))
    own = expressions.identifier("s", _column(found, "sailings.cruise_id"))
    line = _number(found, "s", "sailings.line_id")
    drawn = f"row_number() OVER (PARTITION BY {line} ORDER BY md5({own.sql}::text)) AS drawn"
    query = _selecting(found, drawn)
    query.where(f"{day.sql} > {day.parameter(query.given(today.isoformat()))}")
    query.sql = f"SELECT * FROM ({query.sql}) AS numbered"  # noqa: S608
    if per_line is not None:
        query.sql += f" WHERE drawn <= {per_line}"
    query.sql += " ORDER BY line_id, place_day, place_id"
    return query


def fits(found: Inspection, place: tuple[str, str]) -> bool:
    """Whether a page can begin after such a day and identifier."""
    day = expressions.day("s", _column(found, "sailings.sailing_date"))
    own = expressions.identifier("s", _column(found, "sailings.cruise_id"))
    if day.type == "text":
        return _DAY.fullmatch(place[0]) is not None and _findable(own, place[1])
    return values.day(place[0]) is not None and _findable(own, place[1])


def joined(found: Inspection) -> str:
    """Return the sailings that have a line and a ship, by the aliases s, l and h."""
    tables, line, ship = found.layout, "sailings.line_id", "sailings.ship_id"
    return (
        f"{tables.table(Table.SAILINGS)} s"
        f" JOIN {tables.table(Table.LINES)} l"
        f" ON {_number(found, 'l', 'lines.line_id')} = {_number(found, 's', line)}"
        f" JOIN {tables.table(Table.SHIPS)} h"
        f" ON {_number(found, 'h', 'ships.ship_id')} = {_number(found, 's', ship)}"
    )


def _selecting(found: Inspection, *more: str) -> Query:
    day = expressions.day("s", _column(found, "sailings.sailing_date"))
    own = expressions.identifier("s", _column(found, "sailings.cruise_id"))
    shown = [
        f"{expressions.selected(alias, found.column(key))} AS {name}"
        for name, (alias, key) in _SHOWN.items()
    ]
    shown += [f"{day.sql}::text AS place_day", f"{own.sql}::text AS place_id", *more]
    active = expressions.flag("s", found.column("sailings.active"))
    return Query(
        # Names are quoted, and values are parameters.
        f"SELECT {', '.join(shown)} FROM {joined(found)} WHERE {active}"  # noqa: S608
    )


def _in_month(query: Query, day: expressions.Comparable, month: date | None) -> None:
    if month is None:
        return
    first = month.replace(day=1)
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    query.where(f"{day.sql} >= {day.parameter(query.given(first.isoformat()))}")
    query.where(f"{day.sql} < {day.parameter(query.given(after.isoformat()))}")


def _of_length(query: Query, found: Inspection, wanted: Wanted) -> None:
    nights = _number(found, "s", "sailings.nights")
    if wanted.nights_min is not None:
        query.where(f"{nights} >= ${query.given(wanted.nights_min)}::integer")
    if wanted.nights_max is not None:
        query.where(f"{nights} <= ${query.given(wanted.nights_max)}::integer")


def _calling_at(query: Query, found: Inspection, port: str | None) -> None:
    if port is None:
        return
    ports = expressions.names("s", found.column("sailings.ports"))
    embark = expressions.selected("s", found.column("sailings.embark_port"))
    query.where(
        f"EXISTS (SELECT FROM unnest(array_append({ports}, {embark})) AS called (port)"
        f" WHERE lower({expressions.trimmed('called.port')}) ="
        f" lower(${query.given(port)}::text))"
    )


def _number(found: Inspection, alias: str, key: str) -> str:
    return expressions.number(alias, _column(found, key))


def _column(found: Inspection, key: str) -> Column:
    return found.columns[key]


def _findable(own: expressions.Comparable, cruise_id: str) -> bool:
    """Whether a column could hold such an identifier, and PostgreSQL would look for it."""
    if own.type == "text":
        return "\0" not in cruise_id
    return cruise_id.isascii() and cruise_id.isdecimal() and len(cruise_id) <= 18
