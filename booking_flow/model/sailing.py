"""A sailing: one ship leaving on one day, as the catalogue knows it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from booking_flow.errors import Refusal, RefusalCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Sailing:
    """A sailing; `cruise_id` is the supplier's `codetocruiseid`, a string on our side."""

    cruise_id: str
    name: str
    line_id: int
    line_name: str
    ship_id: int
    ship_name: str
    sailing_date: date
    nights: int
    ports: tuple[str, ...] = ()
    from_price: Decimal | None = None


def check_bookable(sailing: Sailing, *, today: date, live_lines: Collection[int]) -> Refusal | None:
    """Refuse a sailing of a line we do not sell live, or one that has left."""
    if sailing.line_id not in live_lines:
        return Refusal(
            code=RefusalCode.LINE_NOT_BOOKABLE,
            detail=f"{sailing.line_name} cannot be booked online.",
        )
    if sailing.sailing_date <= today:
        return Refusal(
            code=RefusalCode.SAILING_DEPARTED,
            detail=f"This sailing left on {sailing.sailing_date.isoformat()}.",
        )
    return None
