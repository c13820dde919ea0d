"""Serving a web application on a port until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web

from booking_http.runtime.connections import ServiceRunner
from booking_http.runtime.process import cannot_listen

_log = structlog.get_logger(__name__)
_LAST_MOMENT: Final = 0.1
"""Seconds between the closing of the port and that of idle connections."""


def _nothing() -> None:
    pass


async def serve_app(
    app: web.Application,
    *,
    host: str,
    port: int,
    operations_port: int | None = None,
    address: Path | None = None,
    patience: float,
    grace: float = 0.0,
    ready: Callable[[], None] = _nothing,
    advice: str = "choose another one",
) -> None:
    """Serve until cancelled, go on for `grace` seconds, and give what is under way `patience`.

    `ready` is called once the ports answer; `advice` is told where one cannot be used. The
    application's shutdown signal is sent when the grace begins and once more when the port is
    closed. With `address`, that of a Unix socket, the process is one of several: it shares its
    ports with them, and tells there about itself alone.
    """
    runner = ServiceRunner(app, patience=patience)
    await runner.setup()
    try:
        for each in (port, *([] if operations_port is None else [operations_port])):
            await _listen(runner, host, each, advice, shared=address is not None)
        if address is not None:
            await web.UnixSite(runner, address).start()
        ready()
        await _until_stopped(app, runner, grace)
    finally:
        await runner.cleanup()


async def _until_stopped(app: web.Application, runner: web.AppRunner, grace: float) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        _log.info("stopping", grace=grace)
        await app.shutdown()
        if grace > 0:
            await asyncio.sleep(grace)
            await _close_quietly(runner)
        raise


async def _close_quietly(runner: web.AppRunner) -> None:
    """Take no new connection, and close those on which nothing is asked."""
    for site in list(runner.sites):
        await site.stop()
    closed, server = asyncio.Event(), runner.server

    def close_idle() -> None:
        if server is not None:
            server.pre_shutdown()
        closed.set()

    # Whoever was let in last has a moment to ask. What has arrived by then is answered, for a timer
    # comes after what the loop reads; aiohttp's own closing would come before, and drop it.
    asyncio.get_running_loop().call_later(_LAST_MOMENT, close_idle)
    await closed.wait()


async def _listen(
    runner: web.AppRunner, host: str, port: int, advice: str, *, shared: bool
) -> None:
    try:
        await web.TCPSite(runner, host, port, reuse_port=shared or None).start()
    except OSError as error:
        raise cannot_listen(host, port, error, advice=advice) from error
