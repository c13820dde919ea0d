"""What a body may cost: its size, its values and the faults told are bounded on every route."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any

import pytest

from booking_http.api import requests
from booking_http.api.action_links import BASE
from booking_http.web.models import RequestModel
from booking_http.web.problems import Problem
from booking_http.web.request_io import understand_body
from tests.support.service import Guest, Service

SESSION = f"{BASE}/session"
MODELS = (
    requests.OpenSessionRequest,
    requests.BookRequest,
    requests.PaymentRequest,
    requests.DetailsRequest,
    requests.SelectCabinRequest,
    requests.CancelRequest,
)


def party(ages: list[Any]) -> dict[str, Any]:
    return {
        "cruiseId": "1",
        "passengerCount": {"adults": 2, "children": len(ages), "childAges": ages},
    }


def of_size(size: int, kind: str) -> bytes:
    """Return a body as large as may be, in the shapes that cost most to read."""
    match kind:
        case "ages":
            body = b'{"passengerCount": {"childAges": ["'
            return body + b'","'.join([b"x"] * ((size - 60) // 4)) + b'"]}}'
        case "passengers":
            return b'{"passengers": [' + b",".join([b"1"] * ((size - 40) // 2)) + b"]}"
        case "unknown":
            named = (f'"a{n:04}":1' for n in range((size - 10) // 10))
            return ("{" + ",".join(named) + "}").encode()
        case "deep":
            return b"[" * (size // 2) + b"]" * (size // 2)
    return b'{"reason": "' + b"\\u00e9" * ((size - 20) // 6) + b'"}'


@pytest.mark.parametrize("kind", ["ages", "passengers", "unknown", "deep", "text"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_body_of_maximal_size_costs_less_than_ten_milliseconds(
    model: type[RequestModel], kind: str
) -> None:
    """The best of a few, since the machine that runs this does other things as well."""
    raw = of_size(model.max_bytes, kind)
    assert 0.9 * model.max_bytes < len(raw) <= model.max_bytes
    took = []
    for _ in range(5):
        begun = perf_counter()
        with pytest.raises(Problem) as found:
            understand_body(raw, model)
        took.append(perf_counter() - begun)
        assert len(found.value.errors) <= 20
    assert min(took) < 0.01


async def test_of_many_faults_twenty_are_told(service: Service) -> None:
    ages = ["x"] * 40
    reply = await service.call("POST", SESSION, party(ages))
    assert (reply.status, len(reply.body["errors"])) == (422, 20)
    assert "20" in reply.body["detail"]
    assert reply.body["errors"][0]["pointer"] == "/passengerCount/childAges/0"


async def test_a_list_is_bounded_before_its_elements(service: Service) -> None:
    reply = await service.call("POST", SESSION, party(["x"] * 51))
    assert [fault["pointer"] for fault in reply.body["errors"]] == ["/passengerCount/childAges"]


async def test_faults_of_travellers_are_all_told(service: Service) -> None:
    """A guest who forgot a field of each traveller sees each."""
    guest = service.guest()
    await guest.to_basketed(adults=4)
    ask = guest.booking()
    for passenger in ask["passengers"]:
        passenger["nationality"] = "America"
    reply = await guest.book(ask)
    assert [fault["pointer"] for fault in reply.body["errors"]] == [
        f"/passengers/{n}/nationality" for n in range(4)
    ]


@pytest.mark.parametrize(("path", "size"), [(SESSION, 2048), (f"{BASE}/lookup", 2048)])
async def test_each_route_has_a_size_of_its_own(service: Service, path: str, size: int) -> None:
    """It is told whether a header names the length or the body comes in pieces."""
    raw, headers = json.dumps({"x": "y" * size}).encode(), {"Content-Type": "application/json"}
    whole = await service.call("POST", path, raw=raw, headers=headers)
    assert (whole.status, whole.code) == (413, "body_too_large")

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(raw), 512):
            yield raw[start : start + 512]

    url = service.url.with_path(path)
    async with service.http.post(url, data=pieces(), headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (413, "body_too_large")


async def test_a_payment_has_four_kilobytes(service: Service, guest: Guest) -> None:
    await guest.to_booked()
    payment = guest.payment("1.00") | {"cardholderName": "x" * 4096}
    assert (await guest.pay(payment)).code == "body_too_large"
    assert (await guest.pay(payment | {"cardholderName": "x" * 3000})).code == "validation_failed"


async def test_large_bodies_do_not_keep_others_waiting(service: Service) -> None:
    """Four connections sent 60 KB of ages and `/livez` took over a second."""
    raw = of_size(60 * 1024, "ages")
    headers = {"Content-Type": "application/json"}

    async def send() -> int:
        return (await service.call("POST", SESSION, raw=raw, headers=headers)).status

    sending = [asyncio.create_task(send()) for _ in range(40)]
    assert (await service.call("GET", "/livez")).status == 200
    assert set(await asyncio.gather(*sending)) == {413}
