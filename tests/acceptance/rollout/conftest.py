"""The fixtures of a whole service, as the HTTP tests use them, and of processes that serve it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, TCPConnector
from yarl import URL

from tests.integration.http.conftest import seeded_url, simulator
from tests.support.ports import free_port
from tests.support.processes import environment
from tests.support.service import Simulator, settings_for
from tests.support.testbed import Program, Server
from tests.support.waiting import slowness

__all__ = ["GRACE", "Start", "http", "seeded_url", "simulator", "start"]

GRACE = 2.0 * slowness()
"""Seconds that a process goes on serving; a slow machine needs more to ask anything meanwhile."""
Start = Callable[..., Awaitable[Server]]


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    """Ask on one kept-alive connection, and never a second time in silence."""
    async with ClientSession(connector=TCPConnector(limit=1)) as made:
        made._retry_connection = False
        yield made


@pytest.fixture
async def start(simulator: Simulator, tmp_path: Path) -> AsyncIterator[Start]:
    """Return what starts `booking-flow serve` over a database, with a worker and a grace."""
    async with AsyncExitStack() as running, ClientSession() as starting:

        async def make(
            database_url: str,
            *,
            also: Mapping[str, str] | None = None,
            wait: bool = True,
            **changes: Any,
        ) -> Server:
            usual = {"drain_seconds": GRACE, "worker": True, "log_level": "INFO"}
            settings = settings_for(
                database_url=database_url, supplier_url=simulator.api, **usual | changes
            )
            port = free_port()
            environ = environment(settings) | {"APP_PORT": str(port)} | dict(also or {})
            log = tmp_path / f"{port}.log"
            program = Program("booking_http.cli", "serve", log=log, environ=environ)
            running.push_async_callback(program.end)
            made = Server(program=program, url=URL(f"http://127.0.0.1:{port}/"), http=starting)
            await (made.start() if wait else program.start())
            return made

        yield make
