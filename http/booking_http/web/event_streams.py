"""Live streams: who follows which session, how they are woken and stopped, and what is sent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from aiohttp import web
from aiohttp.client_exceptions import ClientConnectionResetError

from booking_flow.errors import RefusalCode
from booking_http.web.problems import problem

_STAFF: Final = 20
"""How many of the staff may follow one session."""
_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
_RETRY: Final = b"retry: 3000\n\n"
_HEARTBEAT: Final = b": still here\n\n"
_TICK: Final = 0.25
"""Seconds between two looks at whose heartbeat is due, so that many go out together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a stream has to send now."""

    said: bytes = b""
    """Events as they go over the wire; nothing where nothing has changed."""
    last: bool = False
    """Whether nothing can follow."""


@dataclass(eq=False, slots=True, kw_only=True)
class EventStream:
    """One open stream of one session."""

    request: web.Request
    staff: bool = False
    address: str | None = None
    seen: int = -1
    """The version of the session that was told last."""
    looks_at_heartbeats: bool = False
    """Whether a heartbeat is also a look at what is news."""
    response: web.StreamResponse | None = None
    due: float = 0.0
    """When it has to say that it is alive, by the loop's clock."""
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: bool = False

    @property
    def live(self) -> bool:
        """Whether somebody still listens."""
        transport = self.request.transport
        return not self.stopped and transport is not None and not transport.is_closing()

    def wake(self, version: int | None = None) -> None:
        """Make it look at its session, unless that is at a version which was told already."""
        if version is None or version > self.seen:
            self._woken.set()

    def stop(self) -> None:
        """Make it end."""
        self.stopped = True
        self._woken.set()

    async def woken(self) -> None:
        """Wait to be woken."""
        await self._woken.wait()
        self._woken.clear()

    async def beat(self) -> None:
        """Say that it is alive; a client that does not read is told when it does again."""
        response, transport = self.response, self.request.transport
        if response is not None and transport and not transport.get_write_buffer_size():
            await response.write(_HEARTBEAT)
        if self.looks_at_heartbeats:
            self.wake()


class EventStreams:
    """The open streams of this process, by session."""

    def __init__(self, *, per_session: int, per_address: int, heartbeat: float) -> None:
        """Take how many there may be, and the seconds between two heartbeats of one."""
        self._per_session = per_session
        self._per_address = per_address
        self._heartbeat = heartbeat
        self._beating: deque[EventStream] = deque()
        self._open: dict[UUID, list[EventStream]] = {}
        self._stopped = False
        self.deaf = False
        """Whether no news is heard now, so that nothing can be told as it happens."""

    @contextmanager
    def open(
        self,
        session_id: UUID,
        *,
        request: web.Request,
        staff: bool = False,
        address: str | None = None,
    ) -> Iterator[EventStream]:
        """Add a stream for as long as the block runs; streams that nobody hears do not count.

        Staff who follow take no place away from the guest, nor the guest from them. `address` is
        what the caller is counted by, and None where no cap binds them.
        """
        others = [each for each in self._open.get(session_id, ()) if each.staff is staff]
        most = _STAFF if staff else self._per_session
        if sum(stream.live for stream in others) >= most:
            raise problem(RefusalCode.RATE_LIMITED, f"A session has at most {most} event streams.")
        if address is not None and self._of_address(address) >= self._per_address:
            raise problem(RefusalCode.RATE_LIMITED, "Too many event streams are open from here.")
        stream = EventStream(request=request, staff=staff, address=address, stopped=self._stopped)
        following = self._open.setdefault(session_id, [])
        following.append(stream)
        self._beats_later(stream)
        try:
            yield stream
        finally:
            stream.stopped = True
            following.remove(stream)
            if not following and self._open.get(session_id) is following:
                del self._open[session_id]

    def _beats_later(self, stream: EventStream) -> None:
        stream.due = asyncio.get_running_loop().time() + self._heartbeat
        self._beating.append(stream)

    async def beat(self) -> None:
        """Let every stream say that it is alive, until cancelled.

        One task does it for all: a timer for each stream cost more than what it sent.
        """
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(_TICK, self._heartbeat / 4))
            while self._beating and self._beating[0].due <= loop.time():
                await self._beat_one(self._beating.popleft())
                # Writing waits for nothing, and others have their turn.
                await asyncio.sleep(0)

    async def _beat_one(self, stream: EventStream) -> None:
        if not stream.live:
            stream.stop()
            return
        try:
            await stream.beat()
        except (ClientConnectionResetError, ConnectionResetError):
            stream.stop()
        else:
            self._beats_later(stream)

    def _of_address(self, address: str) -> int:
        every = (stream for following in self._open.values() for stream in following)
        return sum(stream.address == address and stream.live for stream in every)

    @property
    def sessions(self) -> Collection[UUID]:
        """Return which sessions are followed."""
        return tuple(self._open)

    def wake(self, session_id: UUID, version: int | None = None) -> None:
        """Wake the streams of one session to which its version is news."""
        for stream in self._open.get(session_id, ()):
            stream.wake(version)

    def compare(self, versions: Mapping[UUID, int]) -> None:
        """Wake the streams that have missed something, by the versions of their sessions."""
        for session_id, version in versions.items():
            self.wake(session_id, version)

    def hear(self, *, again: bool) -> None:
        """Note that news is heard again, or no longer, and let every stream tell."""
        self.deaf = not again
        self.wake_all()

    def wake_all(self) -> None:
        """Wake every stream, after news may have been missed."""
        for session_id in list(self._open):
            self.wake(session_id)

    def stop(self) -> None:
        """End every stream, and let those that still come tell the present and end.

        Whoever follows comes back, to another process, and stopping this one waits for nobody.
        """
        self._stopped = True
        for following in list(self._open.values()):
            for stream in list(following):
                stream.stop()

    def __len__(self) -> int:
        return sum(map(len, self._open.values()))


async def send_events(
    stream: EventStream,
    news: Callable[[], Awaitable[News]],
    *,
    seconds: float,
) -> web.StreamResponse:
    """Answer a request with what is news now and whenever its stream is woken.

    After `seconds` at the latest the answer ends; browsers then come back by themselves.
    """
    response = web.StreamResponse(headers=_HEADERS)
    await response.prepare(stream.request)
    try:
        await response.write(_RETRY)
        stream.response = response
        async with asyncio.timeout(seconds):
            await _send(stream, response, news)
    except TimeoutError:
        _hang_up_on_who_does_not_read(stream.request)
    except (ClientConnectionResetError, ConnectionResetError):
        pass
    return response


async def _send(
    stream: EventStream, response: web.StreamResponse, news: Callable[[], Awaitable[News]]
) -> None:
    while True:
        found = await news()
        if found.said:
            await response.write(found.said)
        if found.last or stream.stopped:
            return
        await stream.woken()


def _hang_up_on_who_does_not_read(request: web.Request) -> None:
    """End a connection at once whose client has not taken what was sent: it would wait for that."""
    if request.transport is not None and request.transport.get_write_buffer_size():
        request.transport.abort()
