"""Listening to PostgreSQL: one connection that is made again whenever it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import asyncpg
import structlog

from booking_http.settings import Settings
from persistence.database import dsn

_RETRY_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
_log = structlog.get_logger(__name__)


def listening_dsn(settings: Settings) -> str:
    """Return the booking database for asyncpg, which knows no SQLAlchemy schemes."""
    return dsn(settings.database_url.get_secret_value())


async def listen(
    dsn: str, channel: str, *, connected: Callable[[], None], heard: Callable[[str], None]
) -> None:
    """Listen until cancelled; `connected` tells that notices may have been missed."""
    failures = 0
    while True:
        try:
            await _listen(dsn, channel, connected, heard)
            failures = 0
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            _log.warning("wake-ups are away", channel=channel, why=type(error).__name__)
            failures = min(failures + 1, len(_RETRY_SECONDS))
        await asyncio.sleep(_RETRY_SECONDS[max(failures - 1, 0)])


async def _listen(
    dsn: str, channel: str, connected: Callable[[], None], heard: Callable[[str], None]
) -> None:
    connection = await asyncpg.connect(dsn, timeout=5)
    ended = asyncio.Event()
    connection.add_termination_listener(lambda _: ended.set())

    def hear(_connection: Any, _pid: int, _channel: str, payload: object) -> None:
        heard(str(payload))

    try:
        await connection.add_listener(channel, hear)
        connected()
        await ended.wait()
    finally:
        connection.terminate()
