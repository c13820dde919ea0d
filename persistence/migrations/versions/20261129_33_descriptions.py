"""What pages show of ships and sailings."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_33"
down_revision = "20261129_21"
branch_labels = None
depends_on = None

SHIPS: Final = {
    "description": "TEXT",
    "year_built": "INTEGER",
    "guest_capacity": "INTEGER",
    "deck_count": "INTEGER",
    "image_url": "TEXT",
    "images": "JSONB",
    "cabin_categories": "JSONB",
}
SAILINGS: Final = {
    "returns_on": "DATE",
    "image_url": "TEXT",
    "itinerary": "JSONB",
    "notices": "JSONB",
}


def upgrade() -> None:
    for table, columns in (("ships", SHIPS), ("sailings", SAILINGS)):
        added = ", ".join(f"ADD COLUMN {name} {kind}" for name, kind in columns.items())
        op.execute(f"ALTER TABLE catalogue.{table} {added}")


def downgrade() -> None:
    for table, columns in (("ships", SHIPS), ("sailings", SAILINGS)):
        dropped = ", ".join(f"DROP COLUMN {name}" for name in columns)
        op.execute(f"ALTER TABLE catalogue.{table} {dropped}")
