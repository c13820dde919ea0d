"""Staff: who they are, how they are signed in, what they did; and keys they search by."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261122_07"
down_revision = "20261122_06"
branch_labels = None
depends_on = None

UP: Final = (
    """
    CREATE TABLE staff_accounts (
        id UUID NOT NULL,
        email TEXT NOT NULL,
        name TEXT NOT NULL,
        role TEXT NOT NULL,
        password_hash TEXT NOT NULL,
        created_at timestamptz NOT NULL,
        disabled_at timestamptz,
        CONSTRAINT pk_staff_accounts PRIMARY KEY (id),
        CONSTRAINT uq_staff_accounts_email UNIQUE (email),
        CONSTRAINT ck_staff_accounts_role_known CHECK (role IN ('viewer', 'agent', 'supervisor')),
        CONSTRAINT ck_staff_accounts_email_folded CHECK (email = lower(email))
    )
    """,
    """
    CREATE TABLE staff_sessions (
        token_hash BYTEA NOT NULL,
        account_id UUID NOT NULL,
        created_at timestamptz NOT NULL,
        last_seen_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz,
        CONSTRAINT pk_staff_sessions PRIMARY KEY (token_hash),
        CONSTRAINT fk_staff_sessions_account_id_staff_accounts FOREIGN KEY (account_id)
            REFERENCES staff_accounts (id)
    )
    """,
    "CREATE INDEX ix_staff_sessions_account_id ON staff_sessions (account_id)",
    "CREATE INDEX ix_staff_sessions_expires_at ON staff_sessions (expires_at)",
    """
    CREATE TABLE staff_tokens (
        token_hash BYTEA NOT NULL,
        account_id UUID NOT NULL,
        created_at timestamptz NOT NULL,
        revoked_at timestamptz,
        CONSTRAINT pk_staff_tokens PRIMARY KEY (token_hash),
        CONSTRAINT fk_staff_tokens_account_id_staff_accounts FOREIGN KEY (account_id)
            REFERENCES staff_accounts (id)
    )
    """,
    "CREATE INDEX ix_staff_tokens_account_id ON staff_tokens (account_id)",
    """
    CREATE TABLE staff_attempts (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        email_hash BYTEA NOT NULL,
        address_hash BYTEA NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT pk_staff_attempts PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_staff_attempts_email_hash_at ON staff_attempts (email_hash, at)",
    "CREATE INDEX ix_staff_attempts_address_hash_at ON staff_attempts (address_hash, at)",
    "CREATE INDEX ix_staff_attempts_at ON staff_attempts (at)",
    """
    CREATE TABLE staff_audit (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        at timestamptz NOT NULL,
        account_id UUID,
        name TEXT NOT NULL,
        action TEXT NOT NULL,
        session_ids UUID[] NOT NULL,
        task_id UUID,
        reason TEXT,
        request_id TEXT,
        facts JSONB NOT NULL,
        CONSTRAINT pk_staff_audit PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_staff_audit_session_ids ON staff_audit USING gin (session_ids)",
    "CREATE INDEX ix_staff_audit_account_id ON staff_audit (account_id, id)",
    """
    CREATE TRIGGER staff_audit_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON staff_audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite()
    """,
    "CREATE INDEX ix_booking_sessions_created_at ON booking_sessions (created_at, id)",
    "CREATE INDEX ix_session_history_request_id ON session_history (request_id)",
    "CREATE INDEX ix_bookings_reservation ON bookings (reservation)",
)

DOWN: Final = (
    "DROP INDEX ix_bookings_reservation",
    "DROP INDEX ix_session_history_request_id",
    "DROP INDEX ix_booking_sessions_created_at",
    "DROP TABLE staff_audit",
    "DROP TABLE staff_attempts",
    "DROP TABLE staff_tokens",
    "DROP TABLE staff_sessions",
    "DROP TABLE staff_accounts",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
