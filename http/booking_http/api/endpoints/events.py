"""The event stream of one session: its state now, and after every change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import web
from aiohttp.client_exceptions import ClientConnectionResetError

from booking_flow.model.session import Loaded
from booking_flow.ports import StoreUnavailable
from booking_http.api.guest_request import GuestRequest, authenticate, counted_caller
from booking_http.api.session_response import render_event
from booking_http.web.event_streams import EventStream

Event = Callable[[GuestRequest, Loaded], bytes]
_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
_RETRY: Final = b"retry: 3000\n\n"
_HEARTBEAT: Final = b": still here\n\n"


async def events(request: web.Request) -> web.StreamResponse:
    """Stream a session; a client that comes back names the last version it has seen."""
    return await stream_session(await authenticate(request), event=_event)


async def stream_session(guest: GuestRequest, *, event: Event) -> web.StreamResponse:
    """Stream what `event` makes of a session whenever it has changed."""
    request, seen = guest.request, _last_seen(guest.request)
    if guest.loaded.session.ended and seen == guest.loaded.session.version:
        return web.Response(status=204)
    address = counted_caller(request)
    with guest.service.streams.open(guest.key.uuid, request=request, address=address) as stream:
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        try:
            await response.write(_RETRY)
            async with asyncio.timeout(guest.service.settings.stream_seconds):
                await _follow(guest, stream, response, seen=seen, event=event)
        except TimeoutError:
            _hang_up_on_who_does_not_read(request)
        except (ClientConnectionResetError, ConnectionResetError):
            pass
        return response


def _hang_up_on_who_does_not_read(request: web.Request) -> None:
    """End a connection at once whose client has not taken what was sent: it would wait for that."""
    if request.transport is not None and request.transport.get_write_buffer_size():
        request.transport.abort()


def _last_seen(request: web.Request) -> int:
    header = request.headers.get("Last-Event-ID", "")
    return int(header) if header.isascii() and header.isdecimal() and len(header) < 10 else -1


async def _follow(
    guest: GuestRequest,
    stream: EventStream,
    response: web.StreamResponse,
    *,
    seen: int,
    event: Event,
) -> None:
    """Send every version that is news, until the session or the service ends."""
    loaded = await _present(guest)
    beat = guest.service.settings.heartbeat_seconds
    while True:
        if loaded is not None and loaded.session.version != seen:
            await response.write(event(guest, loaded))
            seen = loaded.session.version
        if stream.stopped or (loaded is not None and loaded.session.ended):
            return
        if not await stream.wait(beat):
            await response.write(_HEARTBEAT)
        loaded = await _present(guest)


async def _present(guest: GuestRequest) -> Loaded | None:
    """Read the session; while the database is away there is no news."""
    try:
        return await guest.service.store.load(guest.key.uuid)
    except StoreUnavailable:
        return None


def _event(guest: GuestRequest, loaded: Loaded) -> bytes:
    body = render_event(
        loaded.session,
        now=loaded.now,
        session_id=guest.key.text,
        allowed=guest.service.allowed,
    )
    head = f"event: session\nid: {loaded.session.version}\ndata: "
    return head.encode() + body.__pydantic_serializer__.to_json(body, by_alias=True) + b"\n\n"
