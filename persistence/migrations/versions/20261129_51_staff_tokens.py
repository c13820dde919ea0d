"""Tokens have numbers, names, a last use and an end; a sign-in says whether a link began it."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_51"
down_revision = "20261129_50"
branch_labels = None
depends_on = None

STATEMENTS: Final = (
    "ALTER TABLE staff_tokens ADD COLUMN id BIGINT GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE staff_tokens ADD CONSTRAINT uq_staff_tokens_id UNIQUE (id)",
    "ALTER TABLE staff_tokens ADD COLUMN name TEXT DEFAULT '' NOT NULL",
    "ALTER TABLE staff_tokens ADD COLUMN last_used_at timestamptz",
    "ALTER TABLE staff_tokens ADD COLUMN expires_at timestamptz",
    "ALTER TABLE staff_sessions ADD COLUMN by_link BOOLEAN DEFAULT false NOT NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE staff_sessions DROP COLUMN by_link")
    for column in ("expires_at", "last_used_at", "name", "id"):
        op.execute(f"ALTER TABLE staff_tokens DROP COLUMN {column}")
