"""The tables of work that staff have done to many sessions at once."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, text

from persistence.columns import MOMENT, UUID, metadata, not_negative, one_of, own_session


class BulkAction(StrEnum):
    """What can be done to many sessions at once."""

    RECONCILE = "reconcile"
    RETRY_UNDO = "retry-undo"


class BulkStatus(StrEnum):
    """How far one session of a run has come."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


bulk_runs: Final = Table(
    "bulk_runs",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("action", Text, nullable=False),
    Column("account_id", UUID, nullable=False),
    Column("name", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("request_id", Text),
    Column("started_at", MOMENT, nullable=False),
    Column("more", Boolean, nullable=False),
    one_of("action", BulkAction),
    Index("ix_bulk_runs_started_at", "started_at"),
)

bulk_items: Final = Table(
    "bulk_items",
    metadata,
    Column("run_id", UUID, ForeignKey("bulk_runs.id"), primary_key=True),
    own_session(primary_key=True),
    Column("status", Text, nullable=False),
    Column("note", Text),
    Column("fence", Integer, nullable=False),
    Column("lease_until", MOMENT),
    Column("ended_at", MOMENT),
    one_of("status", BulkStatus),
    *not_negative("fence"),
    Index("ix_bulk_items_waiting", "run_id", postgresql_where=text("status = 'waiting'")),
    Index("ix_bulk_items_session_id", "session_id"),
)
