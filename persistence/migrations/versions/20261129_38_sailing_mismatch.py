"""Tasks for an answer of the line that is about something else than was asked for."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_38"
down_revision = "20261129_37"
branch_labels = None
depends_on = None

BEFORE: Final = (
    "'book_unknown', 'pay_unknown', 'price_mismatch', 'refund', 'cancel_with_line', 'conflict', "
    "'undo_stuck', 'payment_unchecked'"
)


def _only(kinds: str) -> str:
    return f"""
    ALTER TABLE staff_tasks
        DROP CONSTRAINT ck_staff_tasks_kind_known,
        ADD CONSTRAINT ck_staff_tasks_kind_known CHECK (kind IN ({kinds}))
    """


def upgrade() -> None:
    op.execute(_only(f"{BEFORE}, 'sailing_mismatch'"))


def downgrade() -> None:
    op.execute("DELETE FROM staff_tasks WHERE kind = 'sailing_mismatch'")
    op.execute(_only(BEFORE))
