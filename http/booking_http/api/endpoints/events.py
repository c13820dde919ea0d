"""The event stream of one session: its state now, and after every change."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from booking_flow.model.session import Loaded
from booking_flow.ports import StoreUnavailable
from booking_http.api.guest_request import (
    GuestRequest,
    authenticate,
    counted_caller,
    without_prices,
)
from booking_http.api.session_response import render_event
from booking_http.web.event_streams import EventStream, News, send_events

Event = Callable[[GuestRequest, Loaded], bytes]


async def events(request: web.Request) -> web.StreamResponse:
    """Stream a session; a client that comes back names the last version it has seen."""
    return await stream_session(await authenticate(request), event=_event)


async def stream_session(guest: GuestRequest, *, event: Event) -> web.StreamResponse:
    """Stream what `event` makes of a session whenever it has changed."""
    guest = without_prices(guest)
    request, seen, settings = guest.request, _last_seen(guest.request), guest.service.settings
    if guest.loaded.session.ended and seen == guest.loaded.session.version:
        return web.Response(status=204)
    address = counted_caller(request)
    with guest.service.streams.open(guest.key.uuid, request=request, address=address) as stream:
        stream.seen = seen
        return await send_events(
            stream,
            lambda: _news(guest, stream, event),
            seconds=settings.stream_seconds,
        )


def _last_seen(request: web.Request) -> int:
    header = request.headers.get("Last-Event-ID", "")
    return int(header) if header.isascii() and header.isdecimal() and len(header) < 10 else -1


async def _news(guest: GuestRequest, stream: EventStream, event: Event) -> News:
    """Return the session if it has changed; while the database is away there is no news."""
    try:
        loaded = await guest.service.store.load(guest.key.uuid)
    except StoreUnavailable:
        return News()
    if loaded is None:
        return News()
    seen, stream.seen = stream.seen, loaded.session.version
    said = event(guest, loaded) if stream.seen != seen else b""
    return News(said=said, last=loaded.session.ended)


def _event(guest: GuestRequest, loaded: Loaded) -> bytes:
    body = render_event(
        loaded.session,
        now=loaded.now,
        session_id=guest.key.text,
        allowed=guest.service.allowed,
    )
    head = f"event: session\nid: {loaded.session.version}\ndata: "
    return head.encode() + body.__pydantic_serializer__.to_json(body, by_alias=True) + b"\n\n"
