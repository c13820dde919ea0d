"""One service in two processes: they share a port, come back when killed, and stop together."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientSession, TCPConnector
from yarl import URL

from tests.acceptance.rollout.conftest import Start
from tests.acceptance.rollout.test_stop import answer, guest_of, looks
from tests.integration.http.test_events import following
from tests.support.ports import free_port
from tests.support.service import Guest, Simulator
from tests.support.testbed import Server
from tests.support.waiting import PATIENCE

TWO: Mapping[str, str] = {"SERVE_PROCESSES": "2"}
pytestmark = pytest.mark.slow
_SAMPLE = re.compile(r"^(?P<name>\w+)(?:\{(?P<labels>[^}]*)\})? (?P<value>\S+)$", re.MULTILINE)


def logged(server: Server, event: str) -> list[dict[str, Any]]:
    """Return what a service has logged of one kind."""
    lines = server.program.log.read_text().splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{")]
    return [each for each in found if each["event"] == event]


def pids(server: Server) -> dict[int, int]:
    """Return the id of each process that was started last under its number."""
    return {each["process"]: each["pid"] for each in logged(server, "process_started")}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - other processes tell nobody
            await asyncio.sleep(0.02)


async def until_ready(url: URL) -> None:
    async with asyncio.timeout(PATIENCE), ClientSession() as http:
        while True:
            with suppress(ClientConnectionError):
                if (await answer(http, url / "readyz"))[0] == 200:
                    return
            await asyncio.sleep(0.05)


async def sample(url: URL, name: str, labels: str = "") -> float:
    """Return the sum of one metric over its samples that have these labels."""
    async with ClientSession() as http, http.get(url / "metrics") as found:
        text = await found.text()
    assert found.status == 200, text
    matching = [m for m in _SAMPLE.finditer(text) if m["name"] == name]
    return sum(float(m["value"]) for m in matching if labels in (m["labels"] or ""))


async def test_both_take_requests_one_that_is_killed_comes_back_and_none_outlives_its_starter(
    start: Start, seeded_url: str, simulator: Simulator
) -> None:
    operators = free_port()
    server = await start(
        seeded_url, drain_seconds=0.2, also={**TWO, "OPERATIONS_PORT": str(operators)}
    )
    url = URL(f"http://127.0.0.1:{operators}")
    await until_ready(url)
    async with ClientSession(connector=TCPConnector(force_close=True)) as http:
        for _ in range(16):
            guest = guest_of(server, http, simulator)
            assert (await guest.open()).status == 201
    took = {each["process"] for each in logged(server, "request")}
    assert took == {1, 2}
    opened = 'method="POST",route="/api/v1/booking/session",status="201"'
    assert await sample(url, "booking_request_seconds_count", opened) == 16
    assert await sample(url, "booking_openings_last_hour") == 16
    assert await sample(url, "booking_processes") == 2

    victim = pids(server)[2]
    os.kill(victim, signal.SIGKILL)
    await until(lambda: bool(logged(server, "process_ended")))
    async with ClientSession() as http:
        for port in (server.url, url):
            assert await answer(http, port / "readyz") == (503, "", "not_ready")
        async with http.get((url / "readyz").with_query("verbose")) as found:
            parts = {each["name"]: each for each in (await found.json())["components"]}
    assert parts["processes"]["detail"] == "1 of 2 serve"
    assert parts["database"]["status"] == "up"
    assert await sample(url, "booking_request_seconds_count", opened) == 16
    assert (await guest_of(server, server.http, simulator).open()).status == 201

    await until_ready(url)
    assert pids(server)[2] != victim
    assert await sample(url, "booking_request_seconds_count", opened) == 17
    assert await sample(url, "booking_process_restarts_total") == 1
    assert await sample(url, "booking_processes") == 2

    async with ClientSession(connector=TCPConnector(force_close=True)) as http:
        await hears_of_other_processes(guest_of(server, http, simulator))

    numbers = list(pids(server).values())
    server.program.send(signal.SIGKILL)
    await server.program.gone()
    await until(lambda: not any(map(alive, numbers)))


async def hears_of_other_processes(guest: Guest) -> None:
    """Follow a session on one connection while it goes on over others."""
    await guest.open()
    async with following(guest) as stream:
        assert (await stream.next())["data"]["state"] == "created"
        await guest.price()
        assert (await stream.next())["data"]["state"] == "priced"


@pytest.mark.full
async def test_a_stop_cuts_nobody_although_every_process_is_told_twice(
    start: Start, seeded_url: str, simulator: Simulator
) -> None:
    """A service manager signals all processes of a service, and the first one tells the others."""
    server = await start(seeded_url, drain_seconds=0.5, also=TWO)
    await until_ready(server.url)
    async with ClientSession(connector=TCPConnector(force_close=True)) as http:
        guests = [guest_of(server, http, simulator) for _ in range(6)]
        held = [await guest.to_basketed() for guest in guests]
        await simulator.fault("book.pl", "slow", seconds=2.5)
        books = [
            asyncio.create_task(
                guest.book(guest.booking(payment=guest.payment(body.body["price"]["total"])))
            )
            for guest, body in zip(guests, held, strict=True)
        ]
        await simulator.has_received("book.pl", len(books))
        for pid in (server.program.pid, *pids(server).values()):
            os.kill(pid, signal.SIGTERM)
        said = [each async for each in looks(server)]
        assert set(said) <= {"200 ready", "503 stopping"}
        assert said[-1] == "503 stopping"
        booked = await asyncio.gather(*books)
    assert {each.status for each in booked} == {201}
    busy = {each["process"] for each in logged(server, "request") if "create" in each["route"]}
    assert busy == {1, 2}
    assert await server.program.gone() == 0
    rows = (await simulator.ledger())["bookings"]
    assert {row["reservation"] for row in rows} == {
        each.body["booking"]["reservation"] for each in booked
    }
    assert not any(map(alive, pids(server).values()))


@pytest.mark.full
async def test_a_second_signal_ends_all_of_them(start: Start, seeded_url: str) -> None:
    server = await start(seeded_url, drain_seconds=60, also=TWO)
    await until_ready(server.url)
    numbers = list(pids(server).values())
    server.program.send(signal.SIGTERM)
    await until(lambda: len(logged(server, "stopping")) == 3)
    server.program.send(signal.SIGTERM)
    await server.program.gone()
    await until(lambda: not any(map(alive, numbers)))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"TRAVELTEK_SID": ""}, ["TRAVELTEK_SID is not set"]),
        ({"DATABASE": "none"}, ["Error: DATABASE_URL: the server has no database of the name"]),
    ],
)
async def test_what_cannot_start_ends_with_one_sentence(
    start: Start, seeded_url: str, wrong: Mapping[str, str], said: list[str]
) -> None:
    also = dict(wrong)
    if "DATABASE" in also:
        also["DATABASE_URL"] = str(URL(seeded_url).with_path(also.pop("DATABASE")))
    server = await start(seeded_url, also={**TWO, **also}, wait=False)
    assert await server.program.gone() == 1
    text = server.program.log.read_text()
    assert [text.count(each) for each in said] == [1], text
    assert "Traceback" not in text
