"""Wake-ups from PostgreSQL: one listening connection per process tells which session changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from uuid import UUID

from booking_flow.ports import StoreUnavailable
from booking_http.runtime.listener import Listener, Subscription
from booking_http.web.event_streams import EventStreams
from persistence.notify import SESSIONS

Versions = Callable[[Collection[UUID]], Awaitable[Mapping[UUID, int]]]


class SessionWakeups:
    """Turns notifications of changed sessions into wake-ups of their streams."""

    def __init__(self, *, listener: Listener, streams: EventStreams) -> None:
        """Take what listens, and who is woken."""
        self._listener = listener
        self._streams = streams

    async def run(self) -> None:
        """Listen until cancelled; streams are told when the connection comes or goes."""
        subscription = Subscription(
            channel=SESSIONS,
            heard=self._heard,
            connected=partial(self._streams.hear, again=True),
            lost=partial(self._streams.hear, again=False),
        )
        await self._listener.listen(subscription)

    def _heard(self, payload: str) -> None:
        session_id, _, version = payload.partition(":")
        with suppress(ValueError):
            self._streams.wake(UUID(session_id), int(version))


async def watch_versions(streams: EventStreams, versions: Versions, *, seconds: float) -> None:
    """Wake streams whose notification was lost: one question for all of them, every few seconds."""
    while True:
        await asyncio.sleep(seconds)
        if sessions := streams.sessions:
            with suppress(StoreUnavailable):
                streams.compare(await versions(sessions))
