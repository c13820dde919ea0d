"""How values travel between columns of different types: as text, in one spelling for each kind."""

from __future__ import annotations

from typing import Final

from adapters.catalogue.expressions import BLANKS
from adapters.catalogue.fields import ACCEPTED, Kind

_TEXTS: Final = ACCEPTED[Kind.WORDS]
_WITHOUT_EQUALITY: Final = frozenset(
    {"json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"}
)


def reading(kind: Kind | None, column_type: str, column: str) -> str:
    """Return SQL that spells a column's value as text; names become a JSON list."""
    if kind is Kind.NAMES and column_type.endswith("[]"):
        return f"CAST(to_json({column}) AS text)"
    if kind is Kind.NAMES and column_type in _TEXTS:
        return f"CAST(to_json(string_to_array(CAST({column} AS text), ',')) AS text)"
    return f"CAST({column} AS text)"


def writing(kind: Kind | None, column_type: str, exact: str, value: str) -> str:
    """Return SQL that makes such a text the value of a column; `exact` is its type in full.

    Text is never cast to a type with a length, which would cut it short without a word.
    """
    if kind is Kind.NAMES:
        return _names(column_type, value)
    if column_type in _TEXTS:
        return value
    match kind:
        case Kind.FLAG:
            flag = f"CAST(btrim({value}, {BLANKS}) AS boolean)"
            return flag if column_type == "boolean" else f"CAST(CAST({flag} AS int) AS {exact})"
        case Kind.DAY if column_type == "date":
            return f"CAST(left({value}, 10) AS date)"
        case Kind.NUMBER | Kind.MONEY:
            plain = f"nullif(replace(btrim({value}, {BLANKS}), ',', ''), '')"
            return f"CAST(CAST({plain} AS numeric) AS {exact})"
        case _:
            uncut = column_type.removesuffix("[]") in _TEXTS
            return f"CAST({value} AS {column_type if uncut else exact})"


def comparable(column_type: str, value: str) -> str:
    """Return SQL by which values can be compared, for types that have no equality as well."""
    return f"CAST({value} AS text)" if column_type in _WITHOUT_EQUALITY else value


def _names(column_type: str, value: str) -> str:
    if column_type in ("json", "jsonb"):
        return f"CAST({value} AS {column_type})"
    listed = f"ARRAY(SELECT json_array_elements_text(CAST({value} AS json)))"
    if column_type in _TEXTS:
        return f"CASE WHEN {value} IS NOT NULL THEN array_to_string({listed}, ',') END"
    return f"CASE WHEN {value} IS NOT NULL THEN CAST({listed} AS {column_type}) END"
