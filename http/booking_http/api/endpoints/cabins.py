"""Prices, cabins, choosing one, and the basket that holds it."""

from __future__ import annotations

from aiohttp import web

from booking_flow.engine import Command
from booking_flow.model.session import Loaded
from booking_http.api import offer_responses
from booking_http.api.attempt_limits import cap_holds
from booking_http.api.conversions import choice_of, rate_of
from booking_http.api.guest_request import GuestRequest, authenticate, carry_out, origin_of
from booking_http.api.requests import NothingRequest, RateQuery, SelectCabinRequest
from booking_http.api.session_replies import session_body, tag, tell_session
from booking_http.web.request_io import json_response, read_body, read_query


async def pricing(request: web.Request) -> web.Response:
    """Show live prices; guests who ask for one session at once share one call."""
    return await price(await authenticate(request))


async def price(guest: GuestRequest) -> web.Response:
    """Read the prices of a guest's sailing."""
    command = Command(origin=origin_of(guest.request))
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
    return await list_cabins(guest, read_query(request, RateQuery))


async def list_cabins(guest: GuestRequest, query: RateQuery) -> web.Response:
    """Read the physical cabins of a rate that a guest was shown."""
    found = await guest.service.engine.specific_cabins(
        guest.loaded, rate=rate_of(query), command=Command(origin=origin_of(guest.request))
    )
    return json_response(offer_responses.cabins(found))


async def cabin_breakdown(request: web.Request) -> web.Response:
    """Show what each guest pays for at a rate."""
    guest = await authenticate(request)
    return await itemize(guest, read_query(request, RateQuery))


async def itemize(guest: GuestRequest, query: RateQuery) -> web.Response:
    """Read the per-guest items of a rate that a guest was shown."""
    found = await guest.service.engine.breakdown(
        guest.loaded, rate=rate_of(query), command=Command(origin=origin_of(guest.request))
    )
    return json_response(offer_responses.breakdown(found))


async def select_cabin(request: web.Request) -> web.Response:
    """Choose a cabin and, unless told not to, hold it."""
    guest = await authenticate(request)
    return await choose_cabin(guest, await read_body(request, SelectCabinRequest))


async def choose_cabin(guest: GuestRequest, ask: SelectCabinRequest) -> web.Response:
    """Choose a cabin for a guest and, unless told not to, hold it."""

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
    return await hold(guest, await read_body(request, NothingRequest, optional=True))


async def hold(guest: GuestRequest, ask: NothingRequest) -> web.Response:
    """Hold the cabin that a guest has chosen."""

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
    return await release_held(await authenticate(request))


async def release_held(guest: GuestRequest) -> web.Response:
    """Let go of the cabin that a guest holds."""

    async def act(command: Command) -> Loaded:
        return await guest.service.engine.release_basket(guest.loaded, command=command)

    return await carry_out(guest, act)
