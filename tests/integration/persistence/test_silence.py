"""A network or a server that says nothing keeps nobody waiting, and costs nothing later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy import text

from booking_flow.ports import StoreUnavailable
from persistence.clock import now
from persistence.database import Database, create_engine, fetch_all, fetch_one, transaction
from tests.support.tcp_proxy import Network, answer_in, network

SLOW = text("SELECT pg_sleep(0.2)")


@pytest.fixture
async def net(database_url: str) -> AsyncIterator[Network]:
    async with network(database_url) as net:
        yield net


@pytest.fixture
async def far(net: Network, database_url: str) -> AsyncIterator[Database]:
    """Open a pool over a network that can fail, with little patience."""
    engine = create_engine(
        net.through(database_url), pool_size=3, connect_timeout=0.5, statement_timeout=0.5
    )
    yield engine
    await engine.dispose()


async def fill(engine: Database) -> None:
    """Make every connection that the pool may have."""
    await asyncio.gather(*(fetch_one(engine, SLOW) for _ in range(3)))


async def test_a_connection_that_falls_silent_under_a_statement_is_cut(
    net: Network, far: Database
) -> None:
    """The server is not asked to cancel: that would be one more connection."""
    await now(far)
    net.silence()
    with pytest.raises(StoreUnavailable, match="TimeoutError"):
        await answer_in(now(far), 2.5)
    assert net.accepted == 1
    await answer_in(now(far), 1)
    assert net.accepted == 2


async def test_what_was_silent_for_long_is_asked_before_it_is_lent(
    net: Network, far: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.postgres.connection.SILENCE_SECONDS", 0.2)
    monkeypatch.setattr("adapters.postgres.connection.PULSE_SECONDS", 0.3)
    await fill(far)
    assert net.silence() == 3
    await asyncio.sleep(0.3)
    for _ in range(3):
        await answer_in(now(far), 1)


async def test_one_that_lives_is_lent_again_after_a_silence(
    net: Network, far: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.postgres.connection.SILENCE_SECONDS", 0.0)
    for _ in range(3):
        await now(far)
    assert net.accepted == 1


async def test_where_one_is_found_dead_the_others_are_given_up(net: Network, far: Database) -> None:
    """Only the first who asks waits for a whole statement."""
    await fill(far)
    assert net.silence() == 3
    with pytest.raises(StoreUnavailable):
        await now(far)
    for _ in range(3):
        await answer_in(now(far), 0.5)


async def test_a_connection_in_use_is_not_asked(net: Network, far: Database) -> None:
    """What was heard of a moment ago costs no round trip more."""
    await now(far)
    asked = "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    (row,) = await fetch_all(far, text(asked))
    assert row.query == asked


async def test_a_server_that_freezes_keeps_nobody_waiting(net: Network, far: Database) -> None:
    """Statements, transactions, new connections and who waits for one: each has its limit."""
    await fill(far)
    net.freeze()

    async def written() -> None:
        async with transaction(far) as connection:
            await connection.execute(SLOW)

    for _ in range(2):
        works = [fetch_one(far, SLOW) for _ in range(8)] + [written() for _ in range(2)]
        ended = await asyncio.wait_for(asyncio.gather(*works, return_exceptions=True), 6)
        assert {type(each) for each in ended} == {StoreUnavailable}
    net.thaw()
    await answer_in(now(far), 1)


async def test_a_first_connection_to_a_frozen_server_ends_too(net: Network, far: Database) -> None:
    net.freeze()
    works = [now(far) for _ in range(8)]
    ended = await asyncio.wait_for(asyncio.gather(*works, return_exceptions=True), 6)
    assert {type(each) for each in ended} == {StoreUnavailable}
    net.thaw()
    await answer_in(now(far), 1)


async def test_broken_connections_are_unavailable_and_replaced(net: Network, far: Database) -> None:
    await fill(far)
    waiting = asyncio.create_task(fetch_one(far, text("SELECT pg_sleep(0.4)")))
    await asyncio.sleep(0.1)
    net.reset()
    with pytest.raises(StoreUnavailable):
        await waiting
    await answer_in(now(far), 1)


async def test_who_is_cancelled_in_a_transaction_stops(net: Network, far: Database) -> None:
    """The transaction cannot be rolled back where its connection was cut; that is no failure."""

    async def written() -> None:
        async with transaction(far) as connection:
            await connection.execute(text("SELECT 1"))
            await connection.execute(text("SELECT pg_sleep(0.02)"))

    await written()
    stopped = 0
    for tick in range(30):
        task = asyncio.create_task(written())
        await asyncio.sleep(tick / 1000)
        # On a busy machine the later ones have ended before they are asked to stop.
        asked = task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert task.cancelled() is asked
        stopped += asked
    assert stopped
    await fill(far)


async def test_who_stops_waiting_leaves_no_connection_behind(net: Network, far: Database) -> None:
    """A cancelled statement is cut as well, and its place in the pool is free at once."""
    for _ in range(6):
        task = asyncio.create_task(fetch_one(far, text("SELECT pg_sleep(0.4)")))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await fill(far)
