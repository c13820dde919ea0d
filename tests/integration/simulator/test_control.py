"""The control API: strict about what it is asked, clear about what it could do."""

import asyncio
import socket
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.simulator import SimulatorSettings, serve
from adapters.simulator.faults import FAULTS
from adapters.simulator.settings import policy_names
from tests.integration.simulator.conftest import NOON, Start
from tests.support.agency import Agency
from tests.support.waiting import eventually


@pytest.mark.parametrize(
    ("name", "body", "hint"),
    [
        ("faults", {"endpoint": "book", "fault": "reset"}, "book.pl"),
        ("faults", {"endpoint": "book.pl", "fault": "boom"}, "timeout_after"),
        ("faults", {"endpoint": "basket.pl", "fault": "failed_red"}, "book.pl, payment.pl"),
        ("faults", {"endpoint": "book.pl", "fault": "reset", "often": 1}, "often"),
        ("faults", {"endpoint": "book.pl", "fault": "reset", "times": 0}, "times"),
        ("faults", {"endpoint": "book.pl", "fault": "slow", "seconds": "x"}, "seconds"),
        ("faults", {"endpoint": "basket.pl", "fault": "slow", "surname": "x"}, "surname"),
        ("faults", {"endpoint": "basket.pl", "fault": "slow", "cruiseId": "x"}, "cruiseId"),
        ("faults", {"endpoint": "basket.pl", "fault": "slow", "cruiseId": 7}, "7"),
        ("faults", {"endpoint": "basket.pl", "fault": "mixed_types", "typing": "odd"}, "strings"),
        ("faults", {"endpoint": "book.pl", "fault": "slow", "field": "name"}, "nul_in_text"),
        ("faults", {"endpoint": "book.pl", "fault": "nul_in_text", "field": 1}, "field"),
        ("faults", [], "object"),
        ("clock", {"advanceSeconds": -1}, "advanceSeconds"),
        ("clock", {}, "advanceSeconds"),
        ("latency", {"scale": True}, "scale"),
        ("policy", {"mood": "bad"}, "second_book"),
        ("policy", {"second_book": "thrice"}, "duplicate"),
        ("policy", {"hold_seconds": "long"}, "int"),
        ("policy", {"import_lines": ["22"]}, "list of int"),
        ("inventory", {"cruiseId": 1, "cabinCode": "GS", "remaining": 1}, "cruiseId"),
        ("inventory", {"cruiseId": 2190294, "cabinCode": "??", "remaining": 1}, "GS"),
    ],
)
async def test_nonsense_is_refused_with_a_hint(
    agency: Agency, name: str, body: Any, hint: str
) -> None:
    """Status 400 and words that name what is known."""
    answer = await agency.http.post(f"/_control/{name}", json=body)
    assert answer.status == 400
    assert hint in (await answer.json())["error"]


async def test_a_body_that_is_not_json_is_refused(agency: Agency) -> None:
    """Clearly, as well."""
    answer = await agency.http.post("/_control/clock", data=b"{")
    assert (answer.status, await answer.json()) == (400, {"error": "the body is not JSON"})


async def test_faults_are_listed_armed_used_up_and_cleared(agency: Agency) -> None:
    """A rule serves as often as it says, null until it is cleared."""
    await agency.search()
    await agency.fault("basket.pl", "http_500", times=2)
    await agency.fault("basket.pl", "http_502", times=None)
    listed = await (await agency.http.get("/_control/faults")).json()
    assert [one["fault"] for one in listed["known"]] == list(FAULTS)
    assert [one["times"] for one in listed["armed"]] == [2, None]
    statuses = [(await agency.raw("basket.pl", {})).status for _ in range(4)]
    assert statuses == [500, 500, 502, 502]
    await agency.http.delete("/_control/faults")
    assert (await agency.raw("basket.pl", {})).status == 200


