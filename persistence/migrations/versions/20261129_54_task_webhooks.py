"""Which tasks a webhook of the team was told of."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_54"
down_revision = "20261129_53"
branch_labels = None
depends_on = None

KINDS: Final = "'event', 'confirmation', 'link', 'code', 'changed', 'reminder'"


def _only(kinds: str) -> str:
    return f"""
    ALTER TABLE outbox
        DROP CONSTRAINT ck_outbox_kind_known,
        ADD CONSTRAINT ck_outbox_kind_known CHECK (kind IN ({kinds}))
    """


def upgrade() -> None:
    op.execute("ALTER TABLE outbox ADD COLUMN task_id UUID")
    op.execute(_only(f"{KINDS}, 'task'"))
    op.execute("ALTER TABLE staff_tasks ADD COLUMN announced_at timestamptz")
    op.execute(
        "CREATE INDEX ix_staff_tasks_unannounced ON staff_tasks (opened_at)"
        " WHERE announced_at IS NULL AND closed_at IS NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_staff_tasks_unannounced")
    op.execute("ALTER TABLE staff_tasks DROP COLUMN announced_at")
    op.execute("DELETE FROM outbox WHERE kind = 'task'")
    op.execute(_only(KINDS))
    op.execute("ALTER TABLE outbox DROP COLUMN task_id")
