"""The oldest program that may run on these tables, so that older ones know whether they may."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261122_13"
down_revision = "20261122_12"
branch_labels = None
depends_on = None

oldest_program: Final = "20261122_12"
"""The newest revision that a program must know to run on these tables."""


def upgrade() -> None:
    op.execute("ALTER TABLE installation ADD COLUMN oldest_program TEXT")


def downgrade() -> None:
    op.execute("ALTER TABLE installation DROP COLUMN oldest_program")
