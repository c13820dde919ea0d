"""Guests who are mailed once their line answers again."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261130_66"
down_revision = "20261129_58"
branch_labels = None
depends_on = None

KINDS: Final = "'event', 'confirmation', 'link', 'code', 'changed', 'reminder', 'task'"
TABLE: Final = """
    CREATE TABLE line_notices (
        session_id UUID NOT NULL,
        sealed BYTEA NOT NULL,
        asked_at timestamptz NOT NULL,
        next_look_at timestamptz NOT NULL,
        looks INTEGER NOT NULL,
        answered BOOLEAN,
        settled_at timestamptz,
        token_hash BYTEA,
        CONSTRAINT pk_line_notices PRIMARY KEY (session_id),
        CONSTRAINT fk_line_notices_session_id_booking_sessions FOREIGN KEY (session_id)
            REFERENCES booking_sessions (id),
        CONSTRAINT ck_line_notices_looks_not_negative CHECK (looks >= 0)
    )
"""


def _only(kinds: str) -> str:
    return f"""
    ALTER TABLE outbox
        DROP CONSTRAINT ck_outbox_kind_known,
        ADD CONSTRAINT ck_outbox_kind_known CHECK (kind IN ({kinds}))
    """


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(
        "CREATE INDEX ix_line_notices_due ON line_notices (next_look_at) WHERE settled_at IS NULL"
    )
    op.execute("CREATE UNIQUE INDEX ix_line_notices_token_hash ON line_notices (token_hash)")
    op.execute("CREATE INDEX ix_line_notices_asked_at ON line_notices (asked_at)")
    op.execute(_only(f"{KINDS}, 'line'"))


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE kind = 'line'")
    op.execute(_only(KINDS))
    op.execute("DROP TABLE line_notices")
