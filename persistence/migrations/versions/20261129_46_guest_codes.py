"""Codes that guests are mailed, to show that they read their mail."""

from __future__ import annotations

from alembic import op

revision = "20261129_46"
down_revision = "20261129_45"
branch_labels = None
depends_on = None

TABLE = """
    CREATE TABLE guest_codes (
        session_id UUID NOT NULL,
        code_hash BYTEA NOT NULL,
        expires_at timestamptz NOT NULL,
        tries INTEGER NOT NULL,
        used_at timestamptz,
        CONSTRAINT pk_guest_codes PRIMARY KEY (session_id),
        CONSTRAINT fk_guest_codes_session_id_booking_sessions FOREIGN KEY (session_id)
            REFERENCES booking_sessions (id),
        CONSTRAINT ck_guest_codes_tries_not_negative CHECK (tries >= 0)
    )
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute("CREATE INDEX ix_guest_codes_expires_at ON guest_codes (expires_at)")


def downgrade() -> None:
    op.execute("DROP TABLE guest_codes")
