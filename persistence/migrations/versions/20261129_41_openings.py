"""Counts of sessions that one caller opens."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_41"
down_revision = "20261129_38"
branch_labels = None
depends_on = None

STATEMENTS: Final = (
    """
    CREATE TABLE cap_openings (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        address_hash BYTEA NOT NULL,
        unknown_proxy BOOLEAN NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT pk_cap_openings PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_cap_openings_address_hash_at ON cap_openings (address_hash, at)",
    "CREATE INDEX ix_cap_openings_at ON cap_openings (at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE cap_openings")
