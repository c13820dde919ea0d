"""The ground that measurements and storms stand on: real servers, real processes, a seeded shop."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from sqlalchemy import text
from yarl import URL

from adapters.embedded import EmbeddedPostgres, EmbeddedValkey
from booking_http.settings import Settings
from persistence.clock import set_clock_offset
from persistence.database import Database, create_engine, execute
from persistence.migrate import upgrade
from tests.conftest import ROOT
from tests.support.ports import free_port
from tests.support.processes import answering, environment
from tests.support.service import Simulator, seed_catalogue, settings_for

Result = TypeVar("Result")
PLENTY = 1_000_000
"""Cabins of every grade, so that nothing is ever sold out for want of cabins."""
PATIENCE = 25.0
"""Seconds a web shop waits for an answer before it asks again."""


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end; a request to stop, by whichever signal, still removes what was started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return asyncio.run(work)


class Program:
    """One of our own programs in a process of its own, which can be killed and frozen.

    It runs the code that lies in `folder`, which is this checkout's unless told otherwise.
    """

    def __init__(
        self,
        *arguments: str,
        log: Path,
        environ: Mapping[str, str] | None = None,
        folder: Path = ROOT,
    ) -> None:
        self._command = (sys.executable, "-m", *arguments)
        self._environ = dict(environ or os.environ)
        self._folder = folder
        self.log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int:
        """Return its number while it runs."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it; what it prints is added to its log."""
        with self.log.open("ab") as printed:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, cwd=self._folder, env=self._environ, stdout=printed, stderr=printed
            )

    async def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it by a signal, and see it gone; SIGKILL is how a crash looks."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.send_signal(number)
            await process.wait()

    async def gone(self) -> int:
        """Wait until it has ended, and return how."""
        assert self._process is not None
        code = await self._process.wait()
        self._process = None
        return code

    def send(self, number: signal.Signals) -> None:
        """Send a signal, and do not wait for what comes of it."""
        if self._process is not None:
            self._process.send_signal(number)


@dataclass(slots=True, kw_only=True)
class Ground:
    """Servers, supplier and sailings that services can run on, and the two clocks."""

    folder: Path
    postgres: EmbeddedPostgres
    dsn: str
    valkey: EmbeddedValkey
    simulator: Simulator
    supplier: Program
    """The simulator's process."""
    database: Database
    http: ClientSession
    ahead: timedelta = timedelta()

    def settings(self, **changes: Any) -> Settings:
        """Return the settings of a service on this ground."""
        usual = {"redis_url": self.valkey.url, "database_pool_size": 10, "log_level": "WARNING"}
        return settings_for(
            database_url=self.dsn, supplier_url=self.simulator.api, **usual | changes
        )

    async def advance(self, by: timedelta) -> None:
        """Move the database's clock and the supplier's forward together."""
        self.ahead += by
        await set_clock_offset(self.database, self.ahead)
        await self.simulator.control("clock", advanceSeconds=by.total_seconds())


@asynccontextmanager
async def standing(*, supplier_remembers: bool = False) -> AsyncIterator[Ground]:
    """Start everything a service needs, and remove it without a trace.

    A supplier that remembers can be started anew; it writes its memory down at every call.
    """
    folder = Path(tempfile.mkdtemp(prefix="ground-"))
    async with AsyncExitStack() as opened:
        opened.callback(shutil.rmtree, folder, ignore_errors=True)
        postgres = await opened.enter_async_context(EmbeddedPostgres(folder / "postgres"))
        valkey = await opened.enter_async_context(EmbeddedValkey(folder / "valkey"))
        http = await opened.enter_async_context(
            ClientSession(connector=TCPConnector(limit=0), timeout=ClientTimeout(PATIENCE))
        )
        await upgrade(postgres.dsn)
        await seed_catalogue(postgres.dsn)
        database = create_engine(postgres.dsn, pool_size=4, statement_timeout=120)
        opened.push_async_callback(database.dispose)
        simulator, supplier = await _supplier(folder, http, opened, remembers=supplier_remembers)
        yield Ground(
            folder=folder,
            postgres=postgres,
            dsn=postgres.dsn,
            valkey=valkey,
            simulator=simulator,
            supplier=supplier,
            database=database,
            http=http,
        )


@asynccontextmanager
async def beside(ground: Ground, name: str) -> AsyncIterator[Ground]:
    """Make another database on the same servers, with tables and sailings of its own."""
    async with blank(ground, name) as made:
        await upgrade(made.dsn)
        await seed_catalogue(made.dsn)
        yield made


@asynccontextmanager
async def blank(ground: Ground, name: str) -> AsyncIterator[Ground]:
    """Make another database on the same servers, without any tables."""
    await execute(ground.database, text(f"CREATE DATABASE {name}"))
    dsn = ground.postgres.dsn_of(name)
    database = create_engine(dsn, pool_size=4, statement_timeout=120)
    try:
        yield replace(ground, dsn=dsn, database=database)
    finally:
        await database.dispose()


async def _supplier(
    folder: Path, http: ClientSession, opened: AsyncExitStack, *, remembers: bool
) -> tuple[Simulator, Program]:
    port = free_port()
    memory = ("--state-file", str(folder / "supplier.json")) if remembers else ()
    options = ("simulator", "--port", str(port), "--latency", "0", *memory)
    program = Program("booking_http.cli", *options, log=folder / "simulator.log")
    opened.push_async_callback(program.end)
    simulator = Simulator(URL(f"http://127.0.0.1:{port}/"), http)
    await start_supplier(program, simulator)
    return simulator, program


async def start_supplier(program: Program, simulator: Simulator) -> None:
    """Start the supplier, with cabins for everyone, and wait until it answers."""
    await program.start()
    await answering(simulator.http, simulator.base)
    await simulator.control("policy", cabins_per_grade=PLENTY)


@dataclass(slots=True, kw_only=True)
class Server:
    """A `booking-flow serve` that keeps its address over restarts."""

    program: Program
    url: URL
    http: ClientSession

    async def start(self) -> None:
        """Start it and wait until it answers."""
        await self.program.start()
        await answering(self.http, self.url)


def server(
    ground: Ground, number: int, *, also: Mapping[str, str] | None = None, **changes: Any
) -> Server:
    """Return a server that is not started yet; its log lies beside the data.

    `also` is what its environment has beside the settings that are changed.
    """
    port = free_port()
    environ = environment(ground.settings(**changes)) | {"APP_PORT": str(port)} | dict(also or {})
    for name in ("worker_poll_seconds", "worker_concurrency"):
        if name in changes:
            environ[name.upper()] = str(changes[name])
    log = ground.folder / f"server-{number}.log"
    program = Program("booking_http.cli", "serve", log=log, environ=environ)
    return Server(program=program, url=URL(f"http://127.0.0.1:{port}/"), http=ground.http)
