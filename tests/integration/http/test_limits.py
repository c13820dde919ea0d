"""What many at once, or one too often, do to the service."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import patch

from sqlalchemy import text

from adapters.single_flight import SingleFlight
from booking_http.api.action_links import BASE
from persistence.database import fetch_all
from tests.support.service import CRUISE, Guest, Reply, Service
from tests.support.waiting import brief, eventually, kept_back

FROM = {"X-Forwarded-For": "203.0.113.7"}
ELSEWHERE = {"X-Forwarded-For": "203.0.113.8"}
CAPPED = {"trusted_proxies": "127.0.0.0/8", "cap_holds": 2, "cap_cards_per_session": 2}


async def test_bookings_wait_on_the_supplier_without_a_database_connection(
    make_service: Any,
) -> None:
    """60 bookings wait on a slow supplier over a pool of 5; one more session is read at once."""
    service: Service = await make_service(database_pool_size=5)
    await service.simulator.control("policy", cabins_per_grade=500)
    guests = [service.guest() for _ in range(60)]
    for start in range(0, 60, 20):
        await asyncio.gather(*(one.to_basketed() for one in guests[start : start + 20]))
    reader = service.guest()
    await reader.open()
    service.simulator.limits["book"] = 3600
    bookings: list[asyncio.Task[Reply]] = []
    with kept_back("book"):
        for start in range(0, 60, 20):
            bookings += [asyncio.create_task(one.book()) for one in guests[start : start + 20]]
            await service.simulator.has_received("book.pl", len(bookings))
        assert (await reader.look()).status == 200
        assert not any(booking.done() for booking in bookings)
    replies = await asyncio.gather(*bookings)
    assert {reply.status for reply in replies} == {201}
    assert len((await service.simulator.ledger())["bookings"]) == 60


async def test_no_more_calls_are_open_at_the_supplier_than_are_set(make_service: Any) -> None:
    service: Service = await make_service(traveltek_connections=2)
    guests = [service.guest() for _ in range(3)]
    for one in guests:
        await one.open()
    with kept_back("cruisecabingrades"):
        asking = [asyncio.create_task(one.price()) for one in guests]
        await service.simulator.has_received("cruisecabingrades.pl", 2)
        await asyncio.sleep(brief())
        assert await service.simulator.received("cruisecabingrades.pl") == 2
    assert {reply.status for reply in await asyncio.gather(*asking)} == {200}


async def test_pricing_asked_many_times_at_once_asks_the_supplier_once(
    service: Service, guest: Guest
) -> None:
    await guest.open()
    with (
        kept_back("cruisecabingrades"),
        patch.object(SingleFlight, "join", autospec=True, side_effect=SingleFlight.join) as join,
    ):
        asking = [asyncio.create_task(guest.price()) for _ in range(20)]

        async def all_have_joined() -> bool:
            return bool(join.await_count == 20)

        await eventually(all_have_joined)
    replies = await asyncio.gather(*asking)
    assert {reply.status for reply in replies} == {200}
    assert {reply.body["version"] for reply in replies} == {1}
    assert await service.simulator.received("cruisecabingrades.pl") == 1


async def test_a_guest_who_hangs_up_does_not_cut_a_booking_short(
    service: Service, guest: Guest
) -> None:
    await guest.to_basketed()
    with kept_back("book"):
        booking = asyncio.create_task(guest.book())
        await service.simulator.has_received("book.pl", 1)
        booking.cancel()
        await asyncio.wait([booking])

    async def booked() -> bool:
        return bool((await guest.look()).body["state"] == "booked")

    await eventually(booked)


async def test_an_address_holds_so_many_cabins_of_a_sailing(make_service: Any) -> None:
    service: Service = await make_service(**CAPPED)
    guests = [service.guest() for _ in range(3)]
    for one in guests:
        await one.to_priced()
    held = [await one.select(headers=FROM) for one in guests]
    assert [reply.status for reply in held] == [200, 200, 429]
    assert held[2].code == "rate_limited"
    assert held[2].headers["Retry-After"]
    assert (await guests[2].select(headers=ELSEWHERE)).status == 200
    await guests[0].release()
    await service.advance(minutes=2)
    fourth = service.guest()
    await fourth.to_priced()
    assert (await fourth.select(headers=FROM)).status == 200


async def test_an_address_holds_so_many_cabins_over_all_sailings(make_service: Any) -> None:
    service: Service = await make_service(**CAPPED | {"cap_holds_per_address": 1})
    held = []
    for sailing in (CRUISE, str(int(CRUISE) + 1)):
        guest = service.guest()
        await guest.to_priced(cruise_id=sailing)
        held.append(await guest.select(headers=FROM))
    assert [reply.status for reply in held] == [200, 429]
    assert (await guest.select(headers=ELSEWHERE)).status == 200


async def test_so_many_cards_are_tried_in_a_session(make_service: Any) -> None:
    service: Service = await make_service(**CAPPED)
    guest = service.guest()
    held = await guest.to_basketed()
    payment = guest.payment(held.body["price"]["total"], card="4111111111111112")
    path, ask = f"{guest.home}/create", guest.booking(payment=payment)
    replies = [await service.call("POST", path, ask, headers=FROM) for _ in range(3)]
    assert [reply.status for reply in replies] == [422, 422, 429]
    await service.advance(minutes=5)
    without = await service.call("POST", path, guest.booking(), headers=FROM)
    assert without.status == 201


async def test_an_address_that_is_not_our_proxys_cannot_name_another(make_service: Any) -> None:
    """Without trusted proxies X-Forwarded-For means nothing: the caller is on this machine."""
    service: Service = await make_service(cap_holds=1)
    guests = [service.guest() for _ in range(2)]
    for one in guests:
        await one.to_priced()
        assert (await one.select(headers=FROM)).status == 200


async def test_no_address_is_stored_in_the_clear(make_service: Any) -> None:
    service: Service = await make_service(**CAPPED)
    guest = service.guest()
    ask = {"cruiseId": CRUISE, "passengerCount": {"adults": 2}}
    headers = {**FROM, "Idempotency-Key": "b7e23ec2-9af2-4f0e-8e5a-6d1f2a3b4c5d"}
    reply = await service.call("POST", f"{BASE}/session", ask, headers=headers)
    guest.session_id = reply.body["sessionId"]
    await guest.price()
    await guest.select(headers=FROM)
    for table in ("cap_holds", "idempotency_keys", "booking_sessions", "session_history"):
        rows = await fetch_all(service.parts.database, text(f"SELECT t::text FROM {table} t"))
        assert not any("203.0.113.7" in row[0] for row in rows)
