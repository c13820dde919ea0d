"""Tasks and mails about what guests typed wrong, ask for, or cannot be mailed."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_45"
down_revision = "20261129_41"
branch_labels = None
depends_on = None

TASKS: Final = (
    "'book_unknown', 'pay_unknown', 'price_mismatch', 'refund', 'cancel_with_line', 'conflict', "
    "'undo_stuck', 'payment_unchecked', 'sailing_mismatch'"
)
NEW_TASKS: Final = "'pass_on_requests', 'correct_name', 'mail_undelivered', 'erasure_requested'"
MAILS: Final = "'event', 'confirmation', 'link'"
NEW_MAILS: Final = "'code', 'changed'"


def _only(table: str, kinds: str) -> str:
    return f"""
    ALTER TABLE {table}
        DROP CONSTRAINT ck_{table}_kind_known,
        ADD CONSTRAINT ck_{table}_kind_known CHECK (kind IN ({kinds}))
    """


def upgrade() -> None:
    op.execute(_only("staff_tasks", f"{TASKS}, {NEW_TASKS}"))
    op.execute(_only("outbox", f"{MAILS}, {NEW_MAILS}"))


def downgrade() -> None:
    op.execute(
        "DELETE FROM staff_tasks WHERE kind IN "
        "('pass_on_requests', 'correct_name', 'mail_undelivered', 'erasure_requested')"
    )
    op.execute("DELETE FROM outbox WHERE kind IN ('code', 'changed')")
    op.execute(_only("staff_tasks", TASKS))
    op.execute(_only("outbox", MAILS))
