"""Waking whoever watches a session or waits for work, without slowing the commit down."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Final
from uuid import UUID

from sqlalchemy import text

from booking_flow.ports import StoreUnavailable
from persistence.database import Database, execute, fetch_all

SESSIONS: Final = "booking_session"
"""Says `<session id>:<version>` of each session that has changed."""
WORK: Final = "booking_work"
"""Says in how many seconds a worker will find something to do."""
GATHERED: Final = 0.01
"""Seconds for which news is gathered: about as long as a commit takes, so that nobody notices."""
SOON: Final = "2.1"
"""When what a commit leaves behind is due, see `rowsets`."""

# Tell many sessions' news at once; it need not survive a crash, so nobody waits for the disk.
NOTIFY: Final = text(
    """
    SELECT set_config('synchronous_commit', 'off', true), pg_notify(channel, said)
    FROM unnest(CAST(:channels AS text[]), CAST(:news AS text[])) AS news(channel, said)
    """
)
_VERSIONS: Final = text(
    "SELECT id, version FROM booking_sessions WHERE id = ANY(CAST(:ids AS uuid[]))"
)


class Wakeups:
    """Sends what has changed, soon after the commit.

    A commit that notifies holds a lock of the whole database until it is on disk, which halves
    what concurrent sessions can commit. Hence a statement of its own, for all that came together.
    A wake-up can be lost; whoever watches also looks from time to time.
    """

    def __init__(self, engine: Database) -> None:
        """Take the pool to send through."""
        self._engine = engine
        self._news: dict[UUID, int] = {}
        self._work = False
        self._sender: asyncio.Task[None] | None = None

    def announce(self, session_id: UUID, version: int, *, work: bool = False) -> None:
        """Send the news of a session, together with what else there is."""
        self._news[session_id] = max(version, self._news.get(session_id, version))
        self._work = self._work or work
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send())

    async def sent(self) -> None:
        """Wait until nothing is left to send."""
        if self._sender is not None:
            await self._sender

    async def _send(self) -> None:
        while self._news:
            await asyncio.sleep(GATHERED)
            news = [(SESSIONS, f"{session_id}:{version}") for session_id, version in self._taken()]
            if self._work:
                self._work = False
                news.append((WORK, SOON))
            channels, said = zip(*news, strict=True)
            with suppress(StoreUnavailable):
                parameters = {"channels": list(channels), "news": list(said)}
                await execute(self._engine, NOTIFY, parameters)

    def _taken(self) -> Iterable[tuple[UUID, int]]:
        news, self._news = self._news, {}
        return news.items()


async def versions(database: Database, session_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Return at which versions these sessions are, for who may have missed a wake-up."""
    rows = await fetch_all(database, _VERSIONS, {"ids": list(session_ids)})
    return {row.id: row.version for row in rows}
