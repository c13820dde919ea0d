"""How values travel between columns of different types: as text, in one spelling for each kind."""

from __future__ import annotations

from typing import Final

from adapters.catalogue.expressions import BLANKS
from adapters.catalogue.fields import ACCEPTED, Kind

_TEXTS: Final = ACCEPTED[Kind.WORDS]
_JSON_LIST: Final = r"""^\s*\[\s*("([^"\\]|\\.)*"\s*(,\s*"([^"\\]|\\.)*"\s*)*)?\]\s*$"""
"""A JSON list of texts, as a pattern of PostgreSQL."""
_ENDLESS: Final = "('nan', 'infinity', '-infinity', '+infinity', 'inf', '-inf', '+inf')"
"""Numbers that are no price and no count."""
_WITHOUT_EQUALITY: Final = frozenset(
    {"json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"}
)


def reading(kind: Kind | None, column_type: str, column: str) -> str:
    """Return SQL that spells a column's value as text; names become a JSON list.

    Names in a text are a JSON list already, or stand between commas.
    """
    if kind is Kind.NAMES and column_type.endswith("[]"):
        return f"CAST(to_json({column}) AS text)"
    if kind is Kind.NAMES and column_type in _TEXTS:
        text = f"CAST({column} AS text)"
        split = f"CAST(to_json(string_to_array({text}, ',')) AS text)"
        return f"CASE WHEN {text} ~ '{_JSON_LIST}' THEN {text} ELSE {split} END"
    return f"CAST({column} AS text)"


def writing(kind: Kind | None, column_type: str, exact: str, value: str) -> str:
    """Return SQL that makes such a text the value of a column; `exact` is its type in full.

    Text is never cast to a type with a length, which would cut it short without a word. A number
    without end is none; a day without end is refused by its name.
    """
    if kind is Kind.NAMES:
        return _names(column_type, value)
    if column_type in _TEXTS:
        return value
    match kind:
        case Kind.FLAG:
            flag = f"CAST(btrim({value}, {BLANKS}) AS boolean)"
            return flag if column_type == "boolean" else f"CAST(CAST({flag} AS int) AS {exact})"
        case Kind.DAY:
            day = f"left({value}, 10)" if column_type == "date" else value
            endless = f"{value} ~* '^\\s*[-+]?infinity\\s*$'"
            told = f"CASE WHEN {endless} THEN {value} || ' is no day' ELSE {day} END"
            return f"CAST({told} AS {'date' if column_type == 'date' else exact})"
        case Kind.NUMBER | Kind.MONEY:
            plain = f"nullif(replace(btrim({value}, {BLANKS}), ',', ''), '')"
            ends = f"CASE WHEN lower({plain}) NOT IN {_ENDLESS} THEN {plain} END"
            return f"CAST(CAST({ends} AS numeric) AS {exact})"
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
        joined = f"array_to_string({listed}, ',')"
        # A name with a comma in it would be read as two.
        commas = f"EXISTS (SELECT FROM unnest({listed}) name WHERE name LIKE '%,%')"
        spelt = f"CASE WHEN {commas} THEN {value} ELSE {joined} END"
        return f"CASE WHEN {value} IS NOT NULL THEN {spelt} END"
    return f"CASE WHEN {value} IS NOT NULL THEN CAST({listed} AS {column_type}) END"
