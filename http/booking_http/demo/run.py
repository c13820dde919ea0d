"""Running the demo: every part that the environment does not name is started here."""

from __future__ import annotations

import os
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from adapters.embedded import EmbeddedPostgres, EmbeddedServerError, EmbeddedValkey
from adapters.embedded.server import EmbeddedServer
from adapters.simulator import SimulatorSettings
from booking_http.bootstrap import create_app
from booking_http.demo.home import DemoHome
from booking_http.demo.seed import seed, seed_day
from booking_http.demo.simulator import HOST, SimulatorProcess
from booking_http.demo.staff import console_link
from booking_http.demo.text import welcome
from booking_http.logs import configure_logs
from booking_http.migrating import migrate_database
from booking_http.serving import CannotRun, require_free_port, serve_app
from booking_http.settings import Settings, load_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What may be chosen of a demo."""

    home: Path
    port: int
    simulator_port: int
    latency: float = 1.0
    fresh: bool = False


async def run_demo(options: DemoOptions) -> None:
    """Run the demo until cancelled.

    Raises:
        CannotRun: a port or the folder is in use, or a server does not start.
    """
    _require_ports(options)
    home = DemoHome(options.home)
    with home.taken():
        if options.fresh:
            home.forget()
        try:
            async with AsyncExitStack() as running:
                await _serve(home, await _start(options, home, running), options)
        except EmbeddedServerError as error:
            raise CannotRun(str(error)) from error


def _require_ports(options: DemoOptions) -> None:
    require_free_port(HOST, options.port, advice="choose another with --port or PORT")
    if not _given("TRAVELTEK_BASE_URL"):
        advice = "choose another with --simulator-port or SIMULATOR_PORT"
        require_free_port(HOST, options.simulator_port, advice=advice)


async def _start(options: DemoOptions, home: DemoHome, running: AsyncExitStack) -> Settings:
    """Start what is missing and return the settings that name all of it."""
    found: dict[str, Any] = _defaults(home) | {"app_port": options.port}
    if not _given("DATABASE_URL"):
        postgres = EmbeddedPostgres(home.folder("postgres"))
        await _started(postgres, running)
        found["database_url"] = postgres.dsn
    if not _given("REDIS_URL"):
        valkey = EmbeddedValkey(home.folder("valkey"))
        await _started(valkey, running)
        found["redis_url"] = valkey.url
    if not _given("TRAVELTEK_BASE_URL"):
        simulator = _simulator(home, options)
        await _started(simulator, running)
        found |= _account(simulator)
    return load_settings(**found)


def _simulator(home: DemoHome, options: DemoOptions) -> SimulatorProcess:
    place, port = home.folder("simulator"), options.simulator_port
    return SimulatorProcess(place, port=port, latency=options.latency)


async def _started(server: EmbeddedServer, running: AsyncExitStack) -> None:
    click.echo(f"{server.name:<12}", nl=False)
    begun = perf_counter()
    await running.enter_async_context(server)
    click.echo(f"ready in {perf_counter() - begun:.1f} s")


async def _serve(home: DemoHome, settings: Settings, options: DemoOptions) -> None:
    configure_logs(settings.log_level)
    database_url = settings.database_url.get_secret_value()
    await migrate_database(database_url, settings.app_env, mark_as=None)
    click.echo(f"{'Tables':<12}up to date")
    if not _given("TRAVELTEK_BASE_URL"):
        await _seed(settings, _simulator(home, options))
    console = await console_link(database_url)
    home.publish(database_url=database_url, **_for_commands(settings))
    await serve_app(
        create_app(settings),
        host=HOST,
        port=options.port,
        patience=settings.shutdown_seconds,
        ready=lambda: _welcome(options, console),
    )


def _for_commands(settings: Settings) -> dict[str, str]:
    """Return what other commands need to work on this demo; only its owner can read it."""
    return {
        "master_keys": ",".join(key.get_secret_value() for key in settings.master_keys),
        "hash_key": settings.hash_key.get_secret_value(),
        "traveltek_base_url": settings.traveltek_base_url,
        "traveltek_sid": settings.traveltek_sid,
        "traveltek_username": settings.traveltek_username.get_secret_value(),
        "traveltek_password": settings.traveltek_password.get_secret_value(),
    }


async def _seed(settings: Settings, simulator: SimulatorProcess) -> None:
    day = seed_day(simulator.state_file)
    number = await seed(settings, day=day)
    click.echo(f"{'Catalogue':<12}{number} sailings, dated from {day} (--fresh dates them anew)")


def _welcome(options: DemoOptions, console: str | None) -> None:
    simulated = not _given("TRAVELTEK_BASE_URL")
    simulator = f"http://{HOST}:{options.simulator_port}" if simulated else None
    click.echo(welcome(port=options.port, simulator=simulator, command=_command(), console=console))


def _account(simulator: SimulatorProcess) -> dict[str, str]:
    """Return the settings of the account that the simulator knows."""
    known = SimulatorSettings()
    return {
        "traveltek_base_url": simulator.api,
        "traveltek_sid": known.sid,
        "traveltek_username": known.user,
        "traveltek_password": known.password,
    }


def _defaults(home: DemoHome) -> dict[str, Any]:
    """Return what suits a demo, without what the environment says otherwise."""
    keys = home.keys()
    wanted = {
        "app_env": "development",
        "log_level": "WARNING",
        "shutdown_seconds": 10.0,
        "master_keys": keys.master_key,
        "hash_key": keys.hash_key,
        "spool_dir": str(home.folder("spool")),
    }
    return {name: value for name, value in wanted.items() if not _given(name.upper())}


def _given(name: str) -> bool:
    return bool(os.environ.get(name))


def _command() -> str:
    """Return how this program was called, for the line to paste."""
    return sys.argv[0] if Path(sys.argv[0]).name == "booking-flow" else "booking-flow"