async def test_a_fault_can_be_meant_for_one_sailing_or_one_guest(agency: Agency) -> None:
    """Others pass by and leave it armed."""
    await agency.search()
    await agency.fault("cruisecabingrades.pl", "http_500", cruiseId=2190295)
    assert (await agency.raw("cruisecabingrades.pl", {"codetocruiseid": 2190294})).status == 200
    assert (await agency.raw("cruisecabingrades.pl", {"codetocruiseid": 2190295})).status == 500
    await agency.hold()
    await agency.fault("book.pl", "http_500", surname="Müller-Lüdenscheidt")
    assert (await agency.book_raw(agency.order(surname="Tester"))).status == 200
    await agency.hold()
    order = agency.order(surname="müller lüdenscheidt")
    assert (await agency.book_raw(order)).status == 500


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8090"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
    ],
)
async def test_a_page_of_another_site_changes_nothing(
    agency: Agency, headers: dict[str, str]
) -> None:
    """A browser on this machine would send it, under its own name once that leads here."""
    asked = {"endpoint": "book.pl", "fault": "reset", "times": 1}
    answer = await agency.http.post("/_control/faults", json=asked, headers=headers)
    assert answer.status == 403
    listed = await (await agency.http.get("/_control/faults")).json()
    assert listed["armed"] == []


async def test_a_page_of_its_own_site_may(agency: Agency) -> None:
    own = str(agency.http.make_url("/").origin())
    assert (await agency.http.get("/_control/faults", headers={"Origin": own})).status == 200


async def test_calls_are_counted_with_their_session(agency: Agency) -> None:
    """So that a test can say: sent once, or not at all."""
    await agency.hold()
    await agency.book()
    told = await (await agency.http.get("/_control/calls")).json()
    assert told["counts"]["book.pl"] == 1
    last = told["calls"][-1]
    assert (last["endpoint"], last["sessionKey"]) == ("book.pl", agency.session)
    assert last["cruiseId"] == 2190294
    await agency.http.delete("/_control/calls")
    assert (await (await agency.http.get("/_control/calls")).json())["counts"] == {}


async def test_policies_can_be_read_and_changed(agency: Agency) -> None:
    """All by name; whole numbers pass for fractions and lists for tuples."""
    told = await agency.control(
        "policy", import_lag=5, import_lines=[22], book_after_release="reprice"
    )
    assert list(told) == list(policy_names())
    assert (told["import_lag"], told["import_lines"]) == (5.0, [22])
    assert told == await (await agency.http.get("/_control/policy")).json()


async def test_latency_scales_and_the_first_price_list_is_cold(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve seconds cold, two and a half warm, times the scale; 0 turns it off."""
    spent: list[float] = []

    async def sleep(seconds: float) -> None:
        begun = asyncio.get_running_loop().time()
        await asyncio.sleep(seconds)
        assert asyncio.get_running_loop().time() - begun >= seconds - 0.001
        spent.append(seconds)

    seen = SimpleNamespace(sleep=sleep, get_running_loop=asyncio.get_running_loop)
    monkeypatch.setattr("adapters.simulator.dispatch.asyncio", seen)
    agency = Agency(await start())
    await agency.search()
    assert set(spent) == {0}
    await agency.control("latency", scale=0.01)
    spent.clear()
    body = await agency.grades()
    await agency.grades()
    assert spent == pytest.approx([0.12, 0.025], rel=0.01)
    assert body["timing"]["total"] == f"{max(0.025, 0.029019):.6f}"


async def test_served_for_real_it_answers_and_stops(unused_tcp_port: int) -> None:
    """On loopback, until cancelled, even while a caller waits for an answer that never comes."""
    settings = SimulatorSettings(latency_scale=0, clock=lambda: NOON)
    task = asyncio.create_task(serve(settings, port=unused_tcp_port))

    async def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", unused_tcp_port)) == 0

    await eventually(listens)
    _reader, writer = await asyncio.open_connection("127.0.0.1", unused_tcp_port)
    writer.write(b"GET /_control/ledger HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert (await _reader.readline()).endswith(b"200 OK\r\n")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    writer.close()
