"""What a database is known by, and the claims of the journal that it has forgotten."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_14"
down_revision = "20261122_13"
branch_labels = None
depends_on = None

UP: Final = (
    "ALTER TABLE installation ADD COLUMN identity UUID",
    "ALTER TABLE installation ADD COLUMN bound_system BIGINT",
    "ALTER TABLE installation ADD COLUMN bound_database BIGINT",
    "ALTER TABLE installation ADD COLUMN bound_sessions BIGINT",
    "ALTER TABLE installation ADD COLUMN pruned_before timestamptz",
    """
    CREATE TABLE forgotten_claims (
        step_id UUID NOT NULL,
        session_id UUID NOT NULL,
        session_version INTEGER NOT NULL,
        journaled JSONB NOT NULL,
        facts JSONB NOT NULL,
        found_at timestamptz NOT NULL,
        entered_at timestamptz,
        entered_as TEXT,
        due_at timestamptz NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        closed_at timestamptz,
        closed_by TEXT,
        answer TEXT,
        claimed_account UUID,
        claimed_by TEXT,
        claimed_at timestamptz,
        CONSTRAINT pk_forgotten_claims PRIMARY KEY (step_id),
        CONSTRAINT ck_forgotten_claims_entered_as_known CHECK (entered_as IN ('step', 'conflict', 'task')),
        CONSTRAINT ck_forgotten_claims_entered_whole CHECK ((entered_at IS NULL) = (entered_as IS NULL)),
        CONSTRAINT ck_forgotten_claims_claim_whole CHECK ((claimed_account IS NULL) = (claimed_by IS NULL) AND (claimed_by IS NULL) = (claimed_at IS NULL)),
        CONSTRAINT ck_forgotten_claims_session_version_not_negative CHECK (session_version >= 0),
        CONSTRAINT ck_forgotten_claims_version_not_negative CHECK (version >= 0)
    )
    """,
    "CREATE INDEX ix_forgotten_claims_session_id ON forgotten_claims (session_id)",
    "CREATE INDEX ix_forgotten_claims_waiting ON forgotten_claims (found_at) WHERE entered_at IS NULL",
    """
    CREATE INDEX ix_forgotten_claims_open ON forgotten_claims (due_at, step_id) WHERE entered_as = 'task' AND closed_at IS NULL
    """,
)

DOWN: Final = (
    "DROP TABLE forgotten_claims",
    "ALTER TABLE installation DROP COLUMN pruned_before",
    "ALTER TABLE installation DROP COLUMN bound_sessions",
    "ALTER TABLE installation DROP COLUMN bound_database",
    "ALTER TABLE installation DROP COLUMN bound_system",
    "ALTER TABLE installation DROP COLUMN identity",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
