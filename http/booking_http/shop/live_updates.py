"""Following a session while its page is open: where it is now, never what opens it."""

from __future__ import annotations

import json

from aiohttp import web

from booking_flow.model.session import Loaded
from booking_http.api.endpoints.events import stream_session
from booking_http.api.guest_request import GuestRequest
from booking_http.api.session_response import render
from booking_http.shop.guest_cookies import guest_of
from booking_http.shop.places import asks_line, place_of


async def follow(request: web.Request) -> web.StreamResponse:
    """Tell where the session is, now and after every change."""
    return await stream_session(await guest_of(request), event=_place)


def _place(guest: GuestRequest, loaded: Loaded) -> bytes:
    shown = render(
        loaded.session,
        now=loaded.now,
        session_id=guest.key.text,
        allowed=guest.service.allowed,
    )
    body = shown.model_dump(mode="json", by_alias=True)
    place = {
        "version": body["version"],
        "place": place_of(body),
        "asking": asks_line(body),
        "serverTime": body["serverTime"],
        "holdExpiresAt": body["hold"] and body["hold"]["expiresAt"],
    }
    head = f"event: place\nid: {loaded.session.version}\ndata: "
    return f"{head}{json.dumps(place)}\n\n".encode()
