"""Keys of requests are found by their age, so that they can be dropped when their day is over."""

from __future__ import annotations

from alembic import op

revision = "20261129_21"
down_revision = "20261129_20"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_idempotency_keys_at ON idempotency_keys (at)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_idempotency_keys_at")
