"""All that copying must know of a catalogue's tables, beyond what reading them needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from asyncpg import Record

from adapters.catalogue.fields import Table
from adapters.catalogue.inspection import Column, Inspection, Session, judge
from adapters.catalogue.layout import Layout

# The columns of some tables, with what stands in the way of writing them.
_PARTS: Final = """
    SELECT c.relname AS table_name, a.attname AS name, a.attnotnull AS not_null,
           format_type(t.oid, NULL) AS type,
           CASE WHEN given.typbasetype <> 0 THEN format_type(t.oid, given.typtypmod)
                ELSE format_type(a.atttypid, a.atttypmod) END AS exact,
           a.attgenerated <> '' OR a.attidentity = 'a' AS given_by_itself,
           a.atthasdef OR a.attidentity <> '' AS has_default,
           (SELECT f.confrelid::regclass::text FROM pg_catalog.pg_constraint f
            WHERE f.conrelid = c.oid AND f.contype = 'f' AND a.attnum = ANY(f.conkey)
              AND f.confrelid NOT IN (SELECT o.oid FROM pg_catalog.pg_class o
                                      WHERE o.relnamespace = n.oid AND o.relname = ANY($2))
            LIMIT 1) AS refers_to,
           EXISTS (SELECT FROM pg_catalog.pg_index i
                   WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate
                     AND i.indpred IS NULL AND i.indnkeyatts = 1
                     AND i.indkey[0] = a.attnum) AS alone
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type given ON given.oid = a.atttypid
    JOIN pg_catalog.pg_type t ON t.oid = coalesce(nullif(given.typbasetype, 0), given.oid)
    WHERE n.nspname = $1 AND c.relname = ANY($2) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND has_schema_privilege(n.oid, 'USAGE')
      AND has_column_privilege(c.oid, a.attnum, 'SELECT')
    ORDER BY c.relname, a.attnum
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Column):
    """A column with all that decides whether a copy may write it."""

    exact: str
    """Its type in full, such as `numeric(10,2)`."""
    given_by_itself: bool
    """The database makes its values; nobody else may."""
    has_default: bool
    refers_to: str | None
    """A table outside the catalogue that its values must be found in."""
    alone: bool
    """No two rows have the same value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """A catalogue's tables, whole."""

    inspection: Inspection
    parts: Mapping[Table, Mapping[str, Part]]

    @property
    def layout(self) -> Layout:
        """Return the names of its tables."""
        return self.inspection.layout

    @property
    def name(self) -> str:
        """Return what its table of sailings is called."""
        return f"{self.layout.schema}.{self.layout.tables[Table.SAILINGS]}"

    def part(self, table: Table, field: str) -> Part | None:
        """Return the column that a field can be read from."""
        column = self.inspection.column(f"{table}.{field}")
        return None if column is None else self.parts[table][column.name]


async def dissect(connection: Session, candidates: Iterable[Layout]) -> Anatomy:
    """Look at the tables by the first layout whose tables are all there, or else by the last.

    Where none fits, the findings of the last say what is missing.
    """
    for layout in candidates:
        found = _arranged(layout, await _rows(connection, layout))
        if all(found.parts[table] for table in Table):
            break
    return found


async def _rows(connection: Session, layout: Layout) -> list[Record]:
    return await connection.fetch(_PARTS, layout.schema, list(layout.tables.values()))


def _arranged(layout: Layout, rows: Iterable[Record]) -> Anatomy:
    there: dict[str, dict[str, Part]] = {name: {} for name in layout.tables.values()}
    for row in rows:
        facts = dict(row)
        table = facts.pop("table_name")
        there[table][row["name"]] = Part(**facts)
    parts = {table: MappingProxyType(there[layout.tables[table]]) for table in Table}
    return Anatomy(inspection=judge(layout, there), parts=MappingProxyType(parts))
