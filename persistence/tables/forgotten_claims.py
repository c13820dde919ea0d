"""The table of claims that the journal knows and the database has forgotten.

It refers to no session: those that are forgotten as a whole are what it is most needed for.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sqlalchemy import CheckConstraint, Column, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from persistence.columns import MOMENT, UUID, metadata, not_negative, one_of


class EnteredAs(StrEnum):
    """What became of a forgotten claim."""

    STEP = "step"
    """It is a step of its session again, whose outcome is found out like any other's."""
    CONFLICT = "conflict"
    """It does not fit its session, which is shut until staff have looked at both."""
    TASK = "task"
    """It stands for itself: its session is gone, or somebody has accepted that it is forgotten."""


forgotten_claims: Final = Table(
    "forgotten_claims",
    metadata,
    Column("step_id", UUID, primary_key=True),
    Column("session_id", UUID, nullable=False),
    Column("session_version", Integer, nullable=False),
    Column("journaled", JSONB, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("found_at", MOMENT, nullable=False),
    Column("entered_at", MOMENT),
    Column("entered_as", Text),
    Column("due_at", MOMENT, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("closed_at", MOMENT),
    Column("closed_by", Text),
    Column("answer", Text),
    Column("claimed_account", UUID),
    Column("claimed_by", Text),
    Column("claimed_at", MOMENT),
    one_of("entered_as", EnteredAs),
    CheckConstraint("(entered_at IS NULL) = (entered_as IS NULL)", name="entered_whole"),
    CheckConstraint(
        "(claimed_account IS NULL) = (claimed_by IS NULL)"
        " AND (claimed_by IS NULL) = (claimed_at IS NULL)",
        name="claim_whole",
    ),
    *not_negative("session_version", "version"),
    Index("ix_forgotten_claims_session_id", "session_id"),
    Index("ix_forgotten_claims_waiting", "found_at", postgresql_where=text("entered_at IS NULL")),
    Index(
        "ix_forgotten_claims_open",
        "due_at",
        "step_id",
        postgresql_where=text("entered_as = 'task' AND closed_at IS NULL"),
    ),
)
