"""What workers look for, and the versions by which answers to tasks compete."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261122_05"
down_revision = "20261122_04"
branch_labels = None
depends_on = None

UP: Final = (
    "ALTER TABLE staff_tasks ADD COLUMN version INTEGER DEFAULT 1 NOT NULL",
    "ALTER TABLE staff_tasks ADD COLUMN answer TEXT",
    "ALTER TABLE staff_tasks ADD CONSTRAINT ck_staff_tasks_version_not_negative CHECK (version >= 0)",
    "ALTER TABLE booking_sessions ADD COLUMN pay_by timestamptz",
    """
    UPDATE booking_sessions s SET pay_by = b.payment_due_at
    FROM bookings b WHERE b.session_id = s.id AND b.payment_due_at IS NOT NULL
    """,
    """
    CREATE INDEX ix_booking_sessions_unpaid ON booking_sessions (pay_by) WHERE state = 'booked' AND unwinding_since IS NULL
    """,
    """
    CREATE INDEX ix_booking_sessions_unwinding ON booking_sessions (unwinding_since) WHERE state = 'basketed' AND unwinding_since IS NOT NULL
    """,
    "UPDATE saga_steps SET next_attempt_at = booking_now() WHERE status = 'unknown'",
    """
    CREATE INDEX ix_saga_steps_unknown ON saga_steps (next_attempt_at) WHERE status = 'unknown'
    """,
)

DOWN: Final = (
    "DROP INDEX ix_saga_steps_unknown",
    "DROP INDEX ix_booking_sessions_unwinding",
    "DROP INDEX ix_booking_sessions_unpaid",
    "ALTER TABLE booking_sessions DROP COLUMN pay_by",
    "ALTER TABLE staff_tasks DROP COLUMN answer",
    "ALTER TABLE staff_tasks DROP COLUMN version",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
