"""What is wrapped or hashed says by which key, and a key that is retired is used no more."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_50"
down_revision = "20261129_43"
branch_labels = None
depends_on = None

STATEMENTS: Final = (
    "ALTER TABLE session_keys ADD COLUMN master_id INTEGER",
    "ALTER TABLE session_search ADD COLUMN key_id INTEGER",
    "ALTER TABLE lookup_requests ADD COLUMN older_hashes BYTEA[]",
    """
    CREATE TABLE retired_keys (
        kind TEXT NOT NULL,
        key_id INTEGER NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT pk_retired_keys PRIMARY KEY (kind, key_id),
        CONSTRAINT ck_retired_keys_kind_known CHECK (kind IN ('master', 'search', 'hash'))
    )
    """,
    # A process that still has the old settings must not wrap what nobody could open later; for it
    # the database is away.
    """
    CREATE FUNCTION refuse_retired_master() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM retired_keys
                   WHERE kind = 'master' AND key_id = NEW.master_id) THEN
            RAISE EXCEPTION 'this master key is retired'
                USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER session_keys_retired BEFORE INSERT OR UPDATE ON session_keys
    FOR EACH ROW EXECUTE FUNCTION refuse_retired_master()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER session_keys_retired ON session_keys")
    op.execute("DROP FUNCTION refuse_retired_master()")
    op.execute("DROP TABLE retired_keys")
    op.execute("ALTER TABLE lookup_requests DROP COLUMN older_hashes")
    op.execute("ALTER TABLE session_search DROP COLUMN key_id")
    op.execute("ALTER TABLE session_keys DROP COLUMN master_id")
