"""Reading search, import and ship answers (traveltek.md, sections 3 and 8)."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace

from adapters.traveltek.parse_book import means_booked
from adapters.traveltek.parse_envelope import Envelope
from adapters.traveltek.parse_prices import add_up, decks, image, price_item
from adapters.traveltek.parse_statement import state_sailing
from adapters.traveltek.parse_values import (
    Node,
    OtherCurrency,
    Unreadable,
    amount,
    currency_code,
    day,
    first,
    flag,
    money,
    node,
    nodes,
    required,
    text,
    whole,
)
from adapters.traveltek.settings import TraveltekSettings
from booking_flow.model.money import Money
from booking_flow.supplier import ImportedBooking, SearchHit, Ship


def read_search(answer: Envelope, *, cruise_id: str) -> SearchHit | None:
    """Find one sailing in a search and take the session it opened."""
    row = _sailing(answer.without_errors().results, cruise_id)
    if row is None:
        return None
    key = text(answer.criteria.get("sessionkey")) or text(answer.meta.get("sessionkey"))
    return SearchHit(
        session_key=required(key, "sessionkey"),
        line_id=required(_line_id(row), "line id"),
        sold_out=bool(flag(row.get("soldout"))),
        stated=state_sailing(row, currency=answer.currency),
    )


def _sailing(rows: tuple[Node, ...], cruise_id: str) -> Node | None:
    """Return the row of this sailing; a single row that does not say which is taken for it."""
    unnamed = len(rows) == 1 and text(rows[0].get("codetocruiseid")) is None
    wanted = (row for row in rows if text(row.get("codetocruiseid")) == cruise_id)
    return rows[0] if unnamed else next(wanted, None)


def _line_id(row: Node) -> int | None:
    return whole(node(row.get("line")).get("id")) or whole(row.get("lineid"))


def read_import(
    answer: Envelope, *, reservation: str, currency: str, settings: TraveltekSettings
) -> ImportedBooking | None:
    """Read a booking at the line; None when the line does not know the reservation."""
    unknown = settings.unknown_booking_words
    if any(re.search(unknown, error.text, re.IGNORECASE) for error in answer.errors):
        return None
    result = answer.without_errors().result
    details = node(result.get("bookingdetails"))
    item = node(result.get("cruiseitem")) or _booked_cruise(details, reservation)
    if not item:
        return None
    currency = _imported_currency(answer, item, currency)
    paid = node(item.get("paymentinfo")) or node(details.get("paymentinfo"))
    travellers = nodes(result.get("passengers")) or nodes(details.get("passengers"))
    words = [said for level in (item, details, result) if (said := text(level.get("status")))]
    return ImportedBooking(
        reservation=text(item.get("reservation")) or reservation,
        status=", ".join(dict.fromkeys(words)),
        booked=all(means_booked(word, settings) for word in words),
        cruise_id=text(item.get("codetocruiseid")) or "",
        sailing_date=day(item.get("startdate")) or day(item.get("saildate")),
        grade_code=_grade_code(item),
        price=money(item.get("price"), currency) or money(details.get("totalprice"), currency),
        breakdown=_breakdown(item, currency),
        received=money(paid.get("receivedtotal"), currency),
        commission=_commission((result, details, item), currency),
        booked_on=day(result.get("bookingdate")) or day(item.get("bookingdate")),
        lead_surname=_lead_surname(travellers),
        passengers=len(travellers),
        stated=replace(state_sailing(item, travellers=travellers), cabin_code=None),
        own_reference=next(
            (ref for level in (result, details, item) if (ref := text(level.get("internalref")))),
            None,
        ),
    )


def _booked_cruise(details: Node, reservation: str) -> Node:
    """Return the cruise of the second shape of this answer (traveltek.md, section 8)."""
    rows = nodes(details.get("bookingitems"))
    cruises = [cruise for row in rows if (cruise := node(row.get("cruisedetail")))]
    named = [cruise for cruise in cruises if text(cruise.get("reservation")) == reservation]
    return (named or cruises or [{}])[0]


def _breakdown(item: Node, currency: str) -> Money | None:
    """Add up the price items, each a price times a quantity or a cost of its own."""
    with suppress(Unreadable):
        rows = nodes(item.get("breakdown"))
        return add_up((_cost(row, currency) for row in rows), currency) if rows else None
    return None


def _cost(row: Node, currency: str) -> Money:
    each, quantity = amount(row.get("itemprice")), amount(row.get("quantity"))
    if each is not None and quantity is not None:
        return Money(each * quantity, currency)
    return price_item(row, currency).amount


def _commission(levels: tuple[Node, ...], currency: str) -> Money | None:
    """Return the commission, a number or an object with an amount."""
    for level in levels:
        told = level.get("commission")
        found = money(told, currency) or money(node(told).get("amount"), currency)
        if found is not None:
            return found
    return None


def _imported_currency(answer: Envelope, item: Node, asked: str) -> str:
    if currency := currency_code(item.get("currency")):
        if currency != asked:
            raise OtherCurrency
        return currency
    return answer.priced_in(asked)


def _grade_code(item: Node) -> str | None:
    cabin = node(item.get("cabin"))
    return first(cabin, "cabingrade", "cabincode") or first(
        item, "berthedcategorycode", "cabincode"
    )


def _lead_surname(travellers: list[Node]) -> str | None:
    lead = sorted(travellers, key=lambda each: whole(each.get("paxno")) or len(travellers) + 1)
    return text(lead[0].get("lastname")) if lead else None


def read_ship(answer: Envelope, *, ship_id: int) -> Ship:
    """Read a ship with its deck plans."""
    result = answer.without_errors().result
    about = node(result.get("ship")) or result
    return Ship(
        ship_id=ship_id,
        name=required(first(about, "name", "shipname"), "ship name"),
        decks=decks(result) or decks(about) or decks(answer.meta),
        image_url=image(about.get("imageurl")),
    )
