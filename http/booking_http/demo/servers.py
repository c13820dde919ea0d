"""What a demo starts beside the service: PostgreSQL, Valkey and the supplier, all at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import click

from adapters.embedded import EmbeddedPostgres, EmbeddedServerError, EmbeddedValkey
from adapters.embedded.server import EmbeddedServer
from booking_http.demo.home import DemoHome
from booking_http.demo.simulator import HOST, SimulatorProcess
from booking_http.runtime.process import CannotRun, require_free_port

PATIENCE: Final = 5.0
"""Seconds after which the demo says what it is still waiting for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What may be chosen of a demo."""

    home: Path
    port: int
    simulator_port: int
    latency: float = 1.0
    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """What was started; what the environment names instead is None."""

    postgres: EmbeddedPostgres | None
    valkey: EmbeddedValkey | None
    simulator: SimulatorProcess | None

    def started(self) -> tuple[EmbeddedServer, ...]:
        """Return those that are there, the slowest first."""
        each = (self.postgres, self.simulator, self.valkey)
        return tuple(server for server in each if server is not None)


def given(name: str) -> bool:
    """Say whether the environment has a setting."""
    return bool(os.environ.get(name))


def require_ports(options: DemoOptions) -> None:
    """Refuse before anything is started when a port is taken.

    Raises:
        CannotRun: it is in use, or we may not use it.
    """
    require_free_port(HOST, options.port, advice="choose another with --port or PORT")
    if not given("TRAVELTEK_BASE_URL"):
        advice = "choose another with --simulator-port or SIMULATOR_PORT"
        require_free_port(HOST, options.simulator_port, advice=advice)


@asynccontextmanager
async def running_servers(options: DemoOptions, home: DemoHome) -> AsyncIterator[Servers]:
    """Start what the environment does not name, side by side, and stop it in the end.

    Raises:
        CannotRun: one of them does not start; the message has the end of its log.
    """
    servers = _servers(options, home)
    async with AsyncExitStack() as running:
        try:
            async with asyncio.TaskGroup() as starting:
                tasks = {
                    server.name: starting.create_task(_start(server, running))
                    for server in servers.started()
                }
                starting.create_task(_report(tasks))
        except ExceptionGroup as failed:
            # Before Python 3.11.4 what is raised in an `except*` is a group again.
            expected, others = failed.split(EmbeddedServerError)
            if expected is None or others is not None:
                raise
            raise CannotRun(str(expected.exceptions[0])) from failed
        yield servers


def _servers(options: DemoOptions, home: DemoHome) -> Servers:
    return Servers(
        postgres=None if given("DATABASE_URL") else EmbeddedPostgres(home.folder("postgres")),
        valkey=None if given("REDIS_URL") else EmbeddedValkey(home.folder("valkey")),
        simulator=None
        if given("TRAVELTEK_BASE_URL")
        else SimulatorProcess(
            home.folder("simulator"), port=options.simulator_port, latency=options.latency
        ),
    )


async def _start(server: EmbeddedServer, running: AsyncExitStack) -> None:
    begun = perf_counter()
    await running.enter_async_context(server)
    click.echo(f"{server.name:<12}ready in {perf_counter() - begun:.1f} s")


async def _report(tasks: Mapping[str, asyncio.Task[None]]) -> None:
    """Say every few seconds what is still to come, until nothing is."""
    while pending := [task for task in tasks.values() if not task.done()]:
        await asyncio.wait(pending, timeout=PATIENCE)
        if waiting := [name for name, task in tasks.items() if not task.done()]:
            click.echo(f"waiting for {' and '.join(waiting)}")
