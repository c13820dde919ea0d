"""Which of the columns we ask for a catalogue really has, and in which types."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from asyncpg import Connection
from asyncpg.pool import PoolConnectionProxy

from adapters.catalogue.fields import ACCEPTED, FIELDS, Field, Table
from adapters.catalogue.layout import ColumnPlace, Layout, quoted

Session: TypeAlias = "Connection[Any] | PoolConnectionProxy[Any]"
"""A connection to a catalogue, whether it comes from a pool or not."""

# The columns of some tables that this account may read, in their order. A view serves as a table.
COLUMNS: Final = """
    SELECT c.relname AS table_name, a.attname AS column_name,
           format_type(t.oid, NULL) AS column_type, a.attnotnull AS not_null
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type given ON given.oid = a.atttypid
    JOIN pg_catalog.pg_type t ON t.oid = coalesce(nullif(given.typbasetype, 0), given.oid)
    WHERE n.nspname = $1 AND c.relname = ANY($2::text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND has_schema_privilege(n.oid, 'USAGE')
      AND has_column_privilege(c.oid, a.attnum, 'SELECT')
    ORDER BY c.relname, a.attnum
"""


class FindingKind(StrEnum):
    """What can be said of a column."""

    PRESENT = "present"
    MISSING_TABLE = "missing_table"
    """None of its columns is there, or this account may read none."""
    MISSING_OPTIONAL = "missing_optional"
    MISSING_REQUIRED = "missing_required"
    WRONG_TYPE = "wrong_type"
    """It is there in a type we cannot read; for us that is as if it were missing."""
    EXTRA = "extra"
    """We have no use for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as the database has it."""

    name: str
    type: str
    not_null: bool = False

    @property
    def sql(self) -> str:
        """Return its name, quoted for SQL."""
        return quoted(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueFinding:
    """What was found of one column; `field` is None where we did not ask for it."""

    kind: FindingKind
    table: Table
    place: str
    """Schema, table and column, as a person would look for them."""
    field: Field | None = None
    type: str | None = None

    @property
    def harmful(self) -> bool:
        """Whether booking is impossible with it."""
        required = self.field is not None and self.field.required
        return self.kind in {FindingKind.MISSING_TABLE, FindingKind.MISSING_REQUIRED} or (
            self.kind is FindingKind.WRONG_TYPE and required
        )

    @property
    def lacking(self) -> bool:
        """Whether booking goes on without it."""
        missing = self.kind in {FindingKind.MISSING_OPTIONAL, FindingKind.WRONG_TYPE}
        return missing and not self.harmful

    def __str__(self) -> str:
        """Say it in a few words."""
        if self.kind is FindingKind.WRONG_TYPE:
            return f"{self.place} is of type {self.type}"
        if self.kind is FindingKind.MISSING_TABLE:
            return f"{self.place} is no table that this account can read"
        return f"{self.place} is {self.kind.value.replace('_', ', ')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A catalogue as it is: the columns of our fields that can be read, and what was found."""

    layout: Layout
    columns: Mapping[str, Column] = field(repr=False)
    """The readable columns, by the keys of their fields."""
    findings: tuple[CatalogueFinding, ...]

    @property
    def usable(self) -> bool:
        """Whether guests can book from this catalogue."""
        return not self.harmful

    @property
    def harmful(self) -> tuple[CatalogueFinding, ...]:
        """Return what stands in the way of booking."""
        return tuple(finding for finding in self.findings if finding.harmful)

    @property
    def lacking(self) -> tuple[CatalogueFinding, ...]:
        """Return what booking can do without, and does."""
        return tuple(finding for finding in self.findings if finding.lacking)

    def of_kind(self, kind: FindingKind) -> tuple[CatalogueFinding, ...]:
        """Return the findings of one kind."""
        return tuple(finding for finding in self.findings if finding.kind is kind)

    def column(self, key: str) -> Column | None:
        """Return the column of a field such as `sailings.cruise_id`, if it can be read."""
        return self.columns.get(key)

    def fields(self, table: Table) -> tuple[Field, ...]:
        """Return the fields of a table that can be read."""
        return tuple(f for f in self.layout.fields(table) if f.key in self.columns)


async def inspect(connection: Session, layout: Layout) -> Inspection:
    """Compare what the database has with what `layout` says."""
    rows = await connection.fetch(COLUMNS, layout.schema, list(layout.tables.values()))
    there: dict[str, dict[str, Column]] = {}
    for row in rows:
        column = Column(name=row["column_name"], type=row["column_type"], not_null=row["not_null"])
        there.setdefault(row["table_name"], {})[column.name] = column
    return judge(layout, there)


def judge(layout: Layout, there: Mapping[str, Mapping[str, Column]]) -> Inspection:
    """Say what columns by table and name mean for `layout`."""
    columns: dict[str, Column] = {}
    findings: list[CatalogueFinding] = []
    absent = {table for table in Table if not there.get(layout.tables[table])}
    for asked in FIELDS:
        if asked.table in absent:
            continue
        place = layout.place(asked)
        if place is None:
            continue
        column = there.get(layout.tables[asked.table], {}).get(place.column)
        kind = _kind(asked, place, column)
        if column is not None and kind is FindingKind.PRESENT:
            columns[asked.key] = column
        if column is None and asked.descriptive:
            continue
        findings.append(_finding(layout, asked, kind=kind, name=place.column, column=column))
    return Inspection(
        layout=layout,
        columns=MappingProxyType(columns),
        findings=(*_absent(layout, absent), *findings, *_extras(layout, there)),
    )


def _absent(layout: Layout, tables: Collection[Table]) -> list[CatalogueFinding]:
    """Return one finding for each table that is not there, instead of one for each column."""
    return [
        CatalogueFinding(
            kind=FindingKind.MISSING_TABLE,
            table=table,
            place=f"{layout.schema}.{layout.tables[table]}",
        )
        for table in Table
        if table in tables
    ]


def _kind(asked: Field, place: ColumnPlace, column: Column | None) -> FindingKind:
    if column is None:
        required = asked.required
        return FindingKind.MISSING_REQUIRED if required else FindingKind.MISSING_OPTIONAL
    readable = column.type in ACCEPTED[asked.kind] or column.type == place.type
    return FindingKind.PRESENT if readable else FindingKind.WRONG_TYPE


def _finding(
    layout: Layout, asked: Field, *, kind: FindingKind, name: str, column: Column | None
) -> CatalogueFinding:
    return CatalogueFinding(
        kind=kind,
        table=asked.table,
        field=asked,
        place=_place(layout, asked.table, name),
        type=column.type if column else None,
    )


def _extras(layout: Layout, there: Mapping[str, Mapping[str, Column]]) -> list[CatalogueFinding]:
    return [
        CatalogueFinding(
            kind=FindingKind.EXTRA,
            table=table,
            place=_place(layout, table, column.name),
            type=column.type,
        )
        for table in Table
        for column in there.get(layout.tables[table], {}).values()
        if column.name not in _asked_for(layout, table)
    ]


def _asked_for(layout: Layout, table: Table) -> frozenset[str]:
    places = (layout.place(field) for field in layout.fields(table))
    return frozenset(place.column for place in places if place is not None)


def _place(layout: Layout, table: Table, column: str) -> str:
    return f"{layout.schema}.{layout.tables[table]}.{column}"
