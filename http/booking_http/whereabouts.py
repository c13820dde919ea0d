"""What a command works on: what the environment names or, without that, a demo that runs here."""

# ruff: noqa: PLC0415 - commands import what they need, so that `--help` is quick.

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from booking_http.settings import Settings
    from persistence.identity import AppEnv


HOME: Final = Path(".booking-flow")
FOLDER: Final = click.Path(file_okay=False, path_type=Path)
home_option: Final = click.option(
    "--home", type=FOLDER, default=HOME, show_default=True, help="A demo's folder."
)
"""Which demo a command works on, where the environment names no database."""


def database_url(home: Path | None = None) -> str:
    """Return the database to talk to.

    Raises:
        CannotRun: neither is there, or what is there leads nowhere.
    """
    from adapters.postgres.address import read_address
    from adapters.postgres.words import BadAddress
    from booking_http.demo.home import DemoHome
    from booking_http.process import CannotRun

    found = os.environ.get("DATABASE_URL") or (DemoHome(home).database_url() if home else None)
    if found is None:
        running = f", and no demo runs in {home}" if home else ""
        raise CannotRun(f"DATABASE_URL is not set{running}")
    try:
        read_address(found)
    except BadAddress as error:
        raise CannotRun(f"DATABASE_URL: {error}") from None
    return found


def app_env() -> AppEnv:
    """Return the world that the environment declares.

    Raises:
        CannotRun: it is none of ours.
    """
    from booking_http.process import CannotRun
    from persistence.identity import AppEnv

    declared = os.environ.get("APP_ENV") or AppEnv.DEVELOPMENT.value
    if declared not in set(AppEnv):
        raise CannotRun(f"APP_ENV must be one of {', '.join(AppEnv)}")
    return AppEnv(declared)


def settings(home: Path) -> Settings:
    """Return the settings of the service to work on.

    Raises:
        CannotRun: no database is named and no demo runs.
        SettingsError: the environment names a database and not all the rest.
    """
    from booking_http.demo.home import DemoHome
    from booking_http.settings import load_settings

    if os.environ.get("DATABASE_URL"):
        return load_settings()
    database_url(home)
    return load_settings(**DemoHome(home).settings())
