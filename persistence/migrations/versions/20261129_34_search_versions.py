"""The hashes that sessions are found by carry a version; those that are there have the first."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_34"
down_revision = "20261129_33"
branch_labels = None
depends_on = None

statement_seconds: Final = 1800.0
"""The index holds every session until its hashes are made anew."""


def upgrade() -> None:
    op.execute("ALTER TABLE session_search ADD COLUMN version SMALLINT DEFAULT 1 NOT NULL")
    op.execute(
        """
        CREATE INDEX ix_session_search_older ON session_search (session_id) WHERE version = 1
        """
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_session_search_older")
    op.execute("ALTER TABLE session_search DROP COLUMN version")
