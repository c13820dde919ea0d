"""What syncs and imports need of the environment, where they are remembered, and repeating them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Final, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.catalogue.layout import CRUISES, OWN, BadLayout, Layout, layout_of
from adapters.catalogue.ledger import Ledger
from booking_http.process import CannotRun
from booking_http.settings import DatabaseUrl, Names, Numbers, SettingsError, explain
from persistence.database import create_engine
from persistence.identity import read_mark
from persistence.sync_runs import PostgresSyncRuns

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
NOT_REMEMBERED: Final = (
    "nothing remembers this run, since the target has none of our tables and DATABASE_URL is not "
    "set: if it is killed, the next one begins at the beginning"
)


class SyncSettings(BaseSettings):
    """What the environment says of catalogues; far less than a service needs."""

    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, env_ignore_empty=True
    )

    database_url: DatabaseUrl | None = None
    catalogue_url: DatabaseUrl | None = None
    catalogue_layout: Literal["own", "cruises"] = "own"
    catalogue_schema: str | None = None
    catalogue_columns: Names | None = None
    live_lines: Numbers = frozenset({22, 3})
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")

    def layouts(self) -> tuple[Layout, ...]:
        """Return how a catalogue's tables may be called, the likeliest first."""
        try:
            named = layout_of(
                self.catalogue_layout, schema=self.catalogue_schema, names=self.catalogue_columns
            )
        except BadLayout as error:
            raise CannotRun(f"CATALOGUE_COLUMNS: {error}") from error
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

    def target(self, given: str | None) -> str:
        """Return the catalogue's database, unless another one is given."""
        found = self.catalogue_url or self.database_url
        if given is None and found is None:
            raise CannotRun("say where to with --to, or set CATALOGUE_URL or DATABASE_URL")
        return given or (found.get_secret_value() if found else "")


def load_sync_settings() -> SyncSettings:
    """Read the environment.

    Raises:
        SettingsError: a setting cannot be understood.
    """
    try:
        return SyncSettings()
    except ValidationError as error:
        raise SettingsError(explain(error)) from None


@asynccontextmanager
async def remembered(target: str, settings: SyncSettings) -> AsyncIterator[Ledger | None]:
    """Open the record of runs: beside the catalogue where that is ours, else in DATABASE_URL."""
    async with AsyncExitStack() as opened:
        for url in dict.fromkeys((target, settings.ours() or target)):
            engine = create_engine(url, pool_size=1, application_name="booking-flow catalogue")
            opened.push_async_callback(engine.dispose)
            if await (runs := PostgresSyncRuns(engine)).kept():
                yield runs
                return
        yield None


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


async def again_and_again(work: Callable[[], Awaitable[None]], *, every: timedelta) -> None:
    """Do something now and then at regular intervals, until cancelled."""
    while True:
        began = time.monotonic()
        await work()
        await asyncio.sleep(max(0.0, every.total_seconds() - (time.monotonic() - began)))
