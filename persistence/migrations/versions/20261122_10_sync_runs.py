"""Which syncs and imports brought sailings into the catalogue, and how far each came."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261122_10"
down_revision = "20261122_09"
branch_labels = None
depends_on = None

TABLES: Final = (
    """
    CREATE TABLE catalogue.sync_runs (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        kind TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        source TEXT NOT NULL,
        target TEXT NOT NULL,
        lines INTEGER[] NOT NULL,
        outcome TEXT NOT NULL,
        started_at timestamptz NOT NULL,
        touched_at timestamptz NOT NULL,
        ended_at timestamptz,
        reached TEXT,
        written BIGINT NOT NULL,
        refused BIGINT NOT NULL,
        report JSONB,
        CONSTRAINT pk_sync_runs PRIMARY KEY (id),
        CONSTRAINT ck_sync_runs_kind_known CHECK (kind IN ('sync', 'import')),
        CONSTRAINT ck_sync_runs_outcome_known
            CHECK (outcome IN ('running', 'done', 'failed', 'interrupted')),
        CONSTRAINT ck_sync_runs_written_not_negative CHECK (written >= 0),
        CONSTRAINT ck_sync_runs_refused_not_negative CHECK (refused >= 0)
    )
    """,
    "CREATE INDEX ix_sync_runs_started_at ON catalogue.sync_runs (started_at)",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE catalogue.sync_runs")
