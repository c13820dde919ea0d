"""Rows of a catalogue as sailings, and as places from which a page goes on."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from decimal import Decimal
from typing import Any

from asyncpg import Record

from adapters.catalogue import documents, values
from adapters.catalogue.descriptions import ListedSailing, SailingDetails
from adapters.catalogue.search_statements import PagePlace, SortKey
from adapters.catalogue.values import UnreadableValue, needed
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
    except UnreadableValue:
        return None


def _price(row: Record, currency: str) -> Decimal | None:
    """Read the lead-in price, unless it is in another currency than everything else we show."""
    theirs = values.words(row["currency"])
    return values.money(row["from_price"]) if theirs in {None, currency} else None


def listed_of(row: Record, *, currency: str) -> ListedSailing | None:
    """Read a row of a page."""
    sailing = sailing_of(row, currency=currency)
    return None if sailing is None else ListedSailing(sailing=sailing, **_shown(sailing, row))


def details_of(row: Record, *, currency: str) -> SailingDetails | None:
    """Read a row with all that describes the sailing."""
    sailing = sailing_of(row, currency=currency)
    if sailing is None:
        return None
    return SailingDetails(
        sailing=sailing,
        **_shown(sailing, row),
        itinerary=documents.stops(row["itinerary"]),
        notices=documents.notices(row["notices"]),
        ship_image_url=values.words(row["ship_image_url"]),
        ship_description=values.words(row["ship_description"]),
        year_built=values.number(row["year_built"]),
        guest_capacity=values.number(row["guest_capacity"]),
        deck_count=values.number(row["deck_count"]),
        images=documents.pictures(row["images"]),
        cabin_categories=documents.cabin_categories(row["cabin_categories"]),
    )


def _shown(sailing: Sailing, row: Record) -> dict[str, Any]:
    nights = timedelta(days=sailing.nights)
    return {
        "embark_port": values.words(row["embark_port"]) or next(iter(sailing.ports), None),
        "returns_on": values.day(row["returns_on"]) or sailing.sailing_date + nights,
        "image_url": values.words(row["image_url"]) or values.words(row["ship_image_url"]),
    }


def cursor_after(last: Record, *, sort: SortKey) -> str:
    """Return the cursor of the page that begins after a row."""
    place = f"{sort} {last['place_key']} {last['place_day']} {last['place_id']}"
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


def place_of(cursor: str) -> PagePlace:
    """Return the row after which a page begins.

    Raises:
        BadCursor: it names none.
    """
    try:
        place = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        sort, key, day, cruise_id = place.split(" ", 3)
        return PagePlace(sort=SortKey(sort), key=key, day=day, cruise_id=cruise_id)
    except ValueError as error:
        raise BadCursor from error
