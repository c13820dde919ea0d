"""Refunds as negative entries, what the line keeps of a cancelled booking, and the task for it."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_43"
down_revision = "20261129_42"
branch_labels = None
depends_on = None

BEFORE: Final = (
    "'book_unknown', 'pay_unknown', 'price_mismatch', 'refund', 'cancel_with_line', 'conflict', "
    "'undo_stuck', 'payment_unchecked', 'sailing_mismatch', "
    "'pass_on_requests', 'correct_name', 'mail_undelivered', 'erasure_requested', 'collect_payment'"
)


def _only(kinds: str) -> str:
    return f"""
    ALTER TABLE staff_tasks
        DROP CONSTRAINT ck_staff_tasks_kind_known,
        ADD CONSTRAINT ck_staff_tasks_kind_known CHECK (kind IN ({kinds}))
    """


STATEMENTS: Final = (
    _only(f"{BEFORE}, 'cancellation_refund'"),
    "ALTER TABLE booking_payments DROP CONSTRAINT ck_booking_payments_amount_not_negative",
    """
    ALTER TABLE bookings ADD COLUMN kept NUMERIC(12, 2),
        ADD CONSTRAINT ck_bookings_kept_not_negative CHECK (kept >= 0)
    """,
)
DROPS: Final = (
    "ALTER TABLE bookings DROP COLUMN kept",
    "DELETE FROM booking_payments WHERE amount < 0",
    """
    ALTER TABLE booking_payments
        ADD CONSTRAINT ck_booking_payments_amount_not_negative CHECK (amount >= 0)
    """,
    "DELETE FROM staff_tasks WHERE kind = 'cancellation_refund'",
    _only(BEFORE),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for statement in DROPS:
        op.execute(statement)
