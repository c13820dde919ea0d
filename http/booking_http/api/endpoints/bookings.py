"""Booking and paying."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from booking_flow.engine import Command
from booking_flow.model.card import PaymentType
from booking_flow.model.session import Loaded
from booking_http.api.attempt_limits import cap_cards
from booking_http.api.conversions import booking_details_of, payment_of
from booking_http.api.guest_request import (
    GuestRequest,
    authenticate,
    carry_out,
    without_prices,
)
from booking_http.api.requests import BookRequest, PaymentRequest
from booking_http.web.problems import EdgeCode, problem
from booking_http.web.request_io import expected_versions, read_body

NO_CONSENT: Final = (
    "A deposit needs If-Match, or expectedTotal with cabinCode and rateCode: it does not say "
    "by itself which cabin it is for."
)


async def create_booking(request: web.Request) -> web.Response:
    """Book the held cabin, with a card in the same supplier call where one is given."""
    guest = without_prices(await authenticate(request))
    ask = await read_body(request, BookRequest)
    return await book_held(guest, ask)


def _consented(guest: GuestRequest, ask: BookRequest) -> bool:
    """Whether a request names what it buys: a deposit may be the same for two cabins."""
    named = (ask.expected_total, ask.cabin_code, ask.rate_code)
    return expected_versions(guest.request) is not None or None not in named


async def book_held(guest: GuestRequest, ask: BookRequest) -> web.Response:
    """Book the cabin that a guest holds; a deposit only with consent to what it is for."""
    wish = booking_details_of(ask, currency=guest.loaded.session.currency)
    consented = _consented(guest, ask)

    async def act(command: Command) -> Loaded:
        if wish.payment is not None:
            if wish.payment.payment_type is PaymentType.DEPOSIT and not consented:
                raise problem(EdgeCode.PRECONDITION_REQUIRED, NO_CONSENT)
            await cap_cards(guest.request, guest.key.uuid)
        return await guest.service.engine.book(guest.loaded, request=wish, command=command)

    return await carry_out(guest, act, ask=ask, success=201)


async def pay(request: web.Request) -> web.Response:
    """Pay what is due for a booked session."""
    guest = without_prices(await authenticate(request))
    return await pay_booked(guest, await read_body(request, PaymentRequest))


async def pay_booked(guest: GuestRequest, ask: PaymentRequest) -> web.Response:
    """Pay what is due for what a guest has booked."""
    payment = payment_of(ask, currency=guest.loaded.session.currency)

    async def act(command: Command) -> Loaded:
        await cap_cards(guest.request, guest.key.uuid)
        return await guest.service.engine.pay(guest.loaded, payment=payment, command=command)

    return await carry_out(guest, act, ask=ask)
