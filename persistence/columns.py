"""What all tables are made of: names of constraints, types of columns, words a column may hold."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, MetaData, Numeric
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE

from booking_flow.saga import EFFECTS

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class StepDirection(StrEnum):
    """Whether an open step goes on with the booking or takes something back."""

    FORWARD = "forward"
    UNDO = "undo"


UUID: Final = UUID_TYPE(as_uuid=True)
MONEY: Final = Numeric(12, 2)
MOMENT: Final = DateTime(timezone=True)
EFFECTFUL: Final = tuple(EFFECTS)


def one_of(column: str, values: Iterable[StrEnum]) -> CheckConstraint:
    """Let a column hold these words only."""
    words = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({words})", name=f"{column}_known")


def not_negative(*columns: str) -> list[CheckConstraint]:
    """Refuse amounts and counts below zero."""
    return [CheckConstraint(f"{name} >= 0", name=f"{name}_not_negative") for name in columns]


def three_letters(column: str = "currency") -> CheckConstraint:
    """Let a column be an ISO 4217 code."""
    return CheckConstraint(f"{column} ~ '^[A-Z]{{3}}$'", name=f"{column}_code")


def own_session(**options: Any) -> Column[Any]:
    """Return the column that ties a row to its session."""
    return Column("session_id", UUID, ForeignKey("booking_sessions.id"), **options)
