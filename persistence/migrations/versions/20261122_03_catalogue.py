"""A catalogue of sailings, for the demo and for agencies without one."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261122_03"
down_revision = "20261122_02"
branch_labels = None
depends_on = None

TABLES: Final = (
    "CREATE SCHEMA catalogue",
    """
    CREATE TABLE catalogue.lines (
        line_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        CONSTRAINT pk_lines PRIMARY KEY (line_id)
    )
    """,
    """
    CREATE TABLE catalogue.ships (
        ship_id INTEGER NOT NULL,
        line_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        CONSTRAINT pk_ships PRIMARY KEY (ship_id),
        CONSTRAINT fk_ships_line_id_lines FOREIGN KEY(line_id) REFERENCES catalogue.lines (line_id)
    )
    """,
    """
    CREATE TABLE catalogue.sailings (
        cruise_id TEXT NOT NULL,
        name TEXT NOT NULL,
        line_id INTEGER NOT NULL,
        ship_id INTEGER NOT NULL,
        sailing_date DATE NOT NULL,
        nights INTEGER NOT NULL,
        ports TEXT[] NOT NULL,
        embark_port TEXT,
        from_price NUMERIC(12, 2),
        currency TEXT NOT NULL,
        active BOOLEAN NOT NULL,
        CONSTRAINT pk_sailings PRIMARY KEY (cruise_id),
        CONSTRAINT ck_sailings_currency_code CHECK (currency ~ '^[A-Z]{3}$'),
        CONSTRAINT ck_sailings_nights_not_negative CHECK (nights >= 0),
        CONSTRAINT ck_sailings_from_price_not_negative CHECK (from_price >= 0),
        CONSTRAINT fk_sailings_line_id_lines FOREIGN KEY(line_id) REFERENCES catalogue.lines (line_id),
        CONSTRAINT fk_sailings_ship_id_ships FOREIGN KEY(ship_id) REFERENCES catalogue.ships (ship_id)
    )
    """,
    """
    CREATE INDEX ix_sailings_coming ON catalogue.sailings (sailing_date, cruise_id) WHERE active
    """,
)

DROPS: Final = (
    "DROP TABLE catalogue.sailings",
    "DROP TABLE catalogue.ships",
    "DROP TABLE catalogue.lines",
    "DROP SCHEMA catalogue",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    for statement in DROPS:
        op.execute(statement)
