"""Wake-ups from PostgreSQL: one listening connection per process tells which session changed."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from booking_http.runtime.listener import Listener, Subscription
from booking_http.web.event_streams import EventStreams
from persistence.notify import SESSIONS


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
        try:
            session_id = UUID(payload.partition(":")[0])
        except ValueError:
            return
        self._streams.wake(session_id)
