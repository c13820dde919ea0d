"""A server that speaks TLS: the embedded one cannot, so a gate in front of it does."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from yarl import URL

from tests.support.certificates import LOOPBACK, self_signed

SSL_REQUEST: Final = struct.pack("!ii", 8, 80877103)
_REFUSAL: Final = b"SFATAL\0VFATAL\0C28000\0Mno encryption\0\0"


@dataclass(slots=True, kw_only=True)
class Gate:
    """Takes encrypted connections for a server, shows a certificate, and counts."""

    target: URL
    certificate: Path
    """Signed by itself, for the address 127.0.0.1."""
    stranger: Path
    """A certificate that certifies nothing here."""
    port: int = 0
    encrypted: int = 0
    plain: int = 0
    links: set[asyncio.Task[None]] = field(default_factory=set)

    def dsn(self, words: str = "") -> str:
        """Return the address of the database by way of the gate."""
        return str(self.target.with_port(self.port)) + (f"?{words}" if words else "")

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Agree on encryption as PostgreSQL does, and refuse who wants none."""
        own = asyncio.current_task()
        assert own is not None
        self.links.add(own)
        try:
            with suppress(OSError, EOFError, asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            self.links.discard(own)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(8) != SSL_REQUEST:
            self.plain += 1
            writer.write(b"E" + struct.pack("!i", len(_REFUSAL) + 4) + _REFUSAL)
            await writer.drain()
            return
        writer.write(b"S")
        await writer.drain()
        await writer.start_tls(_context(self.certificate))
        self.encrypted += 1
        server = await asyncio.open_connection(self.target.host, self.target.port)
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(_carry(reader, server[1]))
                ways.create_task(_carry(server[0], writer))
        finally:
            server[1].transport.abort()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    raise EOFError


@asynccontextmanager
async def gate(dsn: str, folder: Path) -> AsyncIterator[Gate]:
    """Stand in front of a server."""
    made = Gate(
        target=URL(dsn), certificate=folder / "server.pem", stranger=folder / "stranger.pem"
    )
    write_certificate(made.certificate)
    write_certificate(made.stranger)
    server = await asyncio.start_server(made.take, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        links = tuple(made.links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)


def _context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def write_certificate(file: Path) -> None:
    """Write a certificate that signs itself, with its key."""
    file.write_bytes(b"".join(self_signed("database", LOOPBACK)))
