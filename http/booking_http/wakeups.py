"""Wake-ups from PostgreSQL: one listening connection per process tells which session changed."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from booking_http.streams import Streams

CHANNEL: Final = "booking_session"
_RETRY_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
_log = structlog.get_logger(__name__)


class Listener:
    """Turns notifications of changed sessions into wake-ups of their streams."""

    def __init__(self, *, dsn: str, streams: Streams) -> None:
        """Take an address for asyncpg, which knows no SQLAlchemy schemes."""
        self._dsn = dsn
        self._streams = streams

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is made again."""
        failures = 0
        while True:
            try:
                await self._listen()
                failures = 0
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                _log.warning("wake-ups are away", why=type(error).__name__)
                failures = min(failures + 1, len(_RETRY_SECONDS))
            await asyncio.sleep(_RETRY_SECONDS[max(failures - 1, 0)])

    async def _listen(self) -> None:
        connection = await asyncpg.connect(self._dsn, timeout=5)
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        try:
            await connection.add_listener(CHANNEL, self._heard)
            self._streams.wake_all()
            await ended.wait()
        finally:
            connection.terminate()

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        try:
            session_id = UUID(str(payload).partition(":")[0])
        except ValueError:
            return
        self._streams.wake(session_id)
