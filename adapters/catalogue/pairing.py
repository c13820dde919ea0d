"""Which columns of two catalogues belong together, and which stay behind and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from adapters.catalogue.fields import ACCEPTED, Field, Kind, Table, fields_of
from adapters.catalogue.table_schema import Anatomy, Part
from adapters.catalogue.type_casts import comparable, reading, writing

KEYS: Final[Mapping[Table, str]] = {
    Table.LINES: "line_id",
    Table.SHIPS: "ship_id",
    Table.SAILINGS: "cruise_id",
}
"""The field that names a row of each table."""
_OWN_AFFAIRS: Final = frozenset({"created_at", "updated_at"})
"""When a row was made and changed is each database's own truth."""


class CannotCopy(Exception):  # noqa: N818 - says what is in the way
    """The two sides do not fit together, or must not be brought together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """A column of the target, and how its values get there; `read` is None where none come."""

    name: str
    """What reports call it: the field's name, or the column's where it is no field of ours."""
    part: Part
    kind: Kind | None
    read: str | None
    fill: str | None = None
    """What stands in for a value that is missing and must not be."""

    def written(self, value: str) -> str:
        """Return SQL that makes a text this column's value."""
        if self.fill is not None:
            value = f"coalesce({value}, '{self.fill}')"
        return writing(self.kind, self.part.type, self.part.exact, value)

    def compared(self, value: str) -> str:
        """Return SQL by which values of this column are compared."""
        return comparable(self.part.type, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """The columns of one table that are copied, the key first."""

    table: Table
    columns: tuple[Paired, ...]
    left_out: Mapping[str, str]
    """Columns that stay behind, with the reason."""

    @property
    def key(self) -> Paired:
        """Return the column that names a row."""
        return self.columns[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Return what is copied, by its names in reports."""
        return tuple(column.name for column in self.columns)


def pair(table: Table, source: Anatomy, target: Anatomy, *, fills: Mapping[str, str]) -> Pairing:
    """Pair a table's columns; `fills` are values for fields that the target must not lack.

    Raises:
        CannotCopy: the target demands a column that the source does not have.
    """
    fields = list(_fields(table, source, target, fills))
    taken = {field.part.name for field in fields} | _columns_of_fields(table, source, target)
    extras, left_out = _extras(table, source, target, taken=taken)
    left_out |= _lonely(table, source, target, paired={field.name for field in fields})
    pairing = _with_key_first(table, [*fields, *extras], left_out)
    _require_all_demanded(pairing, target)
    return pairing


def receive(table: Table, target: Anatomy, *, fills: Mapping[str, str]) -> Pairing:
    """Take the fields of a table as they come from files, where each of them has one spelling."""
    fields = [
        _paired(field, part, kind=field.kind, read=None, fills=fills)
        for field in fields_of(table)
        if not (field.kind is Kind.DOCUMENT or field.descriptive)
        and (part := target.part(table, field.name))
    ]
    pairing = _with_key_first(table, fields, {})
    _require_all_demanded(pairing, target)
    return pairing


def _fields(
    table: Table, source: Anatomy, target: Anatomy, fills: Mapping[str, str]
) -> Iterator[Paired]:
    for field in fields_of(table):
        part, origin = target.part(table, field.name), source.part(table, field.name)
        if part is None:
            continue
        if origin is not None:
            kind = _kind(field, origin, part)
            read = reading(kind, origin.type, origin.sql)
            yield _paired(field, part, kind=kind, read=read, fills=fills)
        elif part.not_null and not part.has_default and field.key in fills:
            yield _paired(field, part, kind=field.kind, read="CAST(NULL AS text)", fills=fills)


def _kind(field: Field, origin: Part, part: Part) -> Kind:
    """Return as what a value travels; names between two texts keep the spelling they have."""
    texts = ACCEPTED[Kind.WORDS]
    alike = field.kind is Kind.NAMES and origin.type in texts and part.type in texts
    return Kind.WORDS if alike else field.kind


def _lonely(table: Table, source: Anatomy, target: Anatomy, *, paired: set[str]) -> dict[str, str]:
    """Return the fields that only one side has, in a type that can be read."""
    return {
        field.name: f"only the {side} has it"
        for field in fields_of(table)
        for side, there in (("source", source), ("target", target))
        if field.name not in paired and there.part(table, field.name)
    }


def _paired(
    field: Field, part: Part, *, kind: Kind, read: str | None, fills: Mapping[str, str]
) -> Paired:
    fill = fills.get(field.key) if part.not_null else None
    return Paired(name=field.name, part=part, kind=kind, read=read, fill=fill)


def _columns_of_fields(table: Table, source: Anatomy, target: Anatomy) -> set[str]:
    return {
        part.name
        for side in (source, target)
        for field in fields_of(table)
        if (part := side.part(table, field.name))
    }


def _extras(
    table: Table, source: Anatomy, target: Anatomy, *, taken: set[str]
) -> tuple[list[Paired], dict[str, str]]:
    """Pair by their names the columns that are no fields of ours."""
    extras, left_out = [], {}
    theirs, ours = source.parts[table], target.parts[table]
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        if name in taken:
            continue
        if reason := _hindrance(theirs.get(name), ours.get(name)):
            left_out[name] = reason
        else:
            read = reading(None, theirs[name].type, theirs[name].sql)
            extras.append(Paired(name=name, part=ours[name], kind=None, read=read))
    return extras, left_out


def _hindrance(source: Part | None, target: Part | None) -> str | None:
    if target is None:
        return "only the source has it"
    if source is None:
        return "only the target has it"
    if target.given_by_itself:
        return "the target makes its values itself"
    if target.refers_to:
        return f"it refers to {target.refers_to}, which is not copied"
    if target.name in _OWN_AFFAIRS and (target.has_default or not target.not_null):
        return "each database keeps its own"
    return None


def _with_key_first(table: Table, columns: list[Paired], left_out: Mapping[str, str]) -> Pairing:
    columns.sort(key=lambda column: column.name != KEYS[table])
    return Pairing(table=table, columns=tuple(columns), left_out=left_out)


def _require_all_demanded(pairing: Pairing, target: Anatomy) -> None:
    copied = {column.part.name for column in pairing.columns}
    place = target.layout.table(pairing.table)
    for part in target.parts[pairing.table].values():
        if part.not_null and not part.has_default and part.name not in copied:
            raise CannotCopy(f"{place} demands {part.name}, and nothing comes for it")
    if not pairing.key.part.alone:
        raise CannotCopy(f"{place} may hold two rows with the same {pairing.key.part.name}")
