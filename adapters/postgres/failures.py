"""What may go wrong with PostgreSQL, and whether it is our own mistake or passes with help."""

from __future__ import annotations

from typing import Final

import asyncpg

FAILURES: Final = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""Everything that the driver raises; a time limit that ends is an OSError as well."""
NO_TABLE: Final = "42P01"
NO_RIGHT: Final = "42501"
READ_ONLY: Final = "25006"
_REFUSALS: Final = ("22", "23")
"""Values and rows that a constraint or a column's type refuses."""
_MISTAKES: Final = ("42",)
"""Statements that are wrong whoever asks, save for what a migration or a grant puts right."""
_PUT_RIGHT: Final = (NO_TABLE, NO_RIGHT)


def is_refusal(sqlstate: str) -> bool:
    """Whether what was to be written is refused, and would be again."""
    return sqlstate.startswith(_REFUSALS)


def is_ours(sqlstate: str) -> bool:
    """Whether trying again is no use, since what was asked is wrong."""
    mistake = sqlstate.startswith(_MISTAKES) and sqlstate not in _PUT_RIGHT
    return mistake or is_refusal(sqlstate)


def name_of(error: BaseException) -> str:
    """Return the SQLSTATE of an error of the driver or, if it has none, its kind."""
    return str(getattr(error, "sqlstate", None) or type(error).__name__)
