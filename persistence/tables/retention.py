"""The tables of what has gone since it was old enough, and of how far that has come."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Table

from persistence.columns import MOMENT, UUID, metadata

pruned_sessions: Final = Table(
    "pruned_sessions",
    metadata,
    Column("session_id", UUID, primary_key=True),
    Column("at", MOMENT, nullable=False),
)
"""Ids of sessions that are gone, so that the journal of claims is not told that they were lost."""

retention_progress: Final = Table(
    "retention_progress",
    metadata,
    Column("singleton", Boolean, CheckConstraint("singleton", name="one_row"), primary_key=True),
    Column("position", UUID, nullable=False),
    Column("began_at", MOMENT, nullable=False),
    Column("ended_at", MOMENT),
    Column("stepped_at", MOMENT, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("sessions", BigInteger, nullable=False),
    Column("evidence", BigInteger, nullable=False),
    Column("quotes", BigInteger, nullable=False),
)
