"""Live streams: who follows which session, and how they are woken and stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_http.web.problems import problem

_STAFF: Final = 20
"""How many of the staff may follow one session."""


@dataclass(eq=False, slots=True, kw_only=True)
class EventStream:
    """One open stream of one session."""

    request: web.Request
    staff: bool = False
    address: str | None = None
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: bool = False

    @property
    def live(self) -> bool:
        """Whether somebody still listens."""
        transport = self.request.transport
        return not self.stopped and transport is not None and not transport.is_closing()

    def wake(self) -> None:
        """Make it look at its session."""
        self._woken.set()

    def stop(self) -> None:
        """Make it end."""
        self.stopped = True
        self._woken.set()

    async def wait(self, seconds: float) -> bool:
        """Wait to be woken; False when nothing happened for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True


class EventStreams:
    """The open streams of this process, by session."""

    def __init__(self, *, per_session: int, per_address: int) -> None:
        self._per_session = per_session
        self._per_address = per_address
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
        try:
            yield stream
        finally:
            following.remove(stream)
            if not following and self._open.get(session_id) is following:
                del self._open[session_id]

    def _of_address(self, address: str) -> int:
        every = (stream for following in self._open.values() for stream in following)
        return sum(stream.address == address and stream.live for stream in every)

    def wake(self, session_id: UUID) -> None:
        """Wake the streams of one session."""
        for stream in self._open.get(session_id, ()):
            stream.wake()

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
