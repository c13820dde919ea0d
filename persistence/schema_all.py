"""Every table in one `metadata`, for migrations and for comparing it with a database."""

from __future__ import annotations

from persistence import (
    schema,
    schema_bookings,
    schema_calls,
    schema_caps,
    schema_desk,
    schema_forgotten,
    schema_identity,
    schema_outbox,
    schema_staff,
    schema_sync,
)
from persistence.columns import metadata

__all__ = [
    "metadata",
    "schema",
    "schema_bookings",
    "schema_calls",
    "schema_caps",
    "schema_desk",
    "schema_forgotten",
    "schema_identity",
    "schema_outbox",
    "schema_staff",
    "schema_sync",
]
