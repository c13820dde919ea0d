"""The demo's service: its settings, its tables, its sailings, and who may use its console."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from adapters.simulator import SimulatorSettings
from adapters.simulator.images import add_pictures
from booking_http.app import create_app
from booking_http.demo.home import DemoHome
from booking_http.demo.ribbon import ribbon
from booking_http.demo.seed import seed, seed_day
from booking_http.demo.servers import DemoOptions, Servers, given
from booking_http.demo.simulator import HOST, PICTURES, SimulatorProcess
from booking_http.demo.staff import console_link
from booking_http.demo.text import welcome
from booking_http.runtime.logs import configure_logs
from booking_http.runtime.migration import migrate_database
from booking_http.runtime.server import serve_app
from booking_http.settings import Settings, load_settings
from booking_http.shop.pages import RIBBON


async def serve_demo(options: DemoOptions, home: DemoHome, servers: Servers) -> None:
    """Serve on top of the servers until cancelled.

    Raises:
        CannotRun: the port is in use, or the database belongs to another environment.
        SettingsError: the environment names something that cannot be used.
    """
    settings = load_settings(**_defaults(home, options), **_addresses(servers))
    configure_logs(settings.log_level)
    app = create_app(settings)
    add_pictures(app, below=PICTURES)
    app[RIBBON] = ribbon()
    database_url = settings.database_url.get_secret_value()
    await migrate_database(database_url, settings.app_env, mark_as=None)
    click.echo(f"{'Tables':<12}up to date")
    if servers.simulator is not None:
        day = seed_day(servers.simulator.state_file)
        number = await seed(settings, day=day)
        click.echo(
            f"{'Catalogue':<12}{number} sailings, dated from {day} (--fresh dates them anew)"
        )
    console = await console_link(database_url)
    home.publish(_for_commands(settings))
    await serve_app(
        app,
        host=HOST,
        port=options.port,
        operations_port=settings.operations_port,
        patience=settings.shutdown_seconds,
        grace=settings.drain_seconds,
        ready=lambda: click.echo(_welcome(options, servers, console)),
    )


def _addresses(servers: Servers) -> dict[str, str]:
    """Return the settings that lead to what was started."""
    found: dict[str, str] = {}
    if servers.postgres:
        found["database_url"] = servers.postgres.dsn
    if servers.valkey:
        found["redis_url"] = servers.valkey.url
    if servers.simulator:
        found |= _account(servers.simulator)
    return found


def _account(simulator: SimulatorProcess) -> dict[str, str]:
    """Return the settings of the account that the simulator knows."""
    known = SimulatorSettings()
    return {
        "traveltek_base_url": simulator.api,
        "traveltek_sid": known.sid,
        "traveltek_username": known.user,
        "traveltek_password": known.password,
    }


def _for_commands(settings: Settings) -> Mapping[str, str]:
    """Return what other commands need to work on this demo; only its owner can read it."""
    redis = settings.redis_url
    return {
        "database_url": settings.database_url.get_secret_value(),
        **({"redis_url": redis.get_secret_value()} if redis else {}),
        "master_keys": ",".join(key.get_secret_value() for key in settings.master_keys),
        "hash_key": settings.hash_key.get_secret_value(),
        "hash_keys_older": json.dumps([key.get_secret_value() for key in settings.hash_keys_older]),
        "search_keys": json.dumps([key.get_secret_value() for key in settings.search_keys]),
        "traveltek_base_url": settings.traveltek_base_url,
        "traveltek_sid": settings.traveltek_sid,
        "traveltek_username": settings.traveltek_username.get_secret_value(),
        "traveltek_password": settings.traveltek_password.get_secret_value(),
        **({"spool_dir": settings.spool_dir} if settings.spool_dir else {}),
        **({"journal_dir": settings.journal_dir} if settings.journal_dir else {}),
    }


def _welcome(options: DemoOptions, servers: Servers, console: str | None) -> str:
    simulator = f"http://{HOST}:{options.simulator_port}" if servers.simulator else None
    return welcome(port=options.port, simulator=simulator, command=_command(), console=console)


def _defaults(home: DemoHome, options: DemoOptions) -> dict[str, Any]:
    """Return what suits a demo, without what the environment says otherwise."""
    keys, known = home.keys(), SimulatorSettings()
    wanted = {
        "app_env": "development",
        "log_level": "WARNING",
        "drain_seconds": 0.0,
        "shutdown_seconds": 10.0,
        "master_keys": keys.master_key,
        "hash_key": keys.hash_key,
        "spool_dir": str(home.folder("spool")),
        "journal_dir": str(home.folder("journal")),
        "shop": True,
        "balance_by_card": True,
        "terms_field": known.terms_member,
        "shop_name": "Harbour & Tide",
        "help_phone": "+1 305 555 0199",
        "help_hours": "every day 08:00 to 20:00 Eastern time",
        "help_email": "help@harbour.example",
    }
    found = {name: value for name, value in wanted.items() if not given(name.upper())}
    return found | {"app_port": options.port}


def _command() -> str:
    """Return how this program was called, for the line to paste."""
    return sys.argv[0] if Path(sys.argv[0]).name == "booking-flow" else "booking-flow"
