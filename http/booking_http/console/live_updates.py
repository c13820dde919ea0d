"""Following a session while its page is open: only that it changed is told, never what."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from aiohttp import web

from booking_flow.ports import StoreUnavailable
from booking_http.console.auth import require_staff
from booking_http.service import Service
from booking_http.staff.session_search import find_session, id_of
from booking_http.web.auth import COOKIE, write_audit
from booking_http.web.event_streams import EventStream, News, send_events
from booking_http.web.host_cookies import cookie_of
from booking_http.web.request_io import service_of

_AWAY: Final = b"event: away\ndata: no news is heard\n\n"


async def follow(request: web.Request) -> web.StreamResponse:
    """Tell the session's version now and after every change, for as long as one is signed in."""
    staff, service = await require_staff(request), service_of(request)
    loaded = await find_session(service, staff, id_of(request, "session_uuid"))
    session_id = loaded.session.id
    await write_audit(service, staff, "follow_session", session_ids=(session_id,))
    with service.streams.open(session_id, request=request, staff=True) as stream:
        stream.looks_at_heartbeats = True
        follower = _Follower(service, stream, session_id)
        return await send_events(
            stream,
            follower.news,
            seconds=service.settings.stream_seconds,
        )


class _Follower:
    """What one page is told; a look at each heartbeat sees whether one is still signed in."""

    def __init__(self, service: Service, stream: EventStream, session_id: UUID) -> None:
        self._service = service
        self._stream = stream
        self._session_id = session_id
        self._told = b""

    async def news(self) -> News:
        """Return the present version, or that it cannot be followed, if that was not told last."""
        try:
            said = await self._present()
        except StoreUnavailable:
            said = _AWAY
        if said is None:
            return News(last=True)
        told, self._told = self._told, said
        return News(said=said if said != told else b"")

    async def _present(self) -> bytes | None:
        service = self._service
        if service.streams.deaf:
            return _AWAY
        cookie = cookie_of(self._stream.request, COOKIE)
        if not await service.support.staff.is_open(cookie):
            return None
        loaded = await service.store.load(self._session_id)
        if loaded is None:
            return b""
        self._stream.seen = loaded.session.version
        return f"event: version\ndata: {loaded.session.version}\n\n".encode()
