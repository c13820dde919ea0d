"""A network between a service and its database that can fail in every way that networks do."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from yarl import URL

_CHUNK: Final = 65536
_HARD: Final = struct.pack("ii", 1, 0)
"""SO_LINGER that makes a close a reset."""


@dataclass(eq=False, slots=True)
class Link:
    """One connection through the network, and the tasks that carry it."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    open: asyncio.Event = field(default_factory=asyncio.Event)
    carriers: list[asyncio.Task[None]] = field(default_factory=list)

    def reset(self) -> None:
        """Let both sides see a reset."""
        for end in (self.client, self.server):
            if end is not None and not end.is_closing():
                end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD)
                end.transport.abort()


class Network:
    """Carries connections to a server, as long as it is told to.

    What is silent loses nothing and closes nothing: either side waits for a word of the other.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._server: asyncio.Server | None = None
        self._links: list[Link] = []
        self._frozen = False
        self.delay = 0.0
        self.refused = False
        self.accepted = 0

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def open(self) -> int:
        """How many connections there are now."""
        return len(self._links)

    def through(self, dsn: str) -> str:
        """Return the address of a database by way of this network."""
        return str(URL(dsn).with_host("127.0.0.1").with_port(self.port))

    def silence(self, *, every: int = 1) -> int:
        """Let every n-th connection that there is say nothing more; new ones are carried."""
        chosen = self._links[::every]
        for link in chosen:
            link.open.clear()
        return len(chosen)

    def freeze(self) -> None:
        """Carry nothing until thawed; connections are still taken, and nobody answers them."""
        self._frozen = True
        self.silence()

    def thaw(self) -> None:
        """Carry on, with what was said meanwhile."""
        self._frozen = False
        for link in self._links:
            link.open.set()

    def reset(self) -> None:
        """Break every connection."""
        for link in list(self._links):
            link.reset()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        carriers = [carrier for link in self._links for carrier in link.carriers]
        self.reset()
        for carrier in carriers:
            carrier.cancel()
        await asyncio.gather(*carriers, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(writer)
        self._links.append(link)
        self.accepted += 1
        if not self._frozen:
            link.open.set()
        own = asyncio.current_task()
        assert own is not None
        link.carriers.append(own)
        try:
            if not self.refused:
                await self._carry_both(link, reader)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._links.remove(link)
            link.reset()

    async def _carry_both(self, link: Link, reader: asyncio.StreamReader) -> None:
        await link.open.wait()
        from_server, link.server = await asyncio.open_connection(*self._target)
        ways = [
            asyncio.create_task(self._carry(link, reader, link.server)),
            asyncio.create_task(self._carry(link, from_server, link.client)),
        ]
        link.carriers += ways
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _carry(
        self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                await asyncio.sleep(self.delay)
                await link.open.wait()
                writer.write(chunk)
                await writer.drain()


@asynccontextmanager
async def network(dsn: str) -> AsyncIterator[Network]:
    """Stand between a service and the server of a database."""
    url = URL(dsn)
    made = Network(url.host or "127.0.0.1", url.port or 5432)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def answer_in(work: Any, seconds: float) -> float:
    """Return how long something took, which must not be more than so many seconds."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(seconds):
        await work
    return loop.time() - began
