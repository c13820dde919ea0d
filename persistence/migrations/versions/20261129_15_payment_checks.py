"""Tasks to compare a payment with what the line has received, and when that was last tried."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_15"
down_revision = "20261129_14"
branch_labels = None
depends_on = None

UP: Final = (
    """
    ALTER TABLE staff_tasks
        ADD COLUMN looked_at timestamptz,
        DROP CONSTRAINT ck_staff_tasks_kind_known,
        ADD CONSTRAINT ck_staff_tasks_kind_known CHECK (kind IN ('book_unknown', 'pay_unknown', 'price_mismatch', 'refund', 'cancel_with_line', 'conflict', 'undo_stuck', 'payment_unchecked'))
    """,
    """
    CREATE INDEX ix_staff_tasks_unchecked ON staff_tasks (looked_at) WHERE kind = 'payment_unchecked' AND closed_at IS NULL
    """,
)

DOWN: Final = (
    "DROP INDEX ix_staff_tasks_unchecked",
    "DELETE FROM staff_tasks WHERE kind = 'payment_unchecked'",
    """
    ALTER TABLE staff_tasks
        DROP COLUMN looked_at,
        DROP CONSTRAINT ck_staff_tasks_kind_known,
        ADD CONSTRAINT ck_staff_tasks_kind_known CHECK (kind IN ('book_unknown', 'pay_unknown', 'price_mismatch', 'refund', 'cancel_with_line', 'conflict', 'undo_stuck'))
    """,
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
