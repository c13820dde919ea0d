"""Every table in one `metadata`, for migrations and for comparing it with a database."""

from __future__ import annotations

from persistence.columns import metadata
from persistence.tables import (
    bookings,
    bulk,
    forgotten_claims,
    installation,
    outbox,
    rate_limits,
    retention,
    sessions,
    staff,
    supplier_calls,
    sync_runs,
)

__all__ = [
    "bookings",
    "bulk",
    "forgotten_claims",
    "installation",
    "metadata",
    "outbox",
    "rate_limits",
    "retention",
    "sessions",
    "staff",
    "supplier_calls",
    "sync_runs",
]
