"""Evidence of supplier calls and the sums of it, as the newest migration leaves their tables."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, CheckConstraint, Column, Float, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from persistence.columns import MOMENT, UUID, metadata, own_session

supplier_calls: Final = Table(
    "supplier_calls",
    metadata,
    own_session(primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("step_id", UUID),
    Column("endpoint", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("offset_s", Float, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("http_status", Integer),
    Column("error_code", Integer),
    Column("request", JSONB, nullable=False),
    Column("response", JSONB),
    Index(
        "ix_supplier_calls_at",
        "at",
        postgresql_using="brin",
        postgresql_with={"autosummarize": "true"},
    ),
    Index(
        "ix_supplier_calls_failed",
        "endpoint",
        "at",
        postgresql_include=["outcome", "session_id"],
        postgresql_where=text("outcome <> 'ok'"),
    ),
    postgresql_with={"autovacuum_vacuum_insert_scale_factor": "0.01"},
)

calls_without_session: Final = Table(
    "calls_without_session",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("http_status", Integer),
    Column("error_code", Integer),
    Index("ix_calls_without_session_at", "at"),
)

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
