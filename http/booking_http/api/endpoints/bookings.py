"""Booking and paying."""

from __future__ import annotations

from aiohttp import web

from booking_flow.engine import Answer, Command
from booking_http.api.attempt_limits import cap_cards
from booking_http.api.conversions import book_request_of, payment_of
from booking_http.api.guest_request import GuestRequest, authenticate, carry_out
from booking_http.api.requests import BookRequest, PaymentRequest
from booking_http.web.request_io import read_body


async def create_booking(request: web.Request) -> web.Response:
    """Book the held cabin, with a card in the same supplier call where one is given."""
    guest = await authenticate(request)
    return await book_held(guest, await read_body(request, BookRequest))


async def book_held(guest: GuestRequest, ask: BookRequest) -> web.Response:
    """Book the cabin that a guest holds."""
    wish = book_request_of(ask, currency=guest.loaded.session.currency)

    async def act(command: Command) -> Answer:
        if wish.payment is not None:
            await cap_cards(guest)
        return await guest.service.engine.book(guest.loaded, request=wish, command=command)

    return await carry_out(guest, act, ask=ask, success=201)


async def pay(request: web.Request) -> web.Response:
    """Pay what is due for a booked session."""
    guest = await authenticate(request)
    return await pay_booked(guest, await read_body(request, PaymentRequest))


async def pay_booked(guest: GuestRequest, ask: PaymentRequest) -> web.Response:
    """Pay what is due for what a guest has booked."""
    payment = payment_of(ask, currency=guest.loaded.session.currency)

    async def act(command: Command) -> Answer:
        await cap_cards(guest)
        return await guest.service.engine.pay(guest.loaded, payment=payment, command=command)

    return await carry_out(guest, act, ask=ask)
