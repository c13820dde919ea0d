"""Reading the basket: basketadd, basket and basketremove answer alike (traveltek.md, section 6)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from adapters.traveltek.parse_envelope import Envelope
from adapters.traveltek.parse_prices import add_up, currencies, price_item
from adapters.traveltek.parse_statement import state_sailing
from adapters.traveltek.parse_values import (
    Node,
    OtherCurrency,
    Unreadable,
    first,
    flag,
    moment,
    money,
    node,
    nodes,
    required,
    side_nodes,
    text,
)
from booking_flow.model.basket import BasketAnswer, BasketItem, DiningSeating
from booking_flow.model.money import Money
from booking_flow.model.pricing import GUARANTEE, PriceItem


def read_basket(answer: Envelope, *, currency: str) -> BasketAnswer:
    """Read a basket in the currency asked for, and refuse one in another."""
    found = read_changed_basket(answer, currency=currency)
    if found.total.currency != currency:
        raise OtherCurrency
    return found


def read_added(answer: Envelope, *, currency: str) -> BasketAnswer:
    """Read the basket after an add; errors beside a basket item tell nothing for sure."""
    if answer.errors and _rows(answer):
        raise Unreadable("errors together with a basket item")
    return read_changed_basket(answer, currency=currency)


def read_changed_basket(answer: Envelope, *, currency: str) -> BasketAnswer:
    """Read a basket in whatever currency it is in: the item is held all the same."""
    rows = _rows(answer.without_errors())
    currency = _currency(answer, rows, currency)
    items = tuple(_item(row, answer.result, currency, alone=len(rows) == 1) for row in rows)
    total = money(answer.result.get("totalprice"), currency)
    deposit = money(answer.result.get("totaldeposit"), currency)
    return BasketAnswer(
        items=items,
        total=total or add_up((item.price for item in items), currency),
        deposit=deposit or add_up((), currency),
    )


def _rows(answer: Envelope) -> list[Node]:
    return [row for result in answer.results for row in nodes(result.get("basketitems"))]


def _currency(answer: Envelope, rows: list[Node], asked: str) -> str:
    """Return the currency the prices are in: what their rows say, else the envelope."""
    if not rows:
        return asked
    stated = [code for row in rows for line in _lines(row) for code in currencies(line)]
    if stated:
        return next((code for code in stated if code != asked), asked)
    return answer.currency or asked


def _lines(row: Node) -> list[Node]:
    cruise = node(row.get("cruisedetail"))
    return nodes(cruise.get("perperson")) or nodes(cruise.get("breakdown"))


def _item(row: Node, basket: Node, currency: str, *, alone: bool) -> BasketItem:
    """Read one item; `searchprice` and the cruise's own price are never this cabin's."""
    cruise = node(row.get("cruisedetail"))
    cabin = node(cruise.get("cabin"))
    items = _price_items(cruise, currency)
    return BasketItem(
        item_key=required(text(row.get("itemkey")), "itemkey"),
        cabin_number=_cabin_number(cabin),
        payable_online=(text(row.get("paymentoption")) or "").lower() == "online",
        price=_price(row, basket if alone else {}, items, currency),
        items=items,
        dining=_dining(node(cruise.get("dining"))),
        hold_length=_hold_length(node(cabin.get("holdcabin"))),
        stated=replace(state_sailing(cruise, row), cabin_number=None),
    )


def _price_items(cruise: Node, currency: str) -> tuple[PriceItem, ...]:
    """Return the lines per guest, or those of the breakdown; never half of either."""
    for key in ("perperson", "breakdown"):
        with suppress(Unreadable):
            items = tuple(price_item(line, currency) for line in nodes(cruise.get(key)))
            if items:
                return items
    return ()


def _cabin_number(cabin: Node) -> str:
    number = text(cabin.get("cabinno"))
    return number or ("" if flag(cabin.get("guaranteed")) is False else GUARANTEE)


def _price(row: Node, basket: Node, items: tuple[PriceItem, ...], currency: str) -> Money:
    stated = money(row.get("price"), currency) or money(basket.get("totalprice"), currency)
    if stated is None and items:
        return add_up((item.amount for item in items), currency)
    return required(stated, "price")


def _dining(dining: Node) -> tuple[DiningSeating, ...]:
    """Return the seatings that can still be had; one without a status can."""
    return tuple(
        DiningSeating(code=code, description=first(row, "description") or code)
        for row in side_nodes(dining.get("seatings"))
        if (code := text(row.get("code")))
        and (text(row.get("status")) or "available").lower() == "available"
    )


def _hold_length(hold: Node) -> timedelta | None:
    """Subtract two times of one unknown zone, so that the zone drops out."""
    held, released = moment(hold.get("holdtime")), moment(hold.get("releasetime"))
    if held is None or released is None:
        return None
    length = released.replace(tzinfo=None) - held.replace(tzinfo=None)
    return length if length > timedelta() else None
