"""Seeing a booking again: a request that tells nothing, and a link that opens once."""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_flow.model.session import Loaded
from booking_http.api.guest_request import address_of, counted_hash
from booking_http.api.lookup_models import LookupRequest, LookupResponse
from booking_http.api.lookup_pages import ask_page, booking_page, gone_page, wants_page
from booking_http.api.responses import SessionResponse
from booking_http.api.session_replies import tag
from booking_http.api.session_response import render
from booking_http.web.client_address import is_exempt
from booking_http.web.problems import problem
from booking_http.web.request_context import SUBJECT, RequestSubject
from booking_http.web.request_io import json_response, read_body, service_of

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


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


async def read_lookup(request: web.Request) -> web.Response:
    """Show the session of a link, once; a browser is shown a button first."""
    if wants_page(request):
        return ask_page()
    loaded = await _redeem(request)
    if loaded is None:
        raise problem(RefusalCode.SESSION_NOT_FOUND, "This link was used before, or is too old.")
    return json_response(_read_only(loaded), headers=tag(loaded.session))


async def show_lookup(request: web.Request) -> web.Response:
    """Show the booking of a link as a page, once."""
    loaded = await _redeem(request)
    return gone_page() if loaded is None else booking_page(loaded.session)


async def _redeem(request: web.Request) -> Loaded | None:
    """Use the link up and return its session."""
    service, token = service_of(request), request.match_info["token"]
    session_id = await service.lookups.redeem(token) if _TOKEN.fullmatch(token) else None
    loaded = await service.store.load(session_id) if session_id else None
    if loaded is not None:
        request[SUBJECT] = RequestSubject(session=loaded.session, session_id=str(loaded.session.id))
    return loaded


def _read_only(loaded: Loaded) -> SessionResponse:
    """Return the session's body without its secret and without anything that may be done."""
    session = loaded.session
    body = render(session, now=loaded.now, session_id=str(session.id), allowed=lambda _: ())
    return body.model_copy(update={"allowed_actions": []})
