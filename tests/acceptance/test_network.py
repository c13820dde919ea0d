"""Guests book while the network to the database, or the database itself, fails beneath them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from booking_http.web.problems import PROBLEMS
from persistence.migrate import upgrade
from tests.acceptance.ledger import facts_of
from tests.support.database_pair import Primary, pair
from tests.support.service import (
    Guest,
    Reply,
    Service,
    Simulator,
    once,
    running_service,
    seed_catalogue,
)
from tests.support.tcp_proxy import Network, network
from tests.support.waiting import eventually, slowness

pytestmark = pytest.mark.slow
LIMIT: Final = 25.0
"""Seconds within which any request here is answered: no step's limit and what may be added."""
GUESTS: Final = 8


@dataclass(slots=True)
class Crowd:
    """Guests who book one cabin after the other, and try again where they are told to."""

    service: Service
    booked: dict[str, Guest] = field(default_factory=dict)
    """By the reservation that each was told."""
    statuses: Counter[int] = field(default_factory=Counter)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def shop(self) -> None:
        """Book until the end."""
        while not self.ended.is_set():
            await self._book_once()

    async def _book_once(self) -> None:
        guest = self.service.guest()
        steps: tuple[Callable[[], Awaitable[Reply]], ...] = (guest.open, guest.price, guest.select)
        for step in steps:
            if (await self._asked(step)).status not in (200, 201):
                return
        headers = once(str(uuid4()))
        last = await self._asked(lambda: guest.book(headers=headers))
        if last.status == 201:
            self.booked[last.body["booking"]["reservation"]] = guest

    async def _asked(self, step: Callable[[], Awaitable[Reply]]) -> Reply:
        """Ask until the service is there again; every single request is answered."""
        while True:
            async with asyncio.timeout(LIMIT * slowness()):
                reply = await step()
            self.statuses[reply.status] += 1
            if reply.code is not None:
                assert PROBLEMS[reply.code].status == reply.status
            if reply.status != 503 or self.ended.is_set():
                return reply
            await asyncio.sleep(0.1)


async def is_ready(service: Service) -> bool:
    return (await service.call("GET", "/readyz")).status == 200


async def ledger_and_rows_agree(crowd: Crowd, simulator: Simulator, database_url: str) -> None:
    """Every booking of the line is one guest's, told or still open; and none was made twice."""
    reserved = [row["reservation"] for row in (await simulator.ledger())["bookings"]]
    assert len(reserved) == len(set(reserved))
    assert set(crowd.booked) <= set(reserved)
    for reservation, guest in crowd.booked.items():
        facts: Any = await facts_of(database_url, guest)
        assert facts["booking"]["reservation"] == reservation


Trouble = Callable[[Network], Awaitable[None]]


async def silence(net: Network) -> None:
    """Let every other connection say nothing more, as when a router forgets them."""
    for _ in range(3):
        net.silence(every=2)
        await asyncio.sleep(1)


async def freeze(net: Network) -> None:
    """Let nothing through for a while, new connections included."""
    net.freeze()
    await asyncio.sleep(9)
    net.thaw()


async def reset(net: Network) -> None:
    """Break all connections again and again."""
    for _ in range(6):
        net.reset()
        await asyncio.sleep(0.3)


async def delay(net: Network) -> None:
    """Let every word take its time."""
    net.delay = 0.2
    await asyncio.sleep(4)
    net.delay = 0.0


async def refuse(net: Network) -> None:
    """Take no connection, and break those that there are."""
    net.refused = True
    net.reset()
    await asyncio.sleep(4)
    net.refused = False


FULL: Final = pytest.mark.full


@pytest.mark.parametrize(
    "trouble",
    [silence, reset, *(pytest.param(one, marks=FULL) for one in (freeze, delay, refuse))],
)
async def test_every_request_is_answered_and_the_service_recovers_by_itself(
    seeded_url: str, simulator: Simulator, tmp_path: Path, trouble: Trouble
) -> None:
    await simulator.control("policy", cabins_per_grade=10_000)
    async with (
        network(seeded_url) as net,
        running_service(
            net.through(seeded_url), simulator, spool_dir=str(tmp_path / "spool")
        ) as service,
    ):
        crowd = Crowd(service)
        guests = [asyncio.create_task(crowd.shop()) for _ in range(GUESTS)]
        await eventually(lambda: _has_booked(crowd, 4))
        await trouble(net)
        await eventually(lambda: is_ready(service), within=10)
        before = len(crowd.booked)
        await eventually(lambda: _has_booked(crowd, before + 1), within=10)
        crowd.ended.set()
        await asyncio.gather(*guests)
        await service.parts.aside.finished(30)
        await ledger_and_rows_agree(crowd, simulator, seeded_url)
        assert set(crowd.statuses) <= {200, 201, 202, 409, 503}, crowd.statuses


async def _has_booked(crowd: Crowd, number: int) -> bool:
    return len(crowd.booked) >= number


async def test_nothing_acknowledged_is_lost_when_a_synchronous_pair_fails_over(
    simulator: Simulator, tmp_path: Path
) -> None:
    """Two hosts in one address; the service finds the one that can be written to by itself."""
    await simulator.control("policy", cabins_per_grade=10_000)
    async with Primary(tmp_path / "primary") as primary:
        await upgrade(primary.dsn)
        await seed_catalogue(primary.dsn)
        async with pair(tmp_path, primary) as both:
            await both.wait_for_each_other()
            async with running_service(
                both.dsn, simulator, spool_dir=str(tmp_path / "spool")
            ) as service:
                crowd = Crowd(service)
                guests = [asyncio.create_task(crowd.shop()) for _ in range(GUESTS)]
                await eventually(lambda: _has_booked(crowd, 6))
                await both.fail_over()
                before = len(crowd.booked)
                await eventually(lambda: _has_booked(crowd, before + 6))
                await eventually(lambda: is_ready(service))
                crowd.ended.set()
                await asyncio.gather(*guests)
                await service.parts.aside.finished(30)
                await ledger_and_rows_agree(crowd, simulator, both.standby.dsn)
