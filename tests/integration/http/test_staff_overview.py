"""The shop at a glance: every number is exactly as many sessions as the search beside it lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from booking_flow.staff.people import Role
from persistence.overview import forget_passing_calls
from tests.integration.http.test_openapi import validator
from tests.support.console import come_in
from tests.support.service import Guest, Json, Service
from tests.support.staff import Clerk, hire, in_doubt, rows


@pytest.fixture
async def viewer(service: Service) -> Clerk:
    """Return somebody who may look."""
    return await hire(service, Role.VIEWER)


async def glance(clerk: Clerk, window: str = "24h") -> Json:
    reply = await clerk.call("GET", f"overview?window={window}")
    assert reply.status == 200, reply
    body: Json = reply.body
    return body


def of_state(rows: list[Json], state: str) -> Json:
    return next(row for row in rows if row["state"] == state)


def counted(told: Any) -> Iterator[Json]:
    """Return everything in an answer that is a number of sessions with its search."""
    if isinstance(told, list):
        for each in told:
            yield from counted(each)
    if isinstance(told, dict):
        if "search" in told:
            yield told
        yield from counted(list(told.values()))


async def a_busy_day(service: Service) -> Guest:
    """Have one guest start, one see prices, one hold and cancel, one book in doubt, one pay."""
    await service.guest().open()
    await service.guest().to_priced()
    given_up = service.guest()
    await given_up.to_basketed()
    await given_up.cancel()
    doubtful, _ = await in_doubt(service)
    paid = service.guest()
    held = await paid.to_basketed()
    await paid.book(paid.booking(payment=paid.payment(held.body["price"]["total"])))
    return doubtful


async def test_every_number_is_that_of_its_list(service: Service, viewer: Clerk) -> None:
    await a_busy_day(service)
    body = await glance(viewer)
    for row in counted([body["states"], body["steps"], body["funnel"]]):
        assert len(await viewer.found(**row["search"])) == row["count"], row
    for row in body["calls"]:
        for part in (row["calls"], row["failed"], *row["failures"]):
            found = len(await viewer.found(**part["search"]))
            assert found <= part["count"], row
            assert bool(found) == bool(part["count"]), row


async def test_who_stands_where_and_what_is_open(service: Service, viewer: Clerk) -> None:
    doubtful = await a_busy_day(service)
    body = await glance(viewer)
    states = {row["state"]: row["count"] for row in body["states"]}
    assert states == {
        "created": 1,
        "priced": 1,
        "cabin_selected": 0,
        "basketed": 1,
        "booked": 0,
        "paid": 1,
        "expired": 0,
        "cancelled": 1,
    }
    held = of_state(body["states"], "basketed")
    assert (held["withinWindow"], held["oldest"]["sessionId"]) == (False, doubtful.uuid)
    assert 0 <= held["oldest"]["ageSeconds"] < 60
    assert of_state(body["states"], "paid")["withinWindow"] is True
    (step,) = body["steps"]
    assert (step["step"], step["status"], step["count"]) == ("book", "unknown", 1)
    assert step["oldest"]["sessionId"] == doubtful.uuid


async def test_how_far_the_sessions_of_the_window_came(service: Service, viewer: Clerk) -> None:
    await a_busy_day(service)
    funnel = (await glance(viewer))["funnel"]
    assert [row["reached"]["count"] for row in funnel] == [5, 4, 3, 3, 1, 1]
    assert [row["conversion"] for row in funnel] == [None, 0.8, 0.75, 1.0, 0.3333, 1.0]
    held = of_state(funnel, "basketed")
    assert (held["share"], held["stillThere"]["count"], held["cancelled"]["count"]) == (0.6, 1, 1)


async def test_how_the_supplier_answered(service: Service, viewer: Clerk) -> None:
    await a_busy_day(service)
    calls = {row["endpoint"]: row for row in (await glance(viewer))["calls"]}
    assert (calls["book"]["calls"]["count"], calls["book"]["failed"]["count"]) == (2, 1)
    assert (calls["book"]["errorRate"], calls["basketadd"]["errorRate"]) == (0.5, 0.0)
    assert [row["kind"] for row in calls["book"]["failures"]] == ["broken"]
    for row in calls.values():
        assert 0 < row["p50Seconds"] <= row["p95Seconds"] <= row["slowestSeconds"] * 1.05


async def test_what_lies_before_the_window_is_left_out(service: Service, viewer: Clerk) -> None:
    await a_busy_day(service)
    await service.advance(hours=2)
    body = await glance(viewer, "1h")
    assert [row["reached"]["count"] for row in body["funnel"]] == [0] * 6
    assert body["calls"] == []
    assert of_state(body["states"], "created")["count"] == 1
    assert of_state(body["funnel"], "created")["share"] is None


async def test_an_answer_is_what_the_document_says(service: Service, viewer: Clerk) -> None:
    await a_busy_day(service)
    validator("Overview").validate(await glance(viewer))
    refused = await viewer.call("GET", "overview?window=2h")
    assert (refused.status, refused.code) == (400, "bad_request")
    assert (await service.call("GET", "/api/v1/support/overview")).status == 401


async def test_an_outage_is_counted_from_the_first_call_though_no_session_began(
    service: Service, viewer: Clerk
) -> None:
    await service.simulator.fault("cruiseresults.pl", "http_500", times=None)
    for _ in range(2):
        assert (await service.guest().open()).status >= 500
    for window in ("1h", "30d"):
        (row,) = [
            each
            for each in (await glance(viewer, window))["calls"]
            if each["endpoint"] == "cruiseresults"
        ]
        assert row["failed"]["count"] == row["withoutSession"] == row["calls"]["count"] > 0
        assert row["errorRate"] == 1
    page = await (await come_in(service, viewer)).get("/console/overview")
    assert f"{row['withoutSession']} without a session" in page.words
    database = service.parts.database
    await forget_passing_calls(database)
    assert len(await rows(service, "SELECT id FROM calls_without_session")) > 0
    await service.advance(days=32)
    await forget_passing_calls(database)
    assert await rows(service, "SELECT id FROM calls_without_session") == []
