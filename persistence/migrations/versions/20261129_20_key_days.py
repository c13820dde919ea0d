"""Keys of requests whose day is over go: their fingerprints were made with the card's number."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "20261129_20"
down_revision = "20261129_15"
branch_labels = None
depends_on = None

statement_seconds: Final = 3600.0
"""All the keys that were ever bound may still be there."""


def upgrade() -> None:
    op.execute("DELETE FROM idempotency_keys WHERE at <= booking_now() - interval '24 hours'")


def downgrade() -> None:
    """Nothing looks for a key whose day is over."""
