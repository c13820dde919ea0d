"""Counts of what one caller does, so that holds and cards can be capped."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261122_04"
down_revision = "20261122_03"
branch_labels = None
depends_on = None

TABLES: Final = (
    """
    CREATE TABLE cap_holds (
        session_id UUID NOT NULL,
        address_hash BYTEA NOT NULL,
        cruise_id TEXT NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT pk_cap_holds PRIMARY KEY (session_id)
    )
    """,
    "CREATE INDEX ix_cap_holds_address_hash_cruise_id ON cap_holds (address_hash, cruise_id)",
    "CREATE INDEX ix_cap_holds_at ON cap_holds (at)",
    """
    CREATE TABLE cap_cards (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        session_id UUID NOT NULL,
        address_hash BYTEA NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT pk_cap_cards PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_cap_cards_session_id_at ON cap_cards (session_id, at)",
    "CREATE INDEX ix_cap_cards_address_hash_at ON cap_cards (address_hash, at)",
    "CREATE INDEX ix_cap_cards_at ON cap_cards (at)",
)

DROPS: Final = ("DROP TABLE cap_cards", "DROP TABLE cap_holds")


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    for statement in DROPS:
        op.execute(statement)
