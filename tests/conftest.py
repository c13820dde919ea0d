"""Fixtures for every test: real servers, a fresh database, a mocked supplier, captured samples."""

import asyncio
import gc
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol, TypeVar

import asyncpg
import pytest
import redis
import structlog
from aiohttp import ClientResponse
from aioresponses import aioresponses
from coverage import Coverage
from hypothesis import HealthCheck, settings
from yarl import URL

from adapters.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.support.report import pytest_configure  # noqa: F401 - pytest looks for hooks by name

ROOT = Path(__file__).resolve().parent.parent
CORE_TESTS = (ROOT / "tests" / "unit" / "core", ROOT / "tests" / "integration" / "engine")
SAMPLES = ROOT.parent / "shared" / "traveltek" / "samples"

# How long an example takes says how busy the machine is, and nothing of the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("short", settings.get_profile("untimed"), max_examples=10)
settings.load_profile("untimed")

Result = TypeVar("Result")
Samples = Callable[[str], Any]
Fill = Callable[[str], Coroutine[Any, Any, None]]
_numbers = count(1)
# Tests start hundreds of Pythons. Where the machine asks for no bytecode, each would compile all
# that it imports again, which costs more than what it is started for.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


class PostgresServer(Protocol):
    """A PostgreSQL in which tests may make databases."""

    @property
    def dsn(self) -> str: ...

    def dsn_of(self, database: str) -> str: ...


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Undo what a command did to the logs of its process, which is that of all tests here."""
    root, ours = logging.getLogger(), structlog.get_config()
    before, level = root.handlers[:], root.level
    yield
    structlog.configure(**ours)
    root.setLevel(level)
    for handler in root.handlers[:]:
        if type(handler) is logging.StreamHandler and handler not in before:
            root.removeHandler(handler)


class GivenPostgres:
    """The server that TEST_DATABASE_URL names; its user must be allowed to create databases."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def dsn_of(self, database: str) -> str:
        return str(URL(self.dsn).with_path(f"/{database}", keep_query=True))


def run_apart(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end in a loop of its own, whatever loop the tests use."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def administer(server: PostgresServer, statement: str) -> None:
    """Run one statement that stands above the databases, such as making one."""
    connection = await asyncpg.connect(server.dsn_of("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


# What stays is much, and what comes and goes is more: looking at all of it as often as Python does
# by itself takes a sixteenth of the suite's time.
gc.set_threshold(20_000, 20, 50)

# Pretty tracebacks with all locals take seconds each, and nobody reads those of a test that passes.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Return the server of TEST_DATABASE_URL, or start one for this run that forgets its data."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield GivenPostgres(given)
        return
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=memory()))
    server = EmbeddedPostgres(folder, durable=False)
    server.start_blocking()
    yield server
    server.stop_blocking()
    shutil.rmtree(folder)


def memory() -> Path | None:
    """Return a folder in memory where there is plenty: thousands of databases come and go."""
    folder = Path("/dev/shm")
    plenty = 8 * 2**30
    return folder if folder.is_dir() and shutil.disk_usage(folder).free > plenty else None


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer) -> Iterator[str]:
    """Migrate one database, from which every test's own is copied, and return its name."""
    from persistence.migrate import upgrade  # noqa: PLC0415 - most tests need no database

    # Two runs against one given server must not take each other's databases away.
    given = isinstance(postgres_server, GivenPostgres)
    name = f"booking_template_{os.getpid()}" if given else "booking_template"
    run_apart(administer(postgres_server, f"CREATE DATABASE {name}"))
    run_apart(upgrade(postgres_server.dsn_of(name)))
    yield name
    run_apart(administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)"))


def copy_of(template: str, name: str) -> str:
    """Return the statement that makes a database like another; files copy faster than pages."""
    return f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"


