"""Staff have a second factor; a sign-in says whether it was given; keys have a first day."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_58"
down_revision = "20261129_54"
branch_labels = None
depends_on = None

STATEMENTS: Final = (
    """
    CREATE TABLE staff_second_factors (
        account_id UUID NOT NULL,
        wrapped_key BYTEA NOT NULL,
        master_id INTEGER NOT NULL,
        secret_ciphertext BYTEA NOT NULL,
        last_step BIGINT NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT pk_staff_second_factors PRIMARY KEY (account_id),
        CONSTRAINT fk_staff_second_factors_account_id_staff_accounts
            FOREIGN KEY (account_id) REFERENCES staff_accounts (id)
    )
    """,
    "ALTER TABLE staff_sessions ADD COLUMN second_factor BOOLEAN DEFAULT false NOT NULL",
    """
    CREATE TABLE key_days (
        kind TEXT NOT NULL,
        key_id INTEGER NOT NULL,
        first_used_at timestamptz NOT NULL,
        CONSTRAINT pk_key_days PRIMARY KEY (kind, key_id),
        CONSTRAINT ck_key_days_kind_known CHECK (kind IN ('master', 'search', 'hash'))
    )
    """,
    """
    CREATE TRIGGER staff_second_factors_retired BEFORE INSERT OR UPDATE ON staff_second_factors
    FOR EACH ROW EXECUTE FUNCTION refuse_retired_master()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE key_days")
    op.execute("ALTER TABLE staff_sessions DROP COLUMN second_factor")
    op.execute("DROP TABLE staff_second_factors")
