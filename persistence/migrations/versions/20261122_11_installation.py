"""The mark by which a database says which world it belongs to."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261122_11"
down_revision = "20261122_10"
branch_labels = None
depends_on = None

TABLE: Final = """
    CREATE TABLE installation (
        one BOOLEAN NOT NULL,
        app_env TEXT NOT NULL,
        supplier_sid TEXT,
        marked_at timestamptz NOT NULL,
        CONSTRAINT pk_installation PRIMARY KEY (one),
        CONSTRAINT ck_installation_one_row CHECK (one),
        CONSTRAINT ck_installation_app_env_known CHECK (app_env IN ('development', 'staging', 'production'))
    )
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("DROP TABLE installation")
