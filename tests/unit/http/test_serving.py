"""Closing the port and the silent connections, once the grace of a stop is over."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import web

from booking_http.runtime.server import serve_app
from tests.support.ports import free_port

GRACE = 0.3
ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def _answer(_: web.Request) -> web.Response:
    return web.Response(text="answered")


@asynccontextmanager
async def stopping(grace: float) -> AsyncIterator[tuple[socket.socket, asyncio.Task[None]]]:
    """Begin to stop a server on which one silent connection is open."""
    app, port, ready = web.Application(), free_port(), asyncio.Event()
    app.router.add_get("/", _answer)
    serving = serve_app(app, host="127.0.0.1", port=port, patience=5, grace=grace, ready=ready.set)
    task = asyncio.create_task(serving)
    await ready.wait()
    with socket.create_connection(("127.0.0.1", port)) as silent:
        await asyncio.sleep(0.05)
        task.cancel()
        yield silent, task
        with suppress(asyncio.CancelledError):
            await task
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


async def test_what_arrives_on_a_silent_connection_before_it_is_closed_is_answered() -> None:
    """The port is closed already, and a busy loop reads the request when the closing is due."""

    def ask_a_busy_loop() -> None:
        silent.sendall(ASK)
        time.sleep(0.2)

    async with stopping(GRACE) as (silent, task):
        asyncio.get_running_loop().call_later(GRACE + 0.05, ask_a_busy_loop)
        await asyncio.wait([task])
        silent.settimeout(5)
        assert silent.recv(1000).endswith(b"answered")


async def test_a_silent_connection_stays_open_for_the_grace_and_not_longer() -> None:
    async with stopping(GRACE) as (silent, task):
        begun = time.monotonic()
        assert await asyncio.to_thread(silent.recv, 1000) == b""
        assert GRACE <= time.monotonic() - begun < GRACE + 2
        await asyncio.wait([task])


async def test_without_a_grace_a_stop_closes_at_once() -> None:
    async with stopping(0) as (silent, task):
        begun = time.monotonic()
        await asyncio.wait([task])
        assert silent.recv(1000) == b""
        assert time.monotonic() - begun < 1
