"""What clients send, and what people in a hurry do: no answer is an error of ours."""

from __future__ import annotations

import asyncio
import gzip
import json
from time import monotonic
from typing import Any

import pytest

from booking_flow.staff.people import Role
from booking_http.api.action_links import BASE
from tests.integration.http.test_connections import OPEN, connected, everything
from tests.integration.http.test_contradictions import booked_with, tasks_of
from tests.integration.http.test_events import following
from tests.support.service import CRUISE, Service
from tests.support.staff import Clerk, hire

JSON = {"Content-Type": "application/json"}
GOOD = json.dumps({"cruiseId": CRUISE, "passengerCount": {"adults": 2}}).encode()
CLOSE = "Connection: close\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"specialRequests": "a\\ud800b"}',
        b'{"specialRequests": "\\udc00"}',
        b'{"specialRequests": "\xed\xa0\x80"}',
        b'{"specialRequests": "\xff\xfe"}',
        b'{"specialRequests": "\xc0\xaf"}',
        b'{"specialRequests": "a\\u0000b"}',
    ],
)
async def test_half_a_character_is_refused(raw: bytes, service: Service) -> None:
    guest = service.guest()
    await guest.open()
    path = f"{BASE}/session/{guest.session_id}"
    refused = await service.call("PATCH", path, raw=raw, headers=JSON)
    assert refused.status in (400, 422), refused
    whole = b'{"specialRequests": "\\ud83d\\udea2 ok"}'
    kept = await service.call("PATCH", path, raw=whole, headers=JSON)
    assert kept.body["details"]["specialRequests"] == "\U0001f6a2 ok"


async def test_zero_bytes_are_refused_wherever_they_stand(service: Service) -> None:
    agent = await hire(service, Role.AGENT)
    for method, path, body in (
        ("GET", f"{BASE}/cruises/21%0090", None),
        ("GET", f"{BASE}/cruises?q=Mi%00ami", None),
        ("GET", f"{BASE}/cruises?cursor=%00", None),
        ("GET", f"{BASE}/session/%00", None),
        ("GET", f"{BASE}/lookup/%00", None),
        ("POST", f"{BASE}/session", {"cruiseId": "21\x0090", "passengerCount": {"adults": 2}}),
        ("POST", f"{BASE}/lookup", {"reference": "BF-\x00", "email": "a@b.example\x00"}),
    ):
        reply = await service.call(method, path, body)
        assert 400 <= reply.status < 500, (path, reply)
    assert (await agent.search("a\x00b")).status == 422


@pytest.mark.parametrize("waits", [True, False])
async def test_a_body_is_read_whether_its_sender_waits_to_be_asked_or_not(
    waits: bool, service: Service
) -> None:
    head = f"{OPEN}{CLOSE}Content-Length: {len(GOOD)}\r\nExpect: 100-continue\r\n\r\n".encode()
    async with connected(service) as (reader, writer):
        writer.write(head if waits else head + GOOD)
        if waits:
            assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")
            writer.write(GOOD)
        assert b"HTTP/1.1 201" in await everything(reader)


async def test_a_body_may_come_in_chunks_but_not_with_two_lengths(service: Service) -> None:
    rest = GOOD[5:]
    chunks = b"5\r\n" + GOOD[:5] + b"\r\n" + f"{len(rest):x};x=y\r\n".encode() + rest
    async with connected(service) as (reader, writer):
        head = f"{OPEN}{CLOSE}Transfer-Encoding: chunked\r\n\r\n".encode()
        writer.write(head + chunks + b"\r\n0\r\n\r\n")
        assert (await everything(reader)).startswith(b"HTTP/1.1 201")
    async with connected(service) as (reader, writer):
        both = f"{OPEN}{CLOSE}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        writer.write(both.encode())
        assert (await everything(reader)).startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))


async def test_a_packed_body_is_bounded_by_what_it_unpacks_to(service: Service) -> None:
    packed = JSON | {"Content-Encoding": "gzip"}
    small = await service.call("POST", f"{BASE}/session", raw=gzip.compress(GOOD), headers=packed)
    assert small.status in (201, 415), small
    started = monotonic()
    large = await service.call(
        "POST", f"{BASE}/session", raw=gzip.compress(b" " * 60_000_000), headers=packed
    )
    assert large.status in (400, 413, 415), large
    assert monotonic() - started < 5
    unknown = await service.call(
        "POST", f"{BASE}/session", raw=b"x", headers=JSON | {"Content-Encoding": "br"}
    )
    assert unknown.status in (400, 415), unknown


