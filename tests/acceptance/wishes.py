"""What guests wish for: the next step of a booking, or anything at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.acceptance.shopper import Wish
from tests.support.service import VISA, Guest, Headers, Json, Reply

RED: Final = "4000000000000002"
YELLOW: Final = "4000000000009995"
CHARGED_THOUGH_FAILED: Final = "4000000000005126"
NO_AUTHCODE: Final = "4000000000000341"
CARDS: Final = (VISA, None, RED, YELLOW, CHARGED_THOUGH_FAILED, NO_AUTHCODE)


async def open_session(guest: Guest, headers: Headers) -> Reply:
    return await guest.open(headers=headers)


async def price(guest: Guest, _: Headers) -> Reply:
    return await guest.price()


async def select(guest: Guest, headers: Headers) -> Reply:
    if not guest.cabins:
        return await guest.price()
    return await guest.select(headers=headers)


async def select_only(guest: Guest, headers: Headers) -> Reply:
    if not guest.cabins:
        return await guest.price()
    return await guest.select(headers=headers, addToBasket=False)


async def hold(guest: Guest, headers: Headers) -> Reply:
    return await guest.hold(headers=headers)


async def release(guest: Guest, _: Headers) -> Reply:
    return await guest.release()


async def cancel(guest: Guest, headers: Headers) -> Reply:
    return await guest.cancel(headers=headers)


async def look(guest: Guest, _: Headers) -> Reply:
    return await guest.look()


async def restart(guest: Guest, headers: Headers) -> Reply:
    reply = await guest.restart(headers=headers)
    if reply.status == 201:
        guest.session_id, guest.cabins = reply.body["sessionId"], []
    return reply


def book(card: str | None, known: str | None = None) -> Wish:
    """Wish to book, and with a card to pay the whole price at once."""

    async def wish(guest: Guest, headers: Headers) -> Reply:
        total = known or await _total(guest)
        payment = guest.payment(total, card=card) if card and total else None
        return await guest.book(guest.booking(payment=payment), headers=headers)

    return wish


def pay(card: str | None, known: str | None = None) -> Wish:
    """Wish to pay the whole price of what is booked."""

    async def wish(guest: Guest, headers: Headers) -> Reply:
        payment = guest.payment(known or await _total(guest) or "1.00", card=card or VISA)
        return await guest.pay(payment, headers=headers)

    return wish


async def _total(guest: Guest) -> str | None:
    body = (await guest.look()).body
    return body["price"]["total"] if body.get("price") else None


WISHES: Final[Mapping[str, Wish]] = {
    "open": open_session,
    "price": price,
    "select": select,
    "select only": select_only,
    "hold": hold,
    "release": release,
    "cancel": cancel,
    "look": look,
    "restart": restart,
    "book": book(None),
    "book and pay": book(VISA),
    "pay": pay(VISA),
}
_NEXT: Final[Mapping[str | None, Wish]] = {
    None: open_session,
    "created": price,
    "priced": select,
    "cabin_selected": hold,
    "paid": look,
    "expired": restart,
    "cancelled": restart,
}


def next_wish(seen: Json | None, *, card: str | None, card_with_booking: bool) -> Wish:
    """Return what a guest does next in a state; a card is for the step that takes it."""
    state = seen["state"] if seen else None
    total = seen["price"]["total"] if seen and seen["price"] else None
    if state == "basketed":
        return book(card if card_with_booking else None, total)
    return pay(card, total) if state == "booked" else _NEXT[state]
