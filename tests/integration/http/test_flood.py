"""A flood costs whoever makes it, and a guest beside it books as usual."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from statistics import median
from time import monotonic
from typing import Any

import pytest

from booking_http.api.action_links import BASE
from tests.support.service import CRUISE, Guest, Reply, Service
from tests.support.waiting import eventually

ASK = {"cruiseId": CRUISE, "passengerCount": {"adults": 2}}
PROXY = {"trusted_proxies": "127.0.0.0/8"}
UNCAPPED = PROXY | {
    "shop_networks": "none",
    "cap_openings_per_address": 100_000,
    "cap_requests_at_once": 1000,
}
FLOOD = {"X-Forwarded-For": "203.0.113.66"}


def of(address: str) -> Mapping[str, str]:
    return {"X-Forwarded-For": address}


async def open_from(service: Service, headers: Mapping[str, str]) -> Reply:
    return await service.call("POST", f"{BASE}/session", ASK, headers=headers)


class Elsewhere(Guest):
    """A guest at an address of their own."""

    def __init__(self, service: Service, address: str) -> None:
        super().__init__(service)
        self.headers = of(address)

    async def book_one(self) -> float:
        """Open, price, hold and book, and return how long that took."""
        begun = monotonic()
        opened = await self.open(headers=self.headers)
        assert opened.status == 201, opened
        priced = await self.service.call("GET", f"{self.home}/pricing", headers=self.headers)
        assert priced.status == 200, priced
        self.cabins = priced.body["cabins"]
        held = await self.select(headers=self.headers)
        assert held.status == 200, held
        booked = await self.book(headers=self.headers)
        assert booked.status == 201, booked
        return monotonic() - begun


@asynccontextmanager
async def flooding(
    service: Service,
    headers: Mapping[str, str],
    took: list[float] | None = None,
    *,
    pause: float = 0.2,
) -> AsyncIterator[list[int]]:
    """Open sessions over forty connections, each again and again, and count the answers."""
    statuses: list[int] = []
    times = [] if took is None else took

    async def pour() -> None:
        while True:
            begun = monotonic()
            statuses.append((await open_from(service, headers)).status)
            times.append(monotonic() - begun)
            await asyncio.sleep(pause)

    pouring = [asyncio.create_task(pour()) for _ in range(40)]
    try:
        yield statuses
    finally:
        for task in pouring:
            task.cancel()
        await asyncio.gather(*pouring, return_exceptions=True)


async def some_of(statuses: list[int], number: int, *, status: int | None = None) -> None:
    """Wait until so many answers of a kind have come."""

    async def have_come() -> bool:
        return sum(status in (None, each) for each in statuses) >= number

    await eventually(have_come)


async def test_an_address_opens_so_many_sessions_and_learns_when_to_come_back(
    make_service: Any,
) -> None:
    service: Service = await make_service(**PROXY, shop_networks="none", cap_openings_per_address=3)
    told = [await open_from(service, FLOOD) for _ in range(5)]
    assert [reply.status for reply in told] == [201, 201, 201, 429, 429]
    assert 3500 < int(told[3].headers["Retry-After"]) <= 3600
    assert await service.simulator.received("cruiseresults.pl") == 3
    assert (await open_from(service, of("203.0.113.67"))).status == 201
    await service.advance(minutes=61)

    async def is_let_in() -> bool:
        return (await open_from(service, FLOOD)).status == 201

    await eventually(is_let_in)


async def test_a_household_of_ipv6_is_one_caller(make_service: Any) -> None:
    service: Service = await make_service(**PROXY, shop_networks="none", cap_openings_per_address=2)
    told = [await open_from(service, of(f"[2001:db8::{n}]:443")) for n in range(1, 4)]
    assert [reply.status for reply in told] == [201, 201, 429]
    assert (await open_from(service, of("2001:db8:0:1::1"))).status == 201


async def test_guests_of_a_shop_are_counted_one_by_one(make_service: Any) -> None:
    """Its server forwards fifty guests, who come through it and our proxy."""
    service: Service = await make_service(
        **PROXY, shop_networks="192.0.2.0/24", cap_openings_per_address=2
    )
    for first in range(0, 50, 10):
        told = await asyncio.gather(
            *(open_from(service, of(f"198.51.100.{first + n}, 192.0.2.7")) for n in range(10))
        )
        assert [reply.code for reply in told] == [None] * 10
    again = [await open_from(service, of("198.51.100.1, 192.0.2.7")) for _ in range(2)]
    assert [reply.status for reply in again] == [201, 429]


async def test_an_upgrade_without_the_setting_warns_and_refuses_nobody(make_service: Any) -> None:
    service: Service = await make_service(**PROXY, cap_openings_per_address=1)
    told = [await open_from(service, FLOOD) for _ in range(3)]
    assert [reply.status for reply in told] == [201, 201, 201]
    measured = (await service.call("GET", "/metrics")).body
    assert 'booking_openings_over_cap_total{fate="let through"} 2.0' in measured
    assert "booking_openings_last_hour 3.0" in measured
    assert "booking_openings_busiest_address_last_hour 3.0" in measured


async def test_one_session_asks_so_often_a_minute(make_service: Any) -> None:
    service: Service = await make_service(**PROXY, cap_requests_per_session=3)
    guests = [Elsewhere(service, "203.0.113.9") for _ in range(2)]
    for one in guests:
        await one.open(headers=one.headers)

    async def price(one: Elsewhere) -> Reply:
        return await service.call("GET", f"{one.home}/pricing", headers=one.headers)

    told = [await price(guests[0]) for _ in range(4)]
    assert [reply.status for reply in told] == [200, 200, 200, 429]
    assert 0 < int(told[3].headers["Retry-After"]) <= 60
    assert (await price(guests[1])).status == 200


async def test_an_honest_guest_books_beside_a_flood(make_service: Any) -> None:
    """The supplier takes so many calls a second, and forty connections want far more.

    The flood is let through as far as its cap goes, and waits for itself: the guest has every
    other turn. Whatever else this machine does, it does to both.
    """
    service: Service = await make_service(**UNCAPPED, traveltek_calls_per_second=10)
    await service.simulator.control("policy", rate_limit=15)
    took: list[float] = []
    async with flooding(service, FLOOD, took) as statuses:
        await some_of(statuses, 10)
        honest = Elsewhere(service, "198.51.100.2")
        begun = monotonic()
        assert (await honest.open(headers=honest.headers)).status == 201
        opened_in = monotonic() - begun
        await Elsewhere(service, "198.51.100.3").book_one()
        await some_of(statuses, 50)
    assert opened_in < median(took[-20:]) / 2
    assert service.parts.supplier.queue.turned_away == 0


async def test_a_limit_that_nobody_knew_is_found_out_and_shuts_nobody_out(
    make_service: Any,
) -> None:
    """The breaker was opened by such a flood, and an honest guest got 503 six times of six."""
    service: Service = await make_service(**UNCAPPED)
    await service.simulator.control("policy", rate_limit=5)
    async with flooding(service, FLOOD) as statuses:
        await some_of(statuses, 5)
        for number in range(6):
            honest = Elsewhere(service, f"198.51.100.{number}")
            assert (await honest.open(headers=honest.headers)).status == 201
    assert service.parts.supplier.queue.turned_away > 0
    assert await service.parts.supplier.resting() == []


@pytest.mark.full
async def test_a_guest_and_a_shop_beside_a_flood_take_at_most_twice_their_quiet_time(
    make_service: Any,
) -> None:
    """A flood of a hundred a second is refused, by its address, while the others come and book.

    Quiet and beside it are measured by turns, so that a slow machine is slow in both; whoever
    floods runs on the same processor as the service and is part of the load.
    """
    service: Service = await make_service(
        **PROXY,
        shop_networks="192.0.2.0/24",
        cap_openings_per_address=10,
        traveltek_calls_per_second=20,
    )
    await service.simulator.control("policy", rate_limit=25)
    await service.simulator.control("latency", scale=0.1)
    await Elsewhere(service, "198.51.100.1").book_one()
    quiet, beside, refused = [], [], 0
    for turn in range(3):
        quiet.append(await both_take(service, f"198.51.10{turn}"))
        async with flooding(service, FLOOD, pause=0.4) as statuses:
            await some_of(statuses, 50, status=429)
            beside.append(await both_take(service, f"203.0.11{turn}"))
        refused += statuses.count(429)
        assert set(statuses) <= {201, 429}
    for what in (0, 1):
        calm, busy = (median(each[what] for each in times) for times in (quiet, beside))
        assert busy <= 2 * calm, (quiet, beside, refused)


async def both_take(service: Service, network: str) -> tuple[float, float]:
    """Return how long a guest takes to book, and then fifty of a shop to be let in."""
    alone = await Elsewhere(service, f"{network}.1").book_one()
    begun = monotonic()
    told = await asyncio.gather(
        *(open_from(service, of(f"{network}.{number}, 192.0.2.7")) for number in range(10, 60))
    )
    assert [reply.code for reply in told] == [None] * 50
    return alone, monotonic() - begun


async def test_beyond_its_cap_a_flood_reaches_neither_supplier_nor_guests(
    make_service: Any,
) -> None:
    service: Service = await make_service(
        **PROXY, shop_networks="none", cap_openings_per_address=10, cap_requests_at_once=8
    )
    async with flooding(service, FLOOD) as statuses:
        await some_of(statuses, 10, status=201)
        before = await service.simulator.received("cruiseresults.pl")
        await Elsewhere(service, "198.51.100.2").book_one()
        after = await service.simulator.received("cruiseresults.pl")
    assert statuses.count(201) == 10
    assert set(statuses) == {201, 429}
    assert after - before == 1
