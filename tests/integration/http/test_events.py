"""A session can be followed live."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientResponse

from booking_http.service import SERVICE
from persistence.notify import Wakeups
from tests.support.service import Guest, Json, Service
from tests.support.waiting import PATIENCE, eventually

SELDOM = {"heartbeat_seconds": 3600}


class Following:
    """An event stream, read event by event."""

    def __init__(self, response: ClientResponse) -> None:
        self.response = response
        self.comments = 0

    async def next(self) -> Json:
        """Return the next event as id, name and data."""
        found: Json = {}
        async with asyncio.timeout(PATIENCE):
            async for raw in self.response.content:
                line = raw.decode().rstrip("\n")
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(": ")
                    found[name] = value
                elif "data" in found:
                    return {**found, "data": json.loads(found["data"])}
                else:
                    found = {}
        raise EOFError

    async def beats(self, times: int) -> None:
        """Wait until the stream has said so often that it is alive."""
        async with asyncio.timeout(PATIENCE):
            while self.comments < times:
                self.comments += (await self.response.content.readline()).startswith(b":")


@asynccontextmanager
async def following(guest: Guest, **headers: str) -> AsyncIterator[Following]:
    url = guest.service.url.with_path(f"{guest.home}/events")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with guest.service.http.get(url, headers=named) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        yield Following(response)


async def test_a_follower_is_woken_by_every_state_that_is_reached(make_service: Any) -> None:
    """Not by the next beat, which is hours away."""
    guest = (await make_service(**SELDOM)).guest()
    await guest.open()
    async with following(guest) as stream:
        first = await stream.next()
        assert (first["event"], first["id"]) == ("session", "0")
        assert first["data"]["state"] == "created"
        assert "details" not in first["data"]
        await guest.price()
        second = await stream.next()
        assert (second["data"]["state"], second["id"]) == ("priced", "1")
        assert second["data"]["sessionId"] == guest.session_id


async def test_who_comes_back_goes_on_from_the_last_event_seen(guest: Guest) -> None:
    await guest.to_priced()
    async with following(guest) as stream:
        seen = (await stream.next())["id"]
    await guest.select()
    async with following(guest, Last_Event_ID=seen) as stream:
        news = await stream.next()
        assert news["data"]["state"] == "basketed"
        assert int(news["id"]) == news["data"]["version"] > int(seen)
        present = news["id"]
    async with following(guest, Last_Event_ID=present) as stream:
        await guest.cancel()
        while (news := await stream.next())["data"]["state"] != "cancelled":
            assert int(news["id"]) > int(present)


async def test_a_quiet_stream_still_beats(make_service: Any) -> None:
    service: Service = await make_service(heartbeat_seconds=0.2)
    guest = service.guest()
    await guest.open()
    async with following(guest) as stream:
        await stream.next()
        await stream.beats(2)
        await guest.price()
        assert (await stream.next())["data"]["state"] == "priced"


async def test_a_heartbeat_finds_out_who_has_hung_up(make_service: Any) -> None:
    service: Service = await make_service(heartbeat_seconds=0.1)
    guest, streams = service.guest(), service.app[SERVICE].streams

    async def nobody_follows() -> bool:
        return len(streams) == 0

    await guest.open()
    async with following(guest) as stream:
        await stream.beats(2)
        assert len(streams) == 1
        stream.response.close()
    await eventually(nobody_follows)


async def test_a_session_has_at_most_three_streams(service: Service, guest: Guest) -> None:
    await guest.open()
    async with following(guest) as one, following(guest), following(guest):
        await one.next()
        fourth = await service.call("GET", f"{guest.home}/events")
        assert (fourth.status, fourth.code) == (429, "rate_limited")
    async with following(guest) as again:
        assert (await again.next())["data"]["state"] == "created"


async def test_the_stream_of_a_session_that_has_ended_ends(guest: Guest) -> None:
    await guest.open()
    await guest.cancel()
    async with following(guest) as stream:
        last = await stream.next()
        assert last["data"]["state"] == "cancelled"
        assert await stream.response.content.read() == b""
    url = f"{guest.home}/events"
    again = await guest.service.call("GET", url, headers={"Last-Event-ID": last["id"]})
    assert again.status == 204


async def test_stopping_the_service_ends_streams_at_once(make_service: Any) -> None:
    service: Service = await make_service(**SELDOM)
    guest = service.guest()
    await guest.open()
    async with following(guest) as stream:
        await stream.next()
        await service.app.shutdown()
        async with asyncio.timeout(PATIENCE):
            assert await stream.response.content.read() == b""


async def test_a_lost_listening_connection_is_made_again(make_service: Any) -> None:
    """What happened meanwhile is seen when it is back, and what happens then as well."""
    service: Service = await make_service(**SELDOM)
    guest = service.guest()
    await guest.open()
    async with following(guest) as stream:
        await stream.next()
        await service.cut_listeners()
        await guest.price()
        assert (await stream.next())["data"]["state"] == "priced"
        await guest.select()
        while (await stream.next())["data"]["state"] != "basketed":
            pass


async def test_a_heartbeat_asks_nothing_of_the_session(
    make_service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One question for all that is followed is enough, however many follow."""
    service: Service = await make_service(heartbeat_seconds=0.1)
    guest = service.guest()
    await guest.open()
    async with following(guest) as stream:
        await stream.next()
        monkeypatch.setattr(service.parts.store, "load", None)
        await stream.beats(4)
        monkeypatch.undo()
        await guest.price()
        assert (await stream.next())["data"]["state"] == "priced"


async def test_a_lost_wake_up_delays_the_news_by_a_heartbeat_only(
    make_service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    service: Service = await make_service(heartbeat_seconds=0.2)
    guest = service.guest()
    await guest.open()
    async with following(guest) as stream:
        await stream.next()
        monkeypatch.setattr(Wakeups, "announce", lambda *_, **__: None)
        await guest.price()
        assert (await stream.next())["data"]["state"] == "priced"
