"""Which tasks the team has been told of."""

from __future__ import annotations

from alembic import op

revision = "20261129_36"
down_revision = "20261129_35"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE staff_tasks ADD COLUMN told_at timestamptz, ADD COLUMN telling_until timestamptz"
    )
    op.execute(
        "CREATE INDEX ix_staff_tasks_untold ON staff_tasks (opened_at)"
        " WHERE told_at IS NULL AND closed_at IS NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_staff_tasks_untold")
    op.execute("ALTER TABLE staff_tasks DROP COLUMN told_at, DROP COLUMN telling_until")
