"""The tables of what is counted once and not again, as the newest migration leaves them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, CheckConstraint, Column, Float, Integer, Table, Text

from persistence.columns import MOMENT, metadata

supplier_call_sums: Final = Table(
    "supplier_call_sums",
    metadata,
    Column("hour", MOMENT, primary_key=True),
    Column("endpoint", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("slowest", Float, nullable=False),
)

supplier_calls_summed: Final = Table(
    "supplier_calls_summed",
    metadata,
    Column("singleton", Boolean, CheckConstraint("singleton", name="one_row"), primary_key=True),
    Column("until", MOMENT, nullable=False),
)
