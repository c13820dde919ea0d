"""Lines of the audit are sealed in a chain, so that a change behind our back is found."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_53"
down_revision = "20261129_52"
branch_labels = None
depends_on = None

STATEMENTS: Final = (
    """
    CREATE TABLE audit_seals (
        number BIGINT NOT NULL,
        last_id BIGINT NOT NULL,
        lines INTEGER NOT NULL,
        reasons BYTEA[] NOT NULL,
        digest BYTEA NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT pk_audit_seals PRIMARY KEY (number),
        CONSTRAINT ck_audit_seals_lines_not_negative CHECK (lines >= 0)
    )
    """,
    """
    CREATE TRIGGER audit_seals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE audit_seals")
