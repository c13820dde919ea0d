"""The desk: tasks that somebody works on, work on many sessions, and links that sign in once."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261122_08"
down_revision = "20261122_07"
branch_labels = None
depends_on = None

UP: Final = (
    """
    ALTER TABLE staff_tasks
        ADD COLUMN claimed_account UUID,
        ADD COLUMN claimed_by TEXT,
        ADD COLUMN claimed_at timestamptz,
        ADD CONSTRAINT ck_staff_tasks_claim_whole CHECK (
            (claimed_account IS NULL) = (claimed_by IS NULL)
            AND (claimed_by IS NULL) = (claimed_at IS NULL))
    """,
    """
    CREATE TABLE staff_links (
        token_hash BYTEA NOT NULL,
        account_id UUID NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        CONSTRAINT pk_staff_links PRIMARY KEY (token_hash),
        CONSTRAINT fk_staff_links_account_id_staff_accounts FOREIGN KEY (account_id)
            REFERENCES staff_accounts (id)
    )
    """,
    "CREATE INDEX ix_staff_links_account_id ON staff_links (account_id)",
    "CREATE INDEX ix_staff_links_expires_at ON staff_links (expires_at)",
    """
    CREATE TABLE bulk_runs (
        id UUID NOT NULL,
        action TEXT NOT NULL,
        account_id UUID NOT NULL,
        name TEXT NOT NULL,
        reason TEXT NOT NULL,
        request_id TEXT,
        started_at timestamptz NOT NULL,
        more BOOLEAN NOT NULL,
        CONSTRAINT pk_bulk_runs PRIMARY KEY (id),
        CONSTRAINT ck_bulk_runs_action_known CHECK (action IN ('reconcile', 'retry-undo'))
    )
    """,
    "CREATE INDEX ix_bulk_runs_started_at ON bulk_runs (started_at)",
    """
    CREATE TABLE bulk_items (
        run_id UUID NOT NULL,
        session_id UUID NOT NULL,
        status TEXT NOT NULL,
        note TEXT,
        fence INTEGER NOT NULL,
        lease_until timestamptz,
        ended_at timestamptz,
        CONSTRAINT pk_bulk_items PRIMARY KEY (run_id, session_id),
        CONSTRAINT fk_bulk_items_run_id_bulk_runs FOREIGN KEY (run_id) REFERENCES bulk_runs (id),
        CONSTRAINT fk_bulk_items_session_id_booking_sessions FOREIGN KEY (session_id)
            REFERENCES booking_sessions (id),
        CONSTRAINT ck_bulk_items_status_known CHECK (status IN ('waiting', 'done', 'failed')),
        CONSTRAINT ck_bulk_items_fence_not_negative CHECK (fence >= 0)
    )
    """,
    "CREATE INDEX ix_bulk_items_waiting ON bulk_items (run_id) WHERE status = 'waiting'",
    "CREATE INDEX ix_bulk_items_session_id ON bulk_items (session_id)",
)

DOWN: Final = (
    "DROP TABLE bulk_items",
    "DROP TABLE bulk_runs",
    "DROP TABLE staff_links",
    """
    ALTER TABLE staff_tasks
        DROP CONSTRAINT ck_staff_tasks_claim_whole,
        DROP COLUMN claimed_at,
        DROP COLUMN claimed_by,
        DROP COLUMN claimed_account
    """,
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
