"""Seeing a booking again: a request that tells nothing, and a link that shows it for a while."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final
from uuid import UUID

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_flow.model.session import Loaded
from booking_http.api.endpoints.with_code import read_only
from booking_http.api.guest_request import address_of, counted_hash
from booking_http.api.lookup_models import LookupRequest, LookupResponse
from booking_http.api.lookup_pages import ask_page, booking_page, gone_page, wants_page
from booking_http.api.session_replies import tag
from booking_http.notifications.settings import LINK_MINUTES
from booking_http.web.client_address import is_exempt
from booking_http.web.problems import problem
from booking_http.web.request_context import SUBJECT, RequestSubject
from booking_http.web.request_io import json_response, read_body, service_of

COOKIE: Final = "booking_link"
"""Says that the button of a link was pressed in this browser; only that link's path sees it."""
LINK_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""What stands in a mailed link."""


async def ask_lookup(request: web.Request) -> web.Response:
    """Note what is asked; the same is done and answered whether there is such a booking or not."""
    await note_lookup(request, await read_body(request, LookupRequest))
    return json_response(LookupResponse(status="accepted"), status=202)


async def note_lookup(request: web.Request, ask: LookupRequest) -> None:
    """Note which booking is asked for, unless the address has asked for too many.

    Raises:
        Problem: `rate_limited`.
    """
    service, address = service_of(request), address_of(request)
    settings = service.settings
    exempt = is_exempt(address, settings.caps_exempt)
    noted = await service.lookups.ask(
        reference=ask.reference,
        email=ask.email,
        address=counted_hash(request),
        most=None if exempt else settings.cap_lookups_per_address,
    )
    if not noted:
        raise problem(RefusalCode.RATE_LIMITED, "Too many bookings were asked for. Try later.")


async def redeem_lookup(request: web.Request) -> web.Response:
    """Show the session of a link, for half an hour from the first time on.

    A form of our own page gets a cookie instead, and is led to the page.
    """
    loaded = await _load(request, await _redeem(request))
    if wants_page(request):
        return gone_page() if loaded is None else _led_to_page(request, loaded.session.reference)
    if loaded is None:
        raise problem(RefusalCode.SESSION_NOT_FOUND, "This link is too old, or none of ours.")
    return json_response(
        read_only(service_of(request), loaded, token=request.match_info["token"]),
        headers=tag(loaded.session),
    )


async def show_lookup(request: web.Request) -> web.Response:
    """Show a browser the booking, if its button was pressed here, or else the button.

    Programs that follow links, such as scanners of mail, redeem nothing and see nothing.
    """
    if not wants_page(request):
        raise web.HTTPMethodNotAllowed(request.method, ["POST"])
    token = request.match_info["token"]
    if request.cookies.get(COOKIE) != token:
        return ask_page()
    loaded = await _load(request, await service_of(request).lookups.opened(token))
    return gone_page() if loaded is None else booking_page(loaded.session)


def _led_to_page(request: web.Request, reference: str) -> web.Response:
    """Let the browser show this link's booking, and no other booking's pages see the cookie."""
    settings = service_of(request).settings
    home = f"/booking/{reference}" if settings.shop else request.path
    page = f"{home}/manage" if settings.shop else home
    response = web.Response(status=303, headers={"Location": page})
    tls = (settings.public_url or "").startswith("https:")
    response.set_cookie(
        COOKIE,
        request.match_info["token"],
        path=home,
        max_age=LINK_MINUTES * 60,
        httponly=True,
        secure=tls,
        samesite="Lax",
    )
    return response


async def _redeem(request: web.Request) -> UUID | None:
    token, life = request.match_info["token"], timedelta(minutes=LINK_MINUTES)
    if not LINK_TOKEN.fullmatch(token):
        return None
    return await service_of(request).lookups.redeem(token, life=life)


async def _load(request: web.Request, session_id: UUID | None) -> Loaded | None:
    loaded = await service_of(request).store.load(session_id) if session_id else None
    if loaded is not None:
        request[SUBJECT] = RequestSubject(session=loaded.session, session_id=None)
    return loaded
