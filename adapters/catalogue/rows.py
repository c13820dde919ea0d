"""Rows of a catalogue as sailings, and as places from which a page goes on."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from decimal import Decimal

from asyncpg import Record

from adapters.catalogue import values
from adapters.catalogue.values import Unreadable, needed
from booking_flow.model.sailing import Sailing


class BadCursor(ValueError):  # noqa: N818 - names what was given
    """The cursor was not given by a page."""


def sailing_of(row: Record, *, currency: str) -> Sailing | None:
    """Read a row; one without a value that every booking needs is not on sale."""
    try:
        nights = needed(values.number(row["nights"]))
        ship_name = needed(values.words(row["ship_name"]))
        return Sailing(
            cruise_id=needed(values.identifier(row["cruise_id"])),
            name=values.words(row["name"]) or f"{nights} nights on {ship_name}",
            line_id=needed(values.number(row["line_id"])),
            line_name=needed(values.words(row["line_name"])),
            ship_id=needed(values.number(row["ship_id"])),
            ship_name=ship_name,
            sailing_date=needed(values.day(row["sailing_date"])),
            nights=nights,
            ports=values.names(row["ports"]),
            from_price=_price(row, currency),
        )
    except Unreadable:
        return None


def _price(row: Record, currency: str) -> Decimal | None:
    """Read the lead-in price, unless it is in another currency than everything else we show."""
    theirs = values.words(row["currency"])
    return values.money(row["from_price"]) if theirs in {None, currency} else None


def cursor_after(last: Record) -> str:
    """Return the cursor of the page that begins after a row."""
    place = f"{last['place_day']} {last['place_id']}"
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


def place_of(cursor: str) -> tuple[str, str]:
    """Return the day and the identifier after which a page begins.

    Raises:
        BadCursor: it names none.
    """
    try:
        place = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        day, cruise_id = place.split(" ", 1)
    except ValueError as error:
        raise BadCursor from error
    return day, cruise_id
