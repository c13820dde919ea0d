"""Serving a web application on a port until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from booking_http.process import cannot_listen


def _nothing() -> None:
    pass


async def serve_app(
    app: web.Application,
    *,
    host: str,
    port: int,
    patience: float,
    ready: Callable[[], None] = _nothing,
    advice: str = "choose another one",
) -> None:
    """Serve until cancelled, and then give requests under way `patience` seconds to end.

    `ready` is called once the port answers; `advice` is told where it cannot be used.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=patience)
    await runner.setup()
    try:
        await _listen(runner, host, port, advice)
        ready()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int, advice: str) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise cannot_listen(host, port, error, advice=advice) from error
