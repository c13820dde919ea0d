"""What is to be sent once a commit is made, and links for guests who ask for their booking."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261122_06"
down_revision = "20261122_05"
branch_labels = None
depends_on = None

TABLES: Final = (
    """
    CREATE TABLE outbox (
        session_id UUID NOT NULL,
        channel TEXT NOT NULL,
        seq INTEGER NOT NULL,
        kind TEXT NOT NULL,
        created_at timestamptz NOT NULL,
        next_attempt_at timestamptz NOT NULL,
        attempts INTEGER NOT NULL,
        fence INTEGER NOT NULL,
        delivered_at timestamptz,
        dead_at timestamptz,
        last_error TEXT,
        CONSTRAINT pk_outbox PRIMARY KEY (session_id, channel, seq),
        CONSTRAINT fk_outbox_session_id_booking_sessions FOREIGN KEY (session_id)
            REFERENCES booking_sessions (id),
        CONSTRAINT ck_outbox_kind_known CHECK (kind IN ('event', 'confirmation', 'link')),
        CONSTRAINT ck_outbox_attempts_not_negative CHECK (attempts >= 0),
        CONSTRAINT ck_outbox_fence_not_negative CHECK (fence >= 0)
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE INDEX ix_outbox_due ON outbox (channel, next_attempt_at)
    WHERE delivered_at IS NULL AND dead_at IS NULL
    """,
    """
    CREATE INDEX ix_outbox_waiting ON outbox (session_id, channel, seq)
    WHERE delivered_at IS NULL AND dead_at IS NULL
    """,
    "CREATE INDEX ix_outbox_dead ON outbox (dead_at) WHERE dead_at IS NOT NULL",
    "CREATE INDEX ix_outbox_delivered_at ON outbox (delivered_at)",
    """
    CREATE TABLE lookup_requests (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        address_hash BYTEA NOT NULL,
        reference TEXT NOT NULL,
        email_hash BYTEA NOT NULL,
        at timestamptz NOT NULL,
        handled_at timestamptz,
        CONSTRAINT pk_lookup_requests PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_lookup_requests_address_hash_at ON lookup_requests (address_hash, at)",
    "CREATE INDEX ix_lookup_requests_open ON lookup_requests (id) WHERE handled_at IS NULL",
    "CREATE INDEX ix_lookup_requests_at ON lookup_requests (at)",
    """
    CREATE TABLE lookup_links (
        token_hash BYTEA NOT NULL,
        session_id UUID NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        CONSTRAINT pk_lookup_links PRIMARY KEY (token_hash),
        CONSTRAINT fk_lookup_links_session_id_booking_sessions FOREIGN KEY (session_id)
            REFERENCES booking_sessions (id)
    )
    """,
    "CREATE INDEX ix_lookup_links_expires_at ON lookup_links (expires_at)",
)

DROPS: Final = ("DROP TABLE lookup_links", "DROP TABLE lookup_requests", "DROP TABLE outbox")


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    for statement in DROPS:
        op.execute(statement)
