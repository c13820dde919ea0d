"""Whoever listens goes on, whatever happens to the connection, and says when it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

import asyncpg
import pytest
from asyncpg.exceptions import ProtocolError, TargetServerAttributeNotMatched
from structlog.testing import capture_logs

from adapters.backoff import Backoff
from adapters.postgres.address import read_address
from adapters.postgres.connection import Connection, Connector
from booking_http.runtime.listener import Listener, Subscription
from tests.support.tcp_proxy import Network, network
from tests.support.waiting import eventually

CHANNEL = "booking_session"


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("booking_http.runtime.listener._BACKOFF", Backoff(first=0.05, longest=0.05))
    monkeypatch.setattr("booking_http.runtime.listener.PULSE_SECONDS", 0.2)


@dataclass(slots=True)
class Listening:
    """What was heard, and how often the connection came and went."""

    listener: Listener = field(init=False)
    heard: list[str] = field(default_factory=list)
    came: int = 0
    went: int = 0
    broke: int = 0

    def connected(self) -> None:
        self.came += 1

    def lost(self) -> None:
        self.went += 1

    def broken(self) -> None:
        self.broke += 1

    async def is_connected(self, times: int = 1) -> None:
        async def enough() -> bool:
            return self.came >= times and not self.listener.deaf()

        await eventually(enough, within=5)

    async def is_deaf(self) -> None:
        async def deaf() -> bool:
            return CHANNEL in self.listener.deaf()

        await eventually(deaf, within=5)


@asynccontextmanager
async def listening(connector: Callable[[], Any]) -> AsyncIterator[Listening]:
    made = Listening()
    made.listener = Listener(cast("Connector", connector), broken=made.broken)
    subscription = Subscription(
        channel=CHANNEL, heard=made.heard.append, connected=made.connected, lost=made.lost
    )
    task = asyncio.create_task(made.listener.listen(subscription))
    try:
        yield made
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def notify(dsn: str, words: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, words)
    await connection.close()


async def hears(made: Listening, dsn: str) -> None:
    """Say something, and see that it is heard."""
    word = f"word {len(made.heard)}"
    await notify(dsn, word)

    async def arrived() -> bool:
        return word in made.heard

    await eventually(arrived, within=5)


@pytest.mark.parametrize(
    "error",
    [
        TargetServerAttributeNotMatched("no host takes writes"),
        ProtocolError("nonsense"),
        asyncpg.InternalClientError("lost"),
        asyncpg.InvalidCatalogNameError("renamed"),
        asyncpg.InvalidAuthorizationSpecificationError("no entry"),
        asyncpg.ClientConfigurationError("wrong"),
        ConnectionRefusedError("away"),
        TimeoutError(),
        RuntimeError("nobody thought of it"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_no_failure_to_connect_is_the_last(database_url: str, error: Exception) -> None:
    """The outage is told once, however many tries it takes, and so is its end."""
    real, failures = Connector(address=read_address(database_url)), [error] * 3

    async def connect() -> Connection:
        if failures:
            raise failures.pop()
        return await real()

    with capture_logs() as lines:
        async with listening(connect) as made:
            await made.is_connected()
            await hears(made, database_url)
    assert made.broke == 0
    told = [line["event"] for line in lines]
    assert told == ["wake-ups are away", "wake-ups are back"]
    assert lines[0]["why"] in {type(error).__name__, getattr(error, "sqlstate", None)}


@asynccontextmanager
async def far(database_url: str) -> AsyncIterator[tuple[Network, Listening]]:
    async with network(database_url) as net:
        address = read_address(net.through(database_url))
        connector = Connector(address=address, connect_timeout=0.5, command_timeout=0.5)
        async with listening(connector) as made:
            await made.is_connected()
            yield net, made


async def test_a_connection_that_falls_silent_is_made_again(database_url: str) -> None:
    async with far(database_url) as (net, made):
        net.silence()
        await made.is_connected(2)
        assert made.went == 1
        await hears(made, database_url)


async def test_while_everything_is_frozen_it_says_so(database_url: str) -> None:
    async with far(database_url) as (net, made):
        net.freeze()
        await made.is_deaf()
        assert made.listener.deaf() == {CHANNEL: "TimeoutError"}
        net.thaw()
        await made.is_connected(2)
        await hears(made, database_url)


async def test_resets_and_refusals_are_survived(database_url: str) -> None:
    async with far(database_url) as (net, made):
        net.refused = True
        net.reset()
        await made.is_deaf()
        net.refused = False
        await made.is_connected(2)
        assert made.broke == 1
        await hears(made, database_url)


async def test_being_told_to_go_is_survived(database_url: str) -> None:
    async with far(database_url) as (_, made):
        connection = await asyncpg.connect(database_url)
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        await connection.execute(cut + " AND datname = current_database()")
        await connection.close()
        await made.is_connected(2)
        assert made.broke == 1
        await hears(made, database_url)
