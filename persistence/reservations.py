"""Reservations that the database knows, to be compared with what the line has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text

from booking_flow.model.money import Money
from persistence.database import Database, fetch_all

# Bookings made since a moment, the oldest first.
SINCE: Final = text(
    """
    SELECT s.reference, b.line_id, b.reservation, b.status, b.total, b.currency
    FROM bookings b JOIN booking_sessions s ON s.id = b.session_id
    WHERE b.booked_at >= :since ORDER BY b.booked_at, b.session_id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReservation:
    """A reservation with what was agreed, nothing personal."""

    reference: str
    line_id: int
    reservation: str
    status: str
    total: Money


async def reservations_since(engine: Database, since: datetime) -> Sequence[StoredReservation]:
    """Return what was booked since a moment."""
    return [
        StoredReservation(
            reference=row.reference,
            line_id=row.line_id,
            reservation=row.reservation,
            status=row.status,
            total=Money(row.total, row.currency),
        )
        for row in await fetch_all(engine, SINCE, {"since": since})
    ]
