"""Questions about single sailings, in SQL made of the columns that exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from adapters.catalogue import expressions
from adapters.catalogue.fields import Table
from adapters.catalogue.inspection import Column, Inspection

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
    "embark_port": ("s", "sailings.embark_port"),
    "returns_on": ("s", "sailings.returns_on"),
    "image_url": ("s", "sailings.image_url"),
    "ship_image_url": ("h", "ships.image_url"),
    "from_price": ("s", "sailings.from_price"),
    "currency": ("s", "sailings.currency"),
}
"""What is selected, as text, by the alias of its table and its field."""
_DESCRIBED: Final = {
    "itinerary": ("s", "sailings.itinerary"),
    "notices": ("s", "sailings.notices"),
    "ship_description": ("h", "ships.description"),
    "year_built": ("h", "ships.year_built"),
    "guest_capacity": ("h", "ships.guest_capacity"),
    "deck_count": ("h", "ships.deck_count"),
    "images": ("h", "ships.images"),
    "cabin_categories": ("h", "ships.cabin_categories"),
}
"""What is selected besides for a sailing that is looked at by itself."""


@dataclass(slots=True)
class CatalogueQuery:
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


def one_sailing(found: Inspection, cruise_id: str, *, exactly: bool) -> CatalogueQuery | None:
    """Ask for one sailing on sale; None where no row of this catalogue can have the identifier.

    Asked `exactly`, an index on the column helps; otherwise blanks around its text are forgiven.
    """
    own = expressions.identifier("s", column(found, "sailings.cruise_id"))
    if not findable(own, cruise_id) or not (exactly or own.type == "text"):
        return None
    query = selecting(found, *_texts(found, _DESCRIBED))
    sql = own.sql if exactly else expressions.trimmed(own.sql)
    query.where(f"{sql} = {own.parameter(query.given(cruise_id))} LIMIT 1")
    return query


def sample(found: Inspection, *, today: date, per_line: int | None) -> CatalogueQuery:
    """Ask for so many coming sailings of every line, or all; the same ones on every call."""
    day = expressions.day("s", column(found, "sailings.sailing_date"))
    own = expressions.identifier("s", column(found, "sailings.cruise_id"))
    line = number(found, "s", "sailings.line_id")
    drawn = f"row_number() OVER (PARTITION BY {line} ORDER BY md5({own.sql}::text)) AS drawn"
    query = selecting(found, drawn)
    query.where(f"{day.sql} > {day.parameter(query.given(today.isoformat()))}")
    query.sql = f"SELECT * FROM ({query.sql}) AS numbered"  # noqa: S608
    if per_line is not None:
        query.sql += f" WHERE drawn <= {per_line}"
    query.sql += " ORDER BY line_id, place_day, place_id"
    return query


def joined(found: Inspection) -> str:
    """Return the sailings that have a line and a ship, by the aliases s, l and h."""
    tables, line, ship = found.layout, "sailings.line_id", "sailings.ship_id"
    return (
        f"{tables.table(Table.SAILINGS)} s"
        f" JOIN {tables.table(Table.LINES)} l"
        f" ON {number(found, 'l', 'lines.line_id')} = {number(found, 's', line)}"
        f" JOIN {tables.table(Table.SHIPS)} h"
        f" ON {number(found, 'h', 'ships.ship_id')} = {number(found, 's', ship)}"
    )


def sold(found: Inspection, *, after: str) -> str:
    """Return when a sailing that has its line and ship is sold: `after` is a day as SQL.

    The one rule of what guests find and what the doctor counts: it is active, leaves later, and has
    what every booking needs (`rows.sailing_of`).
    """
    day = expressions.day("s", column(found, "sailings.sailing_date"))
    words = [
        expressions.trimmed(f"{alias}.{column(found, key).sql}")
        for alias, key in (
            *(("s", "sailings.cruise_id"), ("l", "lines.name"), ("h", "ships.name")),
        )
    ]
    conditions = [
        expressions.flag("s", found.column("sailings.active")),
        f"{day.sql} > {after}",
        f"{number(found, 's', 'sailings.nights')} IS NOT NULL",
        *(f"{sql} <> ''" for sql in words),
    ]
    return " AND ".join(conditions)


def selecting(found: Inspection, *more: str) -> CatalogueQuery:
    """Return a query for sailings on sale, to which conditions can be added."""
    day = expressions.day("s", column(found, "sailings.sailing_date"))
    own = expressions.identifier("s", column(found, "sailings.cruise_id"))
    shown = _texts(found, _SHOWN)
    shown += [f"{day.sql}::text AS place_day", f"{own.sql}::text AS place_id", *more]
    active = expressions.flag("s", found.column("sailings.active"))
    return CatalogueQuery(
        # Names are quoted, and values are parameters.
        f"SELECT {', '.join(shown)} FROM {joined(found)} WHERE {active}"  # noqa: S608
    )


def _texts(found: Inspection, wanted: Mapping[str, tuple[str, str]]) -> list[str]:
    return [
        f"{expressions.selected(alias, found.column(key))} AS {name}"
        for name, (alias, key) in wanted.items()
    ]


def number(found: Inspection, alias: str, key: str) -> str:
    """Return a whole number of a required field."""
    return expressions.number(alias, column(found, key))


def column(found: Inspection, key: str) -> Column:
    """Return the column of a required field."""
    return found.columns[key]


def findable(own: expressions.Comparable, cruise_id: str) -> bool:
    """Whether a column could hold such an identifier, and PostgreSQL would look for it."""
    if own.type == "text":
        return "\0" not in cruise_id
    return cruise_id.isascii() and cruise_id.isdecimal() and len(cruise_id) <= 18
