"""Where a catalogue keeps what we ask of it: the names of its schema, tables and columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from adapters.catalogue.fields import BY_KEY, FIELDS, Field, Table, fields_of


class BadLayout(ValueError):  # noqa: N818 - names what was given
    """The mapping of tables and columns contradicts itself, or names what does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPlace:
    """The column that holds a field; `type` is one we were told to accept beside the usual."""

    column: str
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A catalogue's names for our tables and fields; a field without a place is not looked for."""

    schema: str
    tables: Mapping[Table, str]
    places: Mapping[str, ColumnPlace] = field(repr=False)

    def place(self, field: Field) -> ColumnPlace | None:
        """Return where a field is kept."""
        return self.places.get(field.key)

    def fields(self, table: Table) -> tuple[Field, ...]:
        """Return the fields of a table that have a place."""
        return tuple(field for field in fields_of(table) if field.key in self.places)

    def table(self, table: Table) -> str:
        """Return a table's full name, quoted for SQL."""
        return f"{quoted(self.schema)}.{quoted(self.tables[table])}"


def quoted(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def _layout(schema: str, tables: Mapping[Table, str], columns: Mapping[str, str]) -> Layout:
    """Build a layout in which columns are called as their fields, but for those in `columns`."""
    names = {field.key: columns.get(field.key, field.name) for field in FIELDS}
    places = {key: ColumnPlace(column=column) for key, column in names.items() if column}
    return Layout(schema=schema, tables=tables, places=MappingProxyType(places))


OWN: Final = _layout(
    "catalogue",
    MappingProxyType({table: table.value for table in Table}),
    {"sailings.raw_data": ""},
)
"""The small schema that our migrations make."""

CRUISES: Final = _layout(
    "public",
    MappingProxyType(
        {Table.LINES: "cruise_lines", Table.SHIPS: "ships", Table.SAILINGS: "cruises"}
    ),
    {
        "lines.line_id": "id",
        "ships.ship_id": "id",
        "ships.line_id": "cruise_line_id",
        "sailings.cruise_id": "id",
        "sailings.line_id": "cruise_line_id",
        "sailings.from_price": "cheapest_price",
        "sailings.active": "is_active",
    },
)
"""Tables `cruises`, `cruise_lines` and `ships`, keyed by the supplier's ids."""

PRESETS: Final[Mapping[str, Layout]] = MappingProxyType({"own": OWN, "cruises": CRUISES})
"""The layouts that settings can name."""


def layout_of(
    preset: str, *, schema: str | None = None, names: Mapping[str, str | None] | None = None
) -> Layout:
    """Return a preset with other names put in.

    `names` maps `sailings` to a table, and `sailings.cruise_id` to `column`, `table.column` or
    `table.column::type`; null says that the catalogue does not keep the field.

    Raises:
        BadLayout: a name is unknown, a required field has no place, or two names disagree.
    """
    found = PRESETS.get(preset)
    if found is None:
        raise BadLayout(f"there is no layout called {preset}; there are {', '.join(PRESETS)}")
    layout = replace(found, schema=schema or found.schema)
    tables, columns = _parted(names or {})
    return _with_columns(_with_tables(layout, tables), columns)


def _parted(
    names: Mapping[str, str | None],
) -> tuple[dict[Table, str], dict[str, ColumnPlace | None]]:
    """Part names of tables from places of fields; a dotted place names its table as well."""
    tables = {Table(key): name for key, name in names.items() if key in set(Table) and name}
    columns: dict[str, ColumnPlace | None] = {}
    for key, name in names.items():
        if key in set(Table):
            continue
        if key not in BY_KEY:
            raise BadLayout(f"{key} is none of our fields: {', '.join(BY_KEY)}")
        columns[key] = None if name is None else _placed(key, name, tables)
    return tables, columns


def _placed(key: str, name: str, tables: dict[Table, str]) -> ColumnPlace:
    path, _, kind = name.partition("::")
    table, dot, column = path.strip().rpartition(".")
    if dot and tables.setdefault(BY_KEY[key].table, table) != table:
        raise BadLayout(f"{key} lies in {table}, other fields of its table in another")
    if not column:
        raise BadLayout(f"{key} needs the name of a column")
    return ColumnPlace(column=column, type=kind.strip() or None)


def _with_tables(layout: Layout, tables: Mapping[Table, str]) -> Layout:
    return replace(layout, tables=MappingProxyType({**layout.tables, **tables}))


def _with_columns(layout: Layout, columns: Mapping[str, ColumnPlace | None]) -> Layout:
    places = {**layout.places, **columns}
    for key, place in places.items():
        if place is None and BY_KEY[key].required:
            raise BadLayout(f"{key} is required and must have a column")
    kept = {key: place for key, place in places.items() if place is not None}
    return replace(layout, places=MappingProxyType(kept))
