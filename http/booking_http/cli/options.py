"""What a command works on: what the environment names or, without that, a demo that runs here."""

# ruff: noqa: PLC0415 - commands import what they need, so that `--help` is quick.

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from booking_http.settings import Settings

HOME: Final = Path(".booking-flow")
FOLDER: Final = click.Path(file_okay=False, path_type=Path)
home_option: Final = click.option(
    "--home", type=FOLDER, default=HOME, show_default=True, help="A demo's folder."
)
"""Which demo a command works on, where the environment names no database."""


def database_url(home: Path) -> str:
    """Return the database to talk to.

    Raises:
        CannotRun: neither is there.
        SettingsError: the environment names one that cannot be.
    """
    from booking_http.demo.home import DemoHome
    from booking_http.runtime.process import CannotRun
    from booking_http.settings import load_database_settings

    given = load_database_settings().database_url
    found = given.get_secret_value() if given else DemoHome(home).database_url()
    if found is None:
        raise CannotRun(f"DATABASE_URL is not set, and no demo runs in {home}")
    return found


def settings(home: Path) -> Settings:
    """Return the settings of the service to work on.

    Raises:
        CannotRun: no database is named and no demo runs.
        SettingsError: the environment names a database and not all the rest.
    """
    from booking_http.demo.home import DemoHome
    from booking_http.setting_files import is_given
    from booking_http.settings import load_settings

    if is_given("DATABASE_URL"):
        return load_settings()
    database_url(home)
    return load_settings(**DemoHome(home).settings())
