"""Prices, cabins, choosing one, and the basket that holds it."""

from __future__ import annotations

from aiohttp import web

from booking_flow.engine import Command
from booking_flow.model.session import Loaded
from booking_http.api import offer_responses
from booking_http.api.attempt_limits import cap_holds
from booking_http.api.conversions import choice_of, rate_of
from booking_http.api.guest_request import authenticate, carry_out, origin_of
from booking_http.api.requests import NothingRequest, RateQuery, SelectCabinRequest
from booking_http.api.session_replies import session_body, tag, tell_session
from booking_http.web.request_io import json_response, read_body, read_query


async def pricing(request: web.Request) -> web.Response:
    """Show live prices; guests who ask for one session at once share one call."""
    guest = await authenticate(request)
    command = Command(origin=origin_of(request))
    answer = await guest.service.pricings.join(
        guest.key.text, lambda: guest.service.engine.price(guest.loaded, command=command)
    )
    body = session_body(guest.service, answer, guest.key)
    return json_response(
        offer_responses.priced(body, answer.session.quote), headers=tag(answer.session)
    )


async def specific_cabins(request: web.Request) -> web.Response:
    """Show the physical cabins of a rate with their decks."""
    guest = await authenticate(request)
    rate = rate_of(read_query(request, RateQuery))
    found = await guest.service.engine.specific_cabins(
        guest.loaded, rate=rate, command=Command(origin=origin_of(request))
    )
    return json_response(offer_responses.cabins(found))


async def cabin_breakdown(request: web.Request) -> web.Response:
    """Show what each guest pays for at a rate."""
    guest = await authenticate(request)
    rate = rate_of(read_query(request, RateQuery))
    found = await guest.service.engine.breakdown(
        guest.loaded, rate=rate, command=Command(origin=origin_of(request))
    )
    return json_response(offer_responses.breakdown(found))


async def select_cabin(request: web.Request) -> web.Response:
    """Choose a cabin and, unless told not to, hold it."""
    guest = await authenticate(request)
    ask = await read_body(request, SelectCabinRequest)

    async def act(command: Command) -> Loaded:
        if ask.add_to_basket:
            await cap_holds(guest)
        return await guest.service.engine.select_cabin(
            guest.loaded,
            choice=choice_of(ask),
            add_to_basket=ask.add_to_basket,
            command=command,
        )

    return await carry_out(guest, act, ask=ask)


async def add_to_basket(request: web.Request) -> web.Response:
    """Hold the chosen cabin."""
    guest = await authenticate(request)
    ask = await read_body(request, NothingRequest, optional=True)

    async def act(command: Command) -> Loaded:
        await cap_holds(guest)
        return await guest.service.engine.add_to_basket(guest.loaded, command=command)

    return await carry_out(guest, act, ask=ask)


async def read_basket(request: web.Request) -> web.Response:
    """Show what is held, from our own rows."""
    guest = await authenticate(request)
    command = Command(origin=origin_of(request))
    answer = await guest.service.engine.look(guest.loaded, command=command)
    return tell_session(guest.service, answer, guest.key)


async def release_basket(request: web.Request) -> web.Response:
    """Let the held cabin go."""
    guest = await authenticate(request)

    async def act(command: Command) -> Loaded:
        return await guest.service.engine.release_basket(guest.loaded, command=command)

    return await carry_out(guest, act)
