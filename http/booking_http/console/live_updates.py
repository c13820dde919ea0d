"""Following a session while its page is open: only that it changed is told, never what."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from aiohttp import web
from aiohttp.client_exceptions import ClientConnectionResetError

from booking_flow.ports import StoreUnavailable
from booking_http.console.auth import require_staff
from booking_http.service import Service
from booking_http.staff.session_search import find_session, id_of
from booking_http.web.auth import COOKIE, write_audit
from booking_http.web.event_streams import EventStream
from booking_http.web.host_cookies import cookie_of
from booking_http.web.request_io import service_of

_AWAY: Final = b"event: away\ndata: no news is heard\n\n"
_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}


async def follow(request: web.Request) -> web.StreamResponse:
    """Tell the session's version now and after every change, for as long as one is signed in."""
    staff, service = await require_staff(request), service_of(request)
    loaded = await find_session(service, staff, id_of(request, "session_uuid"))
    session_id = loaded.session.id
    await write_audit(service, staff, "follow_session", session_ids=(session_id,))
    with service.streams.open(session_id, request=request, staff=True) as stream:
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        try:
            await response.write(b"retry: 3000\n\n")
            await _tell(request, service, stream, response, session_id)
        except (ClientConnectionResetError, ConnectionResetError):
            pass
        return response


async def _tell(
    request: web.Request,
    service: Service,
    stream: EventStream,
    response: web.StreamResponse,
    session_id: UUID,
) -> None:
    told, beat = b"", service.settings.heartbeat_seconds
    cookie = cookie_of(request, COOKIE)
    while (news := await _news(service, cookie, session_id)) is not None:
        if news != told:
            await response.write(news)
            told = news
        if stream.stopped:
            return
        if not await stream.wait(beat):
            await response.write(b": still here\n\n")


async def _news(service: Service, cookie: str, session_id: UUID) -> bytes | None:
    """Return the present version, or that it cannot be followed; None once one is signed out."""
    if service.streams.deaf:
        return _AWAY
    try:
        if not await service.support.staff.is_open(cookie):
            return None
        loaded = await service.store.load(session_id)
    except StoreUnavailable:
        return _AWAY
    return f"event: version\ndata: {loaded.session.version}\n\n".encode() if loaded else b""
