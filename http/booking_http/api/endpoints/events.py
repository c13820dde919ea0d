"""The event stream of one session: its state now, and after every change."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from aiohttp.client_exceptions import ClientConnectionResetError

from booking_flow.ports import StoreUnavailable
from booking_flow.session import Loaded
from booking_http.api.guest_request import GuestRequest, authenticate
from booking_http.api.session_response import render_event
from booking_http.web.event_streams import EventStream

_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
_RETRY: Final = b"retry: 3000\n\n"
_HEARTBEAT: Final = b": still here\n\n"


async def events(request: web.Request) -> web.StreamResponse:
    """Stream a session; a client that comes back names the last version it has seen."""
    visit = await authenticate(request)
    seen = _last_seen(request)
    if visit.loaded.session.ended and seen == visit.loaded.session.version:
        return web.Response(status=204)
    with visit.service.streams.open(visit.key.uuid, request=request) as stream:
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        try:
            await response.write(_RETRY)
            await _follow(visit, stream, response, seen=seen)
        except (ClientConnectionResetError, ConnectionResetError):
            pass
        return response


def _last_seen(request: web.Request) -> int:
    header = request.headers.get("Last-Event-ID", "")
    return int(header) if header.isascii() and header.isdecimal() and len(header) < 10 else -1


async def _follow(
    visit: GuestRequest, stream: EventStream, response: web.StreamResponse, *, seen: int
) -> None:
    """Send every version that is news, until the session or the service ends."""
    loaded = await _present(visit)
    beat = visit.service.settings.heartbeat_seconds
    while True:
        if loaded is not None and loaded.session.version != seen:
            await response.write(_event(visit, loaded))
            seen = loaded.session.version
        if stream.stopped or (loaded is not None and loaded.session.ended):
            return
        if not await stream.wait(beat):
            await response.write(_HEARTBEAT)
        loaded = await _present(visit)


async def _present(visit: GuestRequest) -> Loaded | None:
    """Read the session; while the database is away there is no news."""
    try:
        return await visit.service.store.load(visit.key.uuid)
    except StoreUnavailable:
        return None


def _event(visit: GuestRequest, loaded: Loaded) -> bytes:
    body = render_event(
        loaded.session,
        now=loaded.now,
        session_id=visit.key.text,
        allowed=visit.service.allowed,
    )
    head = f"event: session\nid: {loaded.session.version}\ndata: "
    return head.encode() + body.__pydantic_serializer__.to_json(body, by_alias=True) + b"\n\n"
