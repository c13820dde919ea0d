"""Columns of whatever type as SQL that can be selected, compared and sorted without an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapters.catalogue.inspection import Column

BLANKS: Final = r"E' \t\r\n'"
_COUNTING: Final = frozenset({"smallint", "integer", "bigint"})
_INTEGERS: Final = frozenset({"smallint", "integer"})
_TRUE: Final = "'t', 'true', '1', 'y', 'yes', 'on', 'active'"


@dataclass(frozen=True, slots=True)
class Comparable:
    """An expression, and the type to which a text must be cast to be compared with it."""

    sql: str
    type: str

    def parameter(self, number: int) -> str:
        """Return the n-th parameter, a text, as something to compare with."""
        return f"${number}::text::{self.type}"


def selected(alias: str, column: Column | None) -> str:
    """Return a column as text, or null where there is none."""
    if column is None:
        return "NULL::text"
    sql = f"{alias}.{column.sql}"
    return f"to_json({sql})::text" if column.type.endswith("[]") else f"{sql}::text"


def trimmed(sql: str) -> str:
    """Return an expression as text without blanks and line ends around it."""
    return f"btrim({sql}::text, {BLANKS})"


def identifier(alias: str, column: Column) -> Comparable:
    """Return an identifier to sort and page by."""
    sql = f"{alias}.{column.sql}"
    if column.type == "numeric":
        return Comparable(f"trim_scale({sql})", "numeric")
    if column.type in _COUNTING:
        return Comparable(sql, "bigint")
    return Comparable(sql if column.type == "text" else f"{sql}::text", "text")


def number(alias: str, column: Column) -> str:
    """Return a whole number, null where the value is none."""
    sql = f"{alias}.{column.sql}"
    if column.type in _INTEGERS:
        return sql
    digits = trimmed(sql)
    return (
        rf"CASE WHEN {digits} ~ '^[0-9]{{1,9}}(\.0*)?$' "
        rf"THEN split_part({digits}, '.', 1)::integer END"
    )


def money(alias: str, column: Column | None) -> str:
    """Return an amount that is not negative, null where the value is none."""
    if column is None:
        return "NULL::numeric"
    plain = f"replace({trimmed(f'{alias}.{column.sql}')}, ',', '')"
    return rf"CASE WHEN {plain} ~ '^[0-9]{{1,10}}(\.[0-9]+)?$' THEN {plain}::numeric END"


def day(alias: str, column: Column) -> Comparable:
    """Return a day; text that begins like one is compared as text, which sorts alike."""
    sql = f"{alias}.{column.sql}"
    match column.type:
        case "date":
            return Comparable(sql, "date")
        case "timestamp without time zone":
            return Comparable(f"{sql}::date", "date")
        case "timestamp with time zone":
            # By the clocks of the session, whose zone is a setting.
            return Comparable(f"{sql}::date", "date")
    begun = f"left({trimmed(sql)}, 10)"
    return Comparable(rf"CASE WHEN {begun} ~ '^\d{{4}}-\d\d-\d\d$' THEN {begun} END", "text")


def flag(alias: str, column: Column | None) -> str:
    """Return a condition; a column that does not exist holds for every row."""
    if column is None:
        return "TRUE"
    sql = f"{alias}.{column.sql}"
    if column.type == "boolean":
        return sql
    return f"lower({trimmed(sql)}) IN ({_TRUE})"


def names(alias: str, column: Column | None) -> str:
    """Return several names as an array."""
    if column is None:
        return "ARRAY[]::text[]"
    sql = f"{alias}.{column.sql}"
    if column.type.endswith("[]"):
        return f"{sql}::text[]"
    if column.type in {"json", "jsonb"}:
        listed = f"ARRAY(SELECT jsonb_array_elements_text({sql}::jsonb))"
        return f"CASE jsonb_typeof({sql}::jsonb) WHEN 'array' THEN {listed} END"
    return f"string_to_array({sql}::text, ',')"
