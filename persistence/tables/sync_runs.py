"""The table of runs that bring sailings into a catalogue."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sqlalchemy import ARRAY, BigInteger, Column, Identity, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from persistence.columns import MOMENT, metadata, not_negative, one_of


class RunKind(StrEnum):
    """Where a run takes its sailings from."""

    SYNC = "sync"
    """Another database."""
    IMPORT = "import"
    """The supplier's files."""


class RunOutcome(StrEnum):
    """How a run ended."""

    RUNNING = "running"
    """It has not, or it was killed: then nobody holds the catalogue's lock."""
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """Somebody stopped it."""


sync_runs: Final = Table(
    "sync_runs",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("lines", ARRAY(Integer), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("started_at", MOMENT, nullable=False),
    Column("touched_at", MOMENT, nullable=False),
    Column("ended_at", MOMENT),
    Column("reached", Text),
    Column("written", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("report", JSONB),
    one_of("kind", RunKind),
    one_of("outcome", RunOutcome),
    *not_negative("written", "refused"),
    Index("ix_sync_runs_started_at", "started_at"),
    schema="catalogue",
)