async def test_a_browser_of_a_shop_can_read_every_refusal(make_service: Any) -> None:
    service: Service = await make_service(cors_origins="https://shop.example")
    origin = {"Origin": "https://shop.example"}
    for method, path, raw, kind, status in (
        ("GET", f"{BASE}/nope", None, JSON, 404),
        ("PUT", f"{BASE}/session", b"{}", JSON, 405),
        ("POST", f"{BASE}/session", b"x", {"Content-Type": "text/plain"}, 415),
        ("POST", f"{BASE}/session", b"x" * 70_000, JSON, 413),
        ("GET", f"{BASE}/session/none", None, JSON, 404),
    ):
        reply = await service.call(method, path, raw=raw, headers=origin | kind)
        assert reply.status == status, reply
        assert reply.headers["Access-Control-Allow-Origin"] == "https://shop.example"


@pytest.mark.parametrize("seen", ["abc", "-1", "9" * 20, "%00", "1 2", "\xe9"])
async def test_a_strange_last_event_is_none(seen: str, service: Service) -> None:
    guest = service.guest()
    await guest.open()
    async with following(guest, Last_Event_ID=seen) as stream:
        assert (await stream.next())["data"]["state"] == "created"


async def test_a_second_tab_disturbs_no_payment(service: Service) -> None:
    """While the line takes its time: prices, another cabin, letting go, a wish, booking again."""
    guest = service.guest()
    held = (await guest.to_basketed()).body
    ask = guest.booking(payment=guest.payment(held["price"]["total"]))
    await service.simulator.fault("book.pl", "slow", seconds=1)
    first = asyncio.create_task(guest.book(ask))
    await service.simulator.has_received("book.pl", 1)
    for reply in (
        await guest.price(),
        await guest.release(),
        await guest.edit({"specialRequests": "late"}),
        await guest.restart(),
        await guest.book(ask),
    ):
        assert reply.status < 500, reply
        assert not (reply.status == 201 and reply.body["state"] == "paid"), reply
    paid = await first
    assert (paid.status, paid.body["state"]) == (201, "paid"), paid
    ledger = await service.simulator.ledger()
    assert (len(ledger["bookings"]), len(ledger["charges"])) == (1, 1)


async def test_going_back_after_paying_books_and_charges_nothing(service: Service) -> None:
    guest = service.guest()
    held = (await guest.to_basketed()).body
    rate, payment = guest.rate(), guest.payment(held["price"]["total"])
    ask = guest.booking(payment=payment)
    assert (await guest.book(ask)).status == 201
    before = await service.simulator.ledger()
    for reply in (
        await guest.price(),
        await guest.select(rate),
        await guest.hold(),
        await guest.book(ask),
        await guest.pay(payment),
    ):
        assert reply.status in (200, 201, 409), reply
        assert reply.status == 409 or reply.body.get("state", "paid") == "paid", reply
    assert await service.simulator.ledger() == before


async def test_what_was_charged_and_not_booked_is_refunded_by_people(
    service: Service, agent: Clerk
) -> None:
    """The line says Failed and has taken the money: a task tells how much."""
    guest, reply = await booked_with(service, "failed_with_authcode")
    total = (await guest.look()).body["price"]["total"]
    assert reply.status in (202, 402, 409), reply
    refund = (await tasks_of(agent, guest))["refund"]
    assert total in json.dumps(refund["facts"])
    (charge,) = (await service.simulator.ledger())["charges"]
    assert charge["amount"] == total


async def test_who_has_one_name_only_gives_it_as_the_document_says(service: Service) -> None:
    document = (await service.call("GET", "/openapi.json")).body
    assert "FNU" in json.dumps(document["components"]["schemas"])
    guest = service.guest()
    await guest.to_basketed()
    ask = guest.booking(surname="Suharto")
    ask["passengers"][0] |= {"firstName": "FNU"}
    made = await guest.book(ask)
    assert made.status == 201, made
    first = made.body["details"]["passengers"][0]
    assert (first["printedFirstName"], first["printedLastName"]) == ("FNU", "Suharto")
