"""The table of one row that says which world this database belongs to."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Table, Text

from persistence.columns import MOMENT, UUID, metadata, one_of
from persistence.environment_mark import AppEnv

installation: Final = Table(
    "installation",
    metadata,
    Column("one", Boolean, primary_key=True, autoincrement=False),
    Column("app_env", Text, nullable=False),
    Column("supplier_sid", Text),
    Column("marked_at", MOMENT, nullable=False),
    Column("oldest_program", Text),
    Column("identity", UUID),
    Column("bound_system", BigInteger),
    Column("bound_database", BigInteger),
    Column("bound_sessions", BigInteger),
    Column("pruned_before", MOMENT),
    CheckConstraint("one", name="one_row"),
    one_of("app_env", AppEnv),
)
