"""Wake-ups from PostgreSQL: one listening connection per process tells which session changed."""

from __future__ import annotations

from uuid import UUID

from booking_http.listening import listen
from booking_http.streams import Streams
from persistence.wakeups import SESSIONS


class Listener:
    """Turns notifications of changed sessions into wake-ups of their streams."""

    def __init__(self, *, dsn: str, streams: Streams) -> None:
        """Take an address for asyncpg, which knows no SQLAlchemy schemes."""
        self._dsn = dsn
        self._streams = streams

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is made again."""
        await listen(self._dsn, SESSIONS, connected=self._streams.wake_all, heard=self._heard)

    def _heard(self, payload: str) -> None:
        try:
            session_id = UUID(payload.partition(":")[0])
        except ValueError:
            return
        self._streams.wake(session_id)
