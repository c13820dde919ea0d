"""Supplier calls after which no session began, so that an outage is counted from its first call."""

from __future__ import annotations

from alembic import op

revision = "20261129_35"
down_revision = "20261129_34"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE calls_without_session (
            id uuid NOT NULL,
            endpoint text NOT NULL,
            at timestamptz NOT NULL,
            duration_s double precision NOT NULL,
            outcome text NOT NULL,
            http_status integer,
            error_code integer,
            CONSTRAINT pk_calls_without_session PRIMARY KEY (id)
        )
        """
    )
    op.execute("CREATE INDEX ix_calls_without_session_at ON calls_without_session (at)")


def downgrade() -> None:
    op.execute("DROP TABLE calls_without_session")
