"""Waking whoever watches a session, without slowing the commit down."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from booking_flow.ports import StoreUnavailable
from persistence.database import execute

CHANNEL: Final = "booking_session"

# Tell many sessions' news at once; it need not survive a crash, so nobody waits for the disk.
NOTIFY: Final = text(
    """
    SELECT set_config('synchronous_commit', 'off', true), pg_notify(:channel, said)
    FROM unnest(CAST(:news AS text[])) AS said
    """
)


class Wakeups:
    """Sends `<session id>:<version>` on a channel, soon after the commit.

    A commit that notifies holds a lock of the whole database until it is on disk, which halves
    what concurrent sessions can commit. Hence a statement of its own, for all that came together.
    A wake-up can be lost; whoever watches also looks from time to time.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        """Take the pool to send through."""
        self._engine = engine
        self._news: dict[UUID, int] = {}
        self._sender: asyncio.Task[None] | None = None

    def announce(self, session_id: UUID, version: int) -> None:
        """Send the news of a session, together with what else there is."""
        self._news[session_id] = max(version, self._news.get(session_id, version))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send())

    async def sent(self) -> None:
        """Wait until nothing is left to send."""
        if self._sender is not None:
            await self._sender

    async def _send(self) -> None:
        while self._news:
            news, self._news = self._news, {}
            said = [f"{session_id}:{version}" for session_id, version in news.items()]
            try:
                await execute(self._engine, NOTIFY, {"channel": CHANNEL, "news": said})
            except StoreUnavailable:
                self._news.clear()
