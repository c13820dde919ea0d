"""What a client may do with a connection: dawdle, speak no HTTP, open many, and follow for ever."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import pytest
from structlog.testing import capture_logs

from booking_http.api.action_links import BASE
from tests.integration.http.test_events import following
from tests.support.service import Service
from tests.support.waiting import PATIENCE

FROM = {"X-Forwarded-For": "203.0.113.7"}
OPEN = f"POST {BASE}/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
MARK = "pa55word"
BROKEN = {
    "no HTTP at all": f"{MARK}\r\n\r\n",
    "TLS": "\x16\x03\x01\x02\x00\x01\x00" + MARK + "\r\n\r\n",
    "a bad method": f"G\x00T /{MARK} HTTP/1.1\r\nHost: x\r\n\r\n",
    "a bad version": f"GET /{MARK} HTTP/9.9\r\nHost: x\r\n\r\n",
    "a bad header": f"GET / HTTP/1.1\r\nHost: x\r\n{MARK}\r\n\r\n",
    "a long line": f"GET /{MARK * 2000} HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long header": f"GET / HTTP/1.1\r\nHost: x\r\nX: {MARK * 2000}\r\n\r\n",
    "many headers": "GET / HTTP/1.1\r\nHost: x\r\n" + f"X: {MARK}\r\n" * 500 + "\r\n",
    "a strange expectation": f"{OPEN}Expect: {MARK}\r\nContent-Length: 2\r\n\r\n{{}}",
    "two lengths": f"{OPEN}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{MARK}",
    "bad chunks": f"{OPEN}Transfer-Encoding: chunked\r\n\r\n{MARK}\r\n",
    "a bad encoding": f"{OPEN}Content-Encoding: gzip\r\nContent-Length: 8\r\n\r\n{MARK}",
}


@asynccontextmanager
async def connected(
    service: Service,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(service.url.host, service.url.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def everything(reader: asyncio.StreamReader) -> bytes:
    """Read until the server closes the connection."""
    async with asyncio.timeout(PATIENCE):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize("kind", BROKEN)
async def test_what_is_no_http_is_answered_in_our_form(service: Service, kind: str) -> None:
    """Neither the library's name nor the client's bytes come back, and nobody is woken up."""
    with capture_logs() as lines:
        async with connected(service) as (reader, writer):
            writer.write(BROKEN[kind].encode("latin-1"))
            head, _, body = (await everything(reader)).decode().partition("\r\n\r\n")
    assert head.startswith(("HTTP/1.1 400", "HTTP/1.0 400")), head
    said = json.loads(body)
    assert (said["code"], said["status"]) == ("bad_request", 400)
    assert "application/problem+json" in head
    assert "Server: booking-flow" in head
    assert "aiohttp" not in head + body
    assert MARK not in head + body
    assert {line["log_level"] for line in lines} <= {"info"}
    assert MARK not in str(lines)


async def test_slow_headers_are_cut_off(make_service: Any) -> None:
    service: Service = await make_service(header_seconds=0.5)
    async with connected(service) as (reader, writer):

        async def dribble() -> None:
            for letter in "GET /livez HTTP/1.1\r\nHost: x\r\n" + "X: y\r\n" * 1000:
                writer.write(letter.encode())
                await asyncio.sleep(0.05)

        dribbling, begun = asyncio.create_task(dribble()), monotonic()
        assert await everything(reader) == b""
        dribbling.cancel()
        assert monotonic() - begun < 5


async def test_headers_have_their_time_on_a_kept_connection_too(make_service: Any) -> None:
    """A connection on which nothing is asked stays open for longer."""
    service: Service = await make_service(header_seconds=0.3, keepalive_seconds=60)
    async with connected(service) as (reader, writer):
        for _ in range(2):
            writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in await reader.readuntil(b'{"status":"live"}')
            await asyncio.sleep(0.5)
        writer.write(b"GET /livez HTTP/1.1\r\n")
        assert await everything(reader) == b""


async def test_a_connection_on_which_nothing_is_asked_is_closed(make_service: Any) -> None:
    service: Service = await make_service(keepalive_seconds=0.3)
    async with connected(service) as (reader, _):
        assert await everything(reader) == b""


async def test_a_slow_body_is_given_up(make_service: Any) -> None:
    service: Service = await make_service(body_seconds=0.3)
    async with connected(service) as (reader, writer):
        writer.write(f"{OPEN}Content-Length: 900\r\n\r\n{{".encode())
        said = (await everything(reader)).decode()
    assert said.startswith("HTTP/1.1 408")
    assert '"code":"request_timeout"' in said


async def test_one_address_has_so_many_connections(make_service: Any) -> None:
    service: Service = await make_service(caps_exempt="none", connections_per_address=2)
    async with connected(service), connected(service), connected(service) as (reader, _):
        assert await everything(reader) == b""
    assert (await service.call("GET", "/livez")).status == 200


async def test_a_proxy_has_as_many_connections_as_it_likes(make_service: Any) -> None:
    changes = {"caps_exempt": "none", "trusted_proxies": "127.0.0.0/8"}
    service: Service = await make_service(connections_per_address=1, **changes)
    async with connected(service), connected(service):
        assert (await service.call("GET", "/livez")).status == 200


async def test_one_address_has_so_many_event_streams_over_all_its_sessions(
    make_service: Any,
) -> None:
    changes = {"trusted_proxies": "127.0.0.0/8", "streams_per_address": 2}
    service: Service = await make_service(**changes)
    guests = [service.guest() for _ in range(3)]
    for one in guests:
        await one.open()
    named = {"X_Forwarded_For": FROM["X-Forwarded-For"]}
    async with following(guests[0], **named) as first, following(guests[1], **named) as second:
        await first.next()
        await second.next()
        third = await service.call("GET", f"{guests[2].home}/events", headers=FROM)
        assert (third.status, third.code) == (429, "rate_limited")
        async with following(guests[2], X_Forwarded_For="203.0.113.8") as elsewhere:
            await elsewhere.next()


async def test_an_event_stream_ends_after_its_time_and_goes_on_where_it_ended(
    make_service: Any,
) -> None:
    service: Service = await make_service(stream_seconds=0.3)
    guest = service.guest()
    await guest.open()
    async with following(guest) as stream:
        seen = await stream.next()
        async with asyncio.timeout(PATIENCE):
            assert await stream.response.content.read() == b""
    await guest.price()
    async with following(guest, Last_Event_ID=seen["id"]) as stream:
        assert (await stream.next())["data"]["state"] == "priced"
