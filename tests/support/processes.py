"""Real service processes for tests: started, killed, and talked to over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, web
from pydantic import SecretStr
from yarl import URL

from booking_http.settings import Settings
from tests.conftest import ROOT
from tests.support.forking import Forker
from tests.support.ports import free_port
from tests.support.service import Service, Simulator, settings_for
from tests.support.waiting import PATIENCE


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a process with these settings."""
    path = os.pathsep.join((str(ROOT), str(ROOT / "http")))
    return {**os.environ, "PYTHONPATH": path, **variables(settings)}


def variables(settings: Settings) -> dict[str, str]:
    """Return what the environment says of these settings."""
    return {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value() if settings.redis_url else "",
        "MASTER_KEYS": ",".join(key.get_secret_value() for key in settings.master_keys),
        "HASH_KEY": settings.hash_key.get_secret_value(),
        "HASH_KEYS_OLDER": _listed(settings.hash_keys_older),
        "SEARCH_KEYS": _listed(settings.search_keys),
        "TRAVELTEK_BASE_URL": settings.traveltek_base_url,
        "TRAVELTEK_SID": settings.traveltek_sid,
        "TRAVELTEK_USERNAME": settings.traveltek_username.get_secret_value(),
        "TRAVELTEK_PASSWORD": settings.traveltek_password.get_secret_value(),
        "TRAVELTEK_TIME_SCALE": str(settings.traveltek_time_scale),
        "LOG_LEVEL": settings.log_level,
        "DRAIN_SECONDS": str(settings.drain_seconds),
        "WORKER": str(settings.worker),
        "PAYMENT_CHANNEL": settings.payment_channel,
        "PAY_LATER": str(settings.pay_later),
        "SPOOL_DIR": settings.spool_dir or "",
        "JOURNAL_DIR": settings.journal_dir or "",
        "BACK_OFFICE_URL": settings.back_office_url or "",
    }


def _listed(keys: Sequence[SecretStr]) -> str:
    return json.dumps([key.get_secret_value() for key in keys]) if keys else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What an observer is told of whom.

    They die at the n-th time a moment comes, find the database away the first times it comes, or
    find that somebody else commits just before them.
    """

    doomed: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    outages: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    rivals: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    how: signal.Signals = signal.SIGKILL
    log: Path | None = None
    """Where it is written who died, and if `traced` every moment."""
    traced: bool = False


@cache
def forker() -> Forker:
    """Return the process that forks; what it is told of settings holds until a fork has its own."""
    settings = settings_for(
        database_url="postgresql://127.0.0.1:1/none", supplier_url="http://127.0.0.1:1"
    )
    return Forker("tests.acceptance.watched_service", environment(settings))


@dataclass(slots=True, kw_only=True)
class Nursery:
    """Starts watched processes over one database and one supplier."""

    environ: Mapping[str, str]
    http: ClientSession
    simulator: Simulator
    children: list[int]

    async def start(
        self, fate: Fate | None = None, environ: Mapping[str, str] | None = None
    ) -> Service:
        """Start a service with this fate, and wait until it answers."""
        port = free_port()
        await self.fork("serve", fate or Fate(), environ or {}, port=port)
        url = URL(f"http://127.0.0.1:{port}/")
        await answering(self.http, url)
        return Service(app=web.Application(), url=url, http=self.http, simulator=self.simulator)

    async def fork(
        self, does: str, fate: Fate, environ: Mapping[str, str], *, port: int = 0
    ) -> int:
        """Start a process with these settings of its own, and return its id."""
        observer = {
            "doomed": dict(fate.doomed),
            "outages": dict(fate.outages),
            "rivals": dict(fate.rivals),
            "how": int(fate.how),
            "log": str(fate.log) if fate.log else None,
            "traced": fate.traced,
        }
        own = {**self.environ, **environ}
        order = {"does": does, "port": port, "environ": own, "observer": observer}
        child = await asyncio.to_thread(lambda: forker().fork(order))
        self.children.append(child)
        return child

    def kill(self) -> None:
        """Kill every process started here that still runs."""
        while self.children:
            with suppress(ProcessLookupError):
                os.kill(self.children.pop(), signal.SIGKILL)


async def answering(http: ClientSession, url: URL) -> None:
    """Wait until a service answers."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(ClientError):
                async with http.get(url / "livez"):
                    return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def nursery(
    database_url: str, simulator: Simulator, **changes: Any
) -> AsyncIterator[Nursery]:
    """Let services be forked on demand, and leave none of them behind."""
    settings = settings_for(database_url=database_url, supplier_url=simulator.api, **changes)
    async with ClientSession() as http:
        made = Nursery(environ=variables(settings), http=http, simulator=simulator, children=[])
        try:
            yield made
        finally:
            made.kill()


@asynccontextmanager
async def serving(settings: Settings, simulator: Simulator, log: Path) -> AsyncIterator[Service]:
    """Run `booking-flow serve` as operators do, with all it prints in `log`."""
    port = free_port()
    env = environment(settings) | {"APP_PORT": str(port)}
    with log.open("wb") as printed:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "booking_http.cli",
            "serve",
            cwd=ROOT,
            env=env,
            stdout=printed,
            stderr=printed,
        )
    url = URL(f"http://127.0.0.1:{port}/")
    async with ClientSession() as http:
        try:
            await answering(http, url)
            yield Service(app=web.Application(), url=url, http=http, simulator=simulator)
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
