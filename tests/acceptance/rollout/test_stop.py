"""A process that is told to stop says so, answers whoever asks, and cuts nobody."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession, TCPConnector, web
from yarl import URL

from adapters.embedded import EmbeddedPostgres
from persistence.migrate import upgrade
from tests.acceptance.ledger import agrees, facts_of
from tests.acceptance.rollout.conftest import GRACE, Start
from tests.integration.http.test_events import following
from tests.support.service import Guest, Service, Simulator, seed_catalogue
from tests.support.testbed import Server

HASTE = 0.1
"""The supplier has this share of the usual time to answer."""


def guest_of(server: Server, http: ClientSession, simulator: Simulator) -> Guest:
    """Return a guest who comes to this process."""
    return Guest(Service(app=web.Application(), url=server.url, http=http, simulator=simulator))


async def answer(http: ClientSession, url: URL) -> tuple[int, str, str]:
    """Return status, what is said of the connection, and the body's status."""
    async with http.get(url) as found:
        body = await found.json()
        return found.status, found.headers.get("Connection", ""), body["status"]


async def looks(server: Server) -> AsyncIterator[str]:
    """Look at readiness on new connections, until nobody listens any more."""
    async with ClientSession(connector=TCPConnector(force_close=True)) as http:
        with suppress(ClientConnectionError):
            while True:
                status, _, said = await answer(http, server.url / "readyz")
                yield f"{status} {said}"
                await asyncio.sleep(0.02)


async def until_it_says_so(server: Server) -> None:
    """Wait until readiness tells that the process is stopping."""
    async for said in looks(server):
        if said == "503 stopping":
            return
    raise AssertionError("the port was closed, and nobody was told")


@pytest.mark.slow
async def test_readiness_says_so_for_all_the_grace_before_anything_is_refused(
    start: Start, seeded_url: str
) -> None:
    server = await start(seeded_url)
    async with ClientSession() as http:
        assert await answer(http, server.url / "readyz") == (200, "", "ready")
    server.program.send(signal.SIGTERM)
    begun = time.monotonic()
    said = [each async for each in looks(server)]
    refused_after = time.monotonic() - begun
    assert await server.program.gone() == 0
    while said[0] == "200 ready":
        said.pop(0)
    assert set(said) == {"503 stopping"}
    assert len(said) > 10
    assert refused_after >= GRACE


@pytest.mark.slow
async def test_a_kept_alive_connection_is_answered_and_closed_with_the_answer(
    start: Start, seeded_url: str, http: ClientSession
) -> None:
    """It was open and silent when the signal came; what is asked next is answered as well."""
    server = await start(seeded_url)
    live = server.url / "livez"
    assert await answer(http, live) == (200, "", "live")
    server.program.send(signal.SIGTERM)
    await until_it_says_so(server)
    assert await answer(http, live) == (200, "close", "live")
    assert await answer(http, server.url / "readyz") == (503, "close", "stopping")
    assert await server.program.gone() == 0


@pytest.mark.slow
async def test_a_stream_ends_when_the_drain_begins_and_one_that_comes_tells_the_present(
    start: Start, seeded_url: str, simulator: Simulator
) -> None:
    server = await start(seeded_url)
    async with ClientSession() as http:
        guest = guest_of(server, http, simulator)
        await guest.open()
        async with following(guest) as stream:
            seen = await stream.next()
            server.program.send(signal.SIGTERM)
            async with asyncio.timeout(GRACE / 2):
                assert await stream.response.content.read() == b""
        await guest.price()
        async with following(guest, Last_Event_ID=seen["id"]) as again:
            assert again.response.headers["Connection"] == "close"
            assert (await again.next())["data"]["state"] == "priced"
            assert await again.response.content.read() == b""
    assert await server.program.gone() == 0


@pytest.mark.slow
async def test_a_booking_under_way_is_answered_although_the_port_is_closed_meanwhile(
    start: Start, seeded_url: str, simulator: Simulator, http: ClientSession
) -> None:
    server = await start(seeded_url, drain_seconds=0.2)
    guest = guest_of(server, http, simulator)
    held = await guest.to_basketed()
    await simulator.fault("book.pl", "slow", seconds=2.5)
    ask = guest.booking(payment=guest.payment(held.body["price"]["total"]))
    booking = asyncio.create_task(guest.book(ask))
    await simulator.has_received("book.pl", 1)
    server.program.send(signal.SIGTERM)
    assert [each async for each in looks(server)]
    assert not booking.done()
    booked = await booking
    assert (booked.status, booked.headers["Connection"]) == (201, "close")
    assert await server.program.gone() == 0
    (row,) = (await simulator.ledger())["bookings"]
    assert row["reservation"] == booked.body["booking"]["reservation"]


@pytest.mark.slow
async def test_an_answer_that_waits_for_the_database_is_written_before_the_process_ends(
    start: Start, simulator: Simulator, http: ClientSession, tmp_path: Path
) -> None:
    """The guest was told that the booking is pending; there is no spool, and no other process."""
    async with EmbeddedPostgres(tmp_path / "postgres") as postgres:
        await upgrade(postgres.dsn)
        await seed_catalogue(postgres.dsn)
        # The guest is told after the time limit of the step, which is a minute and a half unscaled.
        server = await start(postgres.dsn, drain_seconds=0.2, traveltek_time_scale=HASTE)
        guest = guest_of(server, http, simulator)
        held = await guest.to_basketed()
        await simulator.fault("book.pl", "slow", seconds=3)
        ask = guest.booking(payment=guest.payment(held.body["price"]["total"]))
        booking = asyncio.create_task(guest.book(ask))
        await simulator.has_received("book.pl", 1)
        await postgres.stop()
        assert (await booking).status == 202
        server.program.send(signal.SIGTERM)
        assert [each async for each in looks(server)]
        await postgres.start()
        assert await server.program.gone() == 0
        facts = await facts_of(postgres.dsn, guest)
    assert facts is not None
    assert (facts["state"], facts["openStep"]) == ("paid", None)
    assert await agrees(simulator, facts)


@pytest.mark.slow
@pytest.mark.parametrize("again", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_does_not_wait_for_the_grace(
    start: Start, seeded_url: str, again: signal.Signals
) -> None:
    server = await start(seeded_url, drain_seconds=60)
    server.program.send(signal.SIGTERM)
    await until_it_says_so(server)
    server.program.send(again)
    async with asyncio.timeout(20):
        await server.program.gone()
