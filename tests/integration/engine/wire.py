"""A wire between the engine and PostgreSQL that a test can cut."""

import asyncio
from asyncio import StreamReader, StreamWriter
from contextlib import suppress

from yarl import URL


class Wire:
    """Passes bytes on to a database; goes down, or loses one answer, when it is told to."""

    def __init__(self, database_url: str) -> None:
        self._there = URL(database_url)
        self._server: asyncio.Server | None = None
        self._open: set[StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lose_after: bytes | None = None
        self._swallow: bytes | None = None
        self.lost = 0

    @property
    def url(self) -> str:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return str(self._there.with_host("127.0.0.1").with_port(port))

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Take the database away: whatever is open breaks, nothing new is let in."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def stop(self) -> None:
        await self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def lose_answer_to(self, words: bytes) -> None:
        """Let the next statement that holds these words through, and lose its answer."""
        self._lose_after = words

    def swallow(self, words: bytes) -> None:
        """Break the connection over which the next statement with these words would go."""
        self._swallow = words

    async def _serve(self, near: StreamReader, back: StreamWriter) -> None:
        far, onward = await asyncio.open_connection(self._there.host, self._there.port)
        self._open |= {back, onward}
        deaf = asyncio.Event()
        for work in (self._onward(near, onward, deaf), self._back(far, back, deaf)):
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _onward(self, near: StreamReader, onward: StreamWriter, deaf: asyncio.Event) -> None:
        with suppress(OSError):
            while chunk := await near.read(65536):
                if self._swallow is not None and self._swallow in chunk:
                    self._swallow = None
                    self.lost += 1
                    break
                if self._lose_after is not None and self._lose_after in chunk:
                    self._lose_after = None
                    deaf.set()
                onward.write(chunk)
                await onward.drain()
        onward.close()

    async def _back(self, far: StreamReader, back: StreamWriter, deaf: asyncio.Event) -> None:
        with suppress(OSError):
            while chunk := await far.read(65536):
                if deaf.is_set():
                    self.lost += 1
                    break
                back.write(chunk)
                await back.drain()
        back.transport.abort()
