"""Caps on holds and cards, asked before the engine is."""

from __future__ import annotations

from functools import wraps
from uuid import UUID

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_http.api.guest_request import (
    GuestRequest,
    address_of,
    counted_caller,
    counted_hash,
)
from booking_http.web.client_address import is_exempt
from booking_http.web.problems import problem
from booking_http.web.request_caps import too_many
from booking_http.web.request_context import CALLER
from booking_http.web.request_io import service_of
from booking_http.web.request_log import session_named
from booking_http.web.route import Handler


def capped(handler: Handler) -> Handler:
    """Bound how often a handler that may ask the supplier is entered."""

    @wraps(handler)
    async def handle(request: web.Request) -> web.StreamResponse:
        address = counted_caller(request)
        if address is None:
            return await handler(request)
        caps = service_of(request).requests
        with caps.counted(session=session_named(request), address=address):
            return await handler(request)

    return handle


async def cap_openings(request: web.Request) -> None:
    """Refuse a session to an address that has opened enough of them lately.

    Without SHOP_NETWORKS, openings over the cap are told to operators and not refused: all guests
    of a shop whose server asks for them would be one caller.
    """
    service, exempt = service_of(request), counted_caller(request) is None
    enforced = service.settings.shop_networks is not None and not exempt
    wait = await service.caps.take_opening(
        address=counted_hash(request),
        unknown_proxy=request[CALLER].ignored == "untrusted",
        most=service.settings.cap_openings_per_address,
        always=not enforced,
    )
    if wait is None or exempt:
        return
    service.callers.note_opening_over_cap(enforced=enforced)
    if enforced:
        raise too_many("Too many sessions were opened from here.", seconds=wait)


async def cap_holds(guest: GuestRequest) -> None:
    """Refuse a hold to an address that has enough cabins held, of this sailing or of all."""
    settings, address = guest.service.settings, address_of(guest.request)
    if is_exempt(address, settings.caps_exempt):
        return
    taken = await guest.service.caps.take_hold(
        session_id=guest.key.uuid,
        cruise_id=guest.loaded.session.sailing.cruise_id,
        address=counted_hash(guest.request),
        per_sailing=settings.cap_holds,
        per_address=settings.cap_holds_per_address,
    )
    if not taken:
        raise problem(RefusalCode.RATE_LIMITED, "Too many cabins are held from here already.")


async def cap_cards(request: web.Request, session_id: UUID) -> None:
    """Refuse a card after too many attempts of the session or the address."""
    service = service_of(request)
    settings = service.settings
    if is_exempt(address_of(request), settings.caps_exempt):
        return
    taken = await service.caps.take_card(
        session_id=session_id,
        address=counted_hash(request),
        per_session=settings.cap_cards_per_session,
        per_address=settings.cap_cards_per_address,
    )
    if not taken:
        raise problem(RefusalCode.RATE_LIMITED, "Too many cards were tried. Try again later.")
