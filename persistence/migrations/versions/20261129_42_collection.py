"""Collecting what a booking owes: the deadline of our own, and the task."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_42"
down_revision = "20261129_46"
branch_labels = None
depends_on = None

BEFORE: Final = (
    "'book_unknown', 'pay_unknown', 'price_mismatch', 'refund', 'cancel_with_line', 'conflict', "
    "'undo_stuck', 'payment_unchecked', 'sailing_mismatch', "
    "'pass_on_requests', 'correct_name', 'mail_undelivered', 'erasure_requested'"
)


def _only(kinds: str) -> str:
    return f"""
    ALTER TABLE staff_tasks
        DROP CONSTRAINT ck_staff_tasks_kind_known,
        ADD CONSTRAINT ck_staff_tasks_kind_known CHECK (kind IN ({kinds}))
    """


STATEMENTS: Final = (
    _only(f"{BEFORE}, 'collect_payment'"),
    """
    CREATE UNIQUE INDEX uq_staff_tasks_collecting ON staff_tasks (session_id)
        WHERE kind = 'collect_payment' AND closed_at IS NULL
    """,
    "ALTER TABLE bookings ADD COLUMN collect_by timestamptz",
)
DROPS: Final = (
    "ALTER TABLE bookings DROP COLUMN collect_by",
    "DROP INDEX uq_staff_tasks_collecting",
    "DELETE FROM staff_tasks WHERE kind = 'collect_payment'",
    _only(BEFORE),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for statement in DROPS:
        op.execute(statement)