class Templates:
    """Migrated databases with something in them, each made the first time that it is wanted."""

    def __init__(self, server: PostgresServer, migrated: str) -> None:
        self._server, self._migrated = server, migrated
        self._made: dict[tuple[Fill, date], str] = {}

    def filled(self, fill: Fill) -> str:
        """Return the name of a database that was filled today; sailings are dated from today."""
        key = (fill, datetime.now(UTC).date())
        if key not in self._made:
            self._made[key] = name = f"{self._migrated}_{len(self._made)}"
            run_apart(administer(self._server, copy_of(self._migrated, name)))
            run_apart(fill(self._server.dsn_of(name)))
        return self._made[key]

    def drop(self) -> None:
        """Take them away, which matters on a server that is not ours."""
        for name in self._made.values():
            run_apart(administer(self._server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def templates(postgres_server: PostgresServer, migrated_template: str) -> Iterator[Templates]:
    """Return the databases that tests copy instead of filling one each."""
    made = Templates(postgres_server, migrated_template)
    yield made
    made.drop()


@asynccontextmanager
async def own_copy(server: PostgresServer, template: str) -> AsyncIterator[str]:
    """Make a copy of a database for one test, and return its address."""
    name = f"t_{os.getpid()}_{next(_numbers)}"
    await administer(server, copy_of(template, name))
    yield server.dsn_of(name)
    await administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database_url(
    postgres_server: PostgresServer, migrated_template: str
) -> AsyncIterator[str]:
    """Return the address of a migrated database that belongs to this test alone."""
    async with own_copy(postgres_server, migrated_template) as url:
        yield url


@pytest.fixture
async def empty_database_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """Return the address of a database without any tables, for tests of the migrations."""
    name = f"e_{os.getpid()}_{next(_numbers)}"
    await administer(postgres_server, f"CREATE DATABASE {name}")
    yield postgres_server.dsn_of(name)
    await administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[EmbeddedValkey]:
    """Start a Valkey for this run."""
    folder = Path(tempfile.mkdtemp(prefix="valkey-"))
    server = EmbeddedValkey(folder)
    server.start_blocking()
    yield server
    server.stop_blocking()
    shutil.rmtree(folder)


@pytest.fixture
def redis_url(valkey_server: EmbeddedValkey) -> str:
    """Return the address of a Valkey that is empty."""
    with redis.Redis.from_url(valkey_server.url) as client:
        client.flushall()
    return valkey_server.url


class MockedResponse(ClientResponse):
    """A response that nobody wrote a request for: aiohttp 3.14 asks how much was written."""

    def __init__(self, method: str, url: URL, **kwargs: Any) -> None:
        kwargs.setdefault("stream_writer", SimpleNamespace(output_size=0))
        super().__init__(method, url, **kwargs)


class MockedSupplier(aioresponses):
    """Made-up answers to what a client session asks; servers on this machine stay reachable."""

    def add(self, url: Any, method: str = "GET", *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("response_class", MockedResponse)
        super().add(url, method, *args, **kwargs)


@pytest.fixture
def aioresponses_mock() -> Iterator[aioresponses]:
    """Answer the requests of aiohttp's client with what the test lays down."""
    with MockedSupplier(passthrough=["http://127.0.0.1", "http://localhost"]) as mock:
        yield mock


@pytest.fixture
def samples() -> Samples:
    """Return a loader of the supplier's captured bodies, by file name with or without `.json`."""
    if not SAMPLES.is_dir():
        pytest.skip("the supplier's captured samples do not lie beside this checkout")

    def load(name: str) -> Any:
        return json.loads((SAMPLES / f"{name.removesuffix('.json')}.json").read_text("utf-8"))

    return load


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure coverage during the core's own tests: they reach all of it, and tracing is slow."""
    if any(map(item.path.is_relative_to, CORE_TESTS)):
        return (yield)
    stopped = []
    # A worker of xdist has two, one within the other.
    while (measured := Coverage.current()) is not None:
        measured.stop()
        stopped.append(measured)
    try:
        return (yield)
    finally:
        for measured in reversed(stopped):
            measured.start()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many deaths the crash matrices were made of, and how many were not got over."""
    ended = terminalreporter.stats.get("passed", []), terminalreporter.stats.get("failed", [])
    cells, wrong = (
        [value for report in reports for name, value in report.user_properties if name == "cells"]
        for reports in ended
    )
    if cells or wrong:
        terminalreporter.write_line(f"{sum(cells) + sum(wrong)} cells, {len(wrong)} disagreements")
