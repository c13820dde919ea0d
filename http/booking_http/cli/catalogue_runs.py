"""What syncs and imports need of the environment, where they are remembered, and repeating them."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from adapters.catalogue.copy_connections import connected
from adapters.catalogue.layout import CRUISES, OWN, Layout, layout_of
from adapters.catalogue.run_log import Ledger
from adapters.catalogue.transfer import PASSING
from booking_http.demo.home import DemoHome
from booking_http.runtime.connection_errors import catalogue_name, database_name, named
from booking_http.runtime.process import CannotRun
from booking_http.setting_types import Columns, Currency, DatabaseUrl, Numbers
from booking_http.settings import FromEnvironment, load
from persistence.database import create_engine
from persistence.environment_mark import read_mark
from persistence.sync_runs import PostgresSyncRuns

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
NOT_REMEMBERED: Final = (
    "nothing remembers this run, since the target has none of our tables and DATABASE_URL is not "
    "set: if it is killed, the next one begins at the beginning"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """A database that sailings come from or go to, and what it is called when it says no."""

    url: str = field(repr=False)
    name: str

    @classmethod
    def named(cls, url: str, option: str) -> RunEnd:
        """Return a database that an option names, or the variable that stands for the option."""
        variable = f"SYNC_{option.upper()}"
        return cls(url=url, name=variable if os.environ.get(variable) else f"--{option}")


class SyncSettings(FromEnvironment):
    """What the environment says of catalogues; far less than a service needs."""

    database_url: DatabaseUrl | None = None
    catalogue_url: DatabaseUrl | None = None
    catalogue_layout: Literal["own", "cruises"] = "own"
    catalogue_schema: str | None = None
    catalogue_columns: Columns = None
    live_lines: Numbers = frozenset({22, 3})
    currency: Currency = "USD"

    def layouts(self) -> tuple[Layout, ...]:
        """Return how a catalogue's tables may be called, the likeliest first."""
        named = layout_of(
            self.catalogue_layout, schema=self.catalogue_schema, names=self.catalogue_columns
        )
        return (named, OWN, CRUISES)

    def fills(self) -> dict[str, str]:
        """Return what stands in for what a source lacks and a target demands."""
        return {
            "sailings.active": "true",
            "sailings.ports": "[]",
            "sailings.currency": self.currency,
        }

    def ours(self) -> str | None:
        """Return the booking database."""
        return self.database_url.get_secret_value() if self.database_url else None

    def target(self, given: str | None, home: Path) -> RunEnd:
        """Return the catalogue's database, unless another one is given."""
        if given is not None:
            return RunEnd.named(given, "to")
        found = self.catalogue_url or self.database_url
        url = found.get_secret_value() if found else DemoHome(home).database_url()
        if url is None:
            raise CannotRun(
                "say where to with --to, or set CATALOGUE_URL or DATABASE_URL;"
                f" no demo runs in {home}"
            )
        return RunEnd(url=url, name=catalogue_name())


def load_sync_settings() -> SyncSettings:
    """Read the environment.

    Raises:
        SettingsError: a setting cannot be understood.
    """
    return load(SyncSettings)


@asynccontextmanager
async def remembered(end: RunEnd, settings: SyncSettings) -> AsyncIterator[Ledger | None]:
    """Open the record of runs: beside the catalogue where that is ours, else in DATABASE_URL."""
    places = {end.url: end.name}
    if (ours := settings.ours()) is not None:
        places.setdefault(ours, database_name())
    async with AsyncExitStack() as opened:
        for url, name in places.items():
            engine = create_engine(url, pool_size=1, application_name="booking-flow catalogue")
            opened.push_async_callback(engine.dispose)
            runs = PostgresSyncRuns(engine)
            with named(name):
                kept = await runs.kept()
            if kept:
                yield runs
                return
        yield None


async def reach(end: RunEnd) -> None:
    """Connect once, so that a definite no is told by its name; what may pass is left to the sync.

    Raises:
        CannotRun: the database said no.
    """
    with suppress(*PASSING), named(end.name):
        async with connected(end.url, called="booking-flow catalogue", read_only=True):
            return


async def environment_of(url: str) -> str | None:
    """Return which world a database says it belongs to, if it says so."""
    engine = create_engine(url, pool_size=1, application_name="booking-flow catalogue")
    try:
        mark = await read_mark(engine)
    finally:
        await engine.dispose()
    return None if mark is None else mark.app_env.value


def duration(words: str) -> timedelta:
    """Return how long `24h`, `30m` or `1d` is.

    Raises:
        ValueError: it is none of these.
    """
    found = re.fullmatch(r"(\d+)\s*([smhd])", words.strip())
    if found is None or not int(found[1]):
        raise ValueError("a time such as 24h, 90m or 1d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


async def repeat(work: Callable[[], Awaitable[None]], *, every: timedelta) -> None:
    """Do something now and then at regular intervals, until cancelled."""
    while True:
        began = time.monotonic()
        await work()
        await asyncio.sleep(max(0.0, every.total_seconds() - (time.monotonic() - began)))
