"""What each failure says of whether the supplier acted, for reads and for effects."""

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiohttp.test_utils import TestServer, unused_port
from aioresponses import CallbackResult, aioresponses

from adapters.token_cache import TokenCache
from adapters.traveltek import TraveltekClient
from booking_flow.supplier import BookStatus, CallContext, RateKey
from booking_flow.supplier_errors import FailureKind, SupplierError
from tests.support import traveltek as kit
from tests.support.traveltek_fixtures import MakeClient

RATE = RateKey(result_no="1", grade_no="2", rate_code="3")
Call = Callable[[TraveltekClient, CallContext], Awaitable[Any]]

READS: dict[str, Call] = {
    "cruiseresults": lambda c, ctx: c.search(kit.SAILING, kit.PARTY, "USD", ctx=ctx),
    "cruisecabingrades": lambda c, ctx: c.grades(
        kit.SESSION, kit.SAILING, kit.PARTY, "USD", ctx=ctx
    ),
    "cruisecabins": lambda c, ctx: c.cabins(kit.SESSION, kit.SAILING, kit.PARTY, RATE, ctx=ctx),
    "cruisecabingradebreakdown": lambda c, ctx: c.breakdown(
        kit.SESSION, kit.SAILING, RATE, "USD", ctx=ctx
    ),
    "basket": lambda c, ctx: c.basket(kit.SESSION, "USD", ctx=ctx),
    "cruiseimportbooking": lambda c, ctx: c.import_booking(22, "F9WZ03", "USD", ctx=ctx),
    "cruiseshipdetails": lambda c, ctx: c.ship(1196, ctx=ctx),
}
EFFECTS: dict[str, Call] = {
    "basketadd": lambda c, ctx: c.add_to_basket(kit.SESSION, kit.SELECTION, "USD", ctx=ctx),
    "basketremove": lambda c, ctx: c.remove_from_basket(kit.SESSION, "1060793622", "USD", ctx=ctx),
    "book": lambda c, ctx: c.book(kit.order(kit.payment("1125.24")), ctx=ctx),
    "payment": lambda c, ctx: c.pay(kit.SESSION, kit.details(), kit.payment("9.00"), ctx=ctx),
}
CALLS = READS | EFFECTS
POSTS = {"book", "payment"}
ENVELOPE: dict[str, Any] = {"errors": [], "meta": {}, "results": []}


def refusal(code: int | None, text: str = "no", **more: Any) -> dict[str, Any]:
    return ENVELOPE | {"errors": [{"code": code, "text": text}]} | more


CONNECTOR = aiohttp.ClientConnectorDNSError(
    aiohttp.client_reqrep.ConnectionKey("supplier.example", 443, True, True, None, None, None),
    OSError(-2, "no such name"),
)
PAGE = "<html><h1>Sorry</h1></html>"
GATEWAY: dict[str, dict[str, Any]] = {
    "401 with a page": {"status": 401, "body": PAGE, "content_type": "text/html"},
    "401 with nothing": {"status": 401, "body": ""},
    "401 with a gateway's JSON": {"status": 401, "payload": {"message": "Unauthorized"}},
    "401 with a gateway's errors": {"status": 401, "payload": {"errors": [{"code": 3002}]}},
    "403 with a page": {"status": 403, "body": PAGE},
    "404 with a page": {"status": 404, "body": PAGE},
    "404 with a gateway's errors": {"status": 404, "payload": {"errors": [{"code": 111}]}},
    "405": {"status": 405, "body": ""},
    "429": {"status": 429, "body": "", "headers": {"Retry-After": "1"}},
    "302": {"status": 302, "headers": {"Location": "https://elsewhere.example/"}},
    "307": {"status": 307, "headers": {"Location": "https://elsewhere.example/"}},
    "200 with a page": {"body": PAGE, "content_type": "text/html"},
    "200 with a gateway's errors": {"payload": {"errors": [{"code": 111, "text": "no"}]}},
    "204": {"status": 204},
    "500 with the supplier's words": {"status": 500, "payload": refusal(3002)},
}
"""What may stand between us and the supplier; it tells nothing of whether the supplier acted."""
FAILURES: dict[str, tuple[dict[str, Any], FailureKind]] = {
    "refused": ({"payload": refusal(111)}, FailureKind.REJECTED),
    "stale": ({"payload": refusal(105)}, FailureKind.STALE),
    "chosen cruise not found": ({"payload": refusal(137)}, FailureKind.STALE),
    "not in basket": ({"payload": refusal(152)}, FailureKind.NOT_IN_BASKET),
    "already booked": (
        {"payload": refusal(152, "Item has already been booked")},
        FailureKind.ALREADY_DONE,
    ),
    "already booked beside another error": (
        {"payload": ENVELOPE | {"errors": [{"code": 110}, {"code": 1, "text": "already paid"}]}},
        FailureKind.ALREADY_DONE,
    ),
    "refused without a code": ({"payload": refusal(None)}, FailureKind.REJECTED),
    "refused with 400": ({"payload": refusal(110), "status": 400}, FailureKind.REJECTED),
    "session expired": ({"payload": refusal(169)}, FailureKind.SESSION_EXPIRED),
    "session expired in words": (
        {"payload": refusal(None, "Your session has expired")},
        FailureKind.SESSION_EXPIRED,
    ),
    "500": ({"status": 500, "body": "oops"}, FailureKind.BROKEN),
    "500 with an envelope": ({"status": 500, "payload": refusal(105)}, FailureKind.BROKEN),
    "503": ({"status": 503, "body": ""}, FailureKind.BROKEN),
    "truncated": ({"body": json.dumps(ENVELOPE)[:-9]}, FailureKind.BROKEN),
    "empty": ({"body": ""}, FailureKind.BROKEN),
    "another JSON": ({"payload": {"hello": "world"}}, FailureKind.BROKEN),
    "a list": ({"payload": []}, FailureKind.BROKEN),
    "deep": ({"body": "[" * 100_000}, FailureKind.BROKEN),
    "too large": ({"body": json.dumps(ENVELOPE) + " " * 70_000}, FailureKind.BROKEN),
    "timeout": ({"exception": TimeoutError()}, FailureKind.TIMEOUT),
    "timeout of a read": ({"exception": aiohttp.SocketTimeoutError()}, FailureKind.TIMEOUT),
    "timeout of connecting": (
        {"exception": aiohttp.ConnectionTimeoutError()},
        FailureKind.NOT_SENT,
    ),
    "no connection": ({"exception": CONNECTOR}, FailureKind.NOT_SENT),
    "disconnected": ({"exception": aiohttp.ServerDisconnectedError()}, FailureKind.BROKEN),
    "reset": ({"exception": ConnectionResetError(104, "reset")}, FailureKind.BROKEN),
    "cut off": ({"exception": aiohttp.ClientPayloadError("cut")}, FailureKind.BROKEN),
}


READ_AT_GATEWAY = {
    "404 with a page": FailureKind.MISCONFIGURED,
    "404 with a gateway's errors": FailureKind.MISCONFIGURED,
    "405": FailureKind.MISCONFIGURED,
    "429": FailureKind.NOT_SENT,
    "200 with a gateway's errors": FailureKind.REJECTED,
}
"""Reads are believed more: what was refused is asked again."""


def mock_token(mock: aioresponses) -> None:
    answer = {"expires_in": "7200", "token_type": "bearer", "access_token": kit.TOKEN}
    mock.post(f"{kit.BASE}/token.pl", payload=answer, repeat=True)


def mock_answer(mock: aioresponses, endpoint: str, **answer: Any) -> None:
    method = "POST" if endpoint in POSTS else "GET"
    mock.add(_pattern(endpoint), method=method, **answer)


def _pattern(endpoint: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(kit.BASE)}/{endpoint}\.pl(\?.*)?$")


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("endpoint", CALLS)
async def test_every_failure_is_told_apart(
    endpoint: str, failure: str, make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """A failure is certain only if the supplier cannot have acted; one exchange is recorded."""
    answer, kind = FAILURES[failure]
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, endpoint, repeat=True, **answer)
    ctx = kit.context()
    client = make_client(read_attempts=1, busy_attempts=1, max_response_bytes=65_536)
    with pytest.raises(SupplierError) as caught:
        await CALLS[endpoint](client, ctx)
    assert (caught.value.kind, caught.value.endpoint) == (kind, endpoint)
    assert [call.endpoint for call in ctx.calls] == ["token", endpoint]
    assert ctx.calls[-1].outcome == kind.value
    assert_no_address(caught.value)


@pytest.mark.parametrize("gateway", GATEWAY)
@pytest.mark.parametrize("endpoint", EFFECTS)
async def test_what_a_gateway_says_of_an_effect_is_a_doubt_and_it_is_sent_once(
    endpoint: str, gateway: str, make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """A booking was once sent twice after a page at 401, when the line had already acted."""
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, endpoint, repeat=True, **GATEWAY[gateway])
    ctx = kit.context()
    with pytest.raises(SupplierError) as caught:
        await EFFECTS[endpoint](make_client(), ctx)
    assert caught.value.kind is FailureKind.BROKEN
    assert not caught.value.certain
    assert sent(aioresponses_mock, endpoint) == 1
    assert [call.endpoint for call in ctx.calls] == ["token", endpoint]


@pytest.mark.parametrize("gateway", GATEWAY)
@pytest.mark.parametrize("endpoint", READS)
async def test_what_a_gateway_says_of_a_read_is_told_apart(
    endpoint: str, gateway: str, make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, endpoint, repeat=True, **GATEWAY[gateway])
    with pytest.raises(SupplierError) as caught:
        await READS[endpoint](make_client(read_attempts=1), kit.context())
    usual = FailureKind.TOKEN_REFUSED if gateway.startswith("401") else FailureKind.BROKEN
    assert caught.value.kind is READ_AT_GATEWAY.get(gateway, usual)


@pytest.mark.parametrize("endpoint", EFFECTS)
async def test_a_status_that_certainly_turns_away_can_be_set(
    endpoint: str, make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, endpoint, **GATEWAY["429"])
    client = make_client(turning_away_statuses=frozenset({429}))
    with pytest.raises(SupplierError) as caught:
        await EFFECTS[endpoint](client, kit.context())
    assert caught.value.kind is FailureKind.NOT_SENT


@pytest.mark.parametrize("endpoint", CALLS)
async def test_an_unread_answer_leaves_a_digest_and_how_it_begins(
    endpoint: str, make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """Without what it says of the guest, or of a card."""
    mock_token(aioresponses_mock)
    page = f"<html>\x00 Sorry, 4111111111111111 of {kit.SESSION}\x1b" + "x" * 500
    mock_answer(aioresponses_mock, endpoint, body=page, content_type="text/html")
    ctx = kit.context()
    with pytest.raises(SupplierError):
        await CALLS[endpoint](make_client(read_attempts=1), ctx)
    said = ctx.calls[-1].response
    assert said is not None
    assert said["unread_bytes"] == len(page)
    assert said["sha256"] == hashlib.sha256(page.encode()).hexdigest()[:16]
    begins = str(said["begins"])
    assert begins.startswith("<html> Sorry, […] of ")
    assert len(begins) == 160
    assert kit.SESSION not in begins


@pytest.mark.parametrize("endpoint", EFFECTS)
async def test_an_answer_that_breaks_the_reading_of_it_is_a_doubt(
    endpoint: str,
    make_client: MakeClient,
    aioresponses_mock: aioresponses,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody foresees every answer; one in hand is evidence, whatever is wrong with it."""

    def stumble(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    for reader in ("read_added", "read_changed_basket", "read_booking", "read_payment"):
        monkeypatch.setattr(f"adapters.traveltek.client.{reader}", stumble)
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, endpoint, payload=ENVELOPE | {"results": [{"bookingid": 5}]})
    ctx = kit.context()
    with pytest.raises(SupplierError) as caught:
        await EFFECTS[endpoint](make_client(), ctx)
    assert caught.value.kind is FailureKind.BROKEN
    assert ctx.calls[-1].response == {
        "errors": [],
        "meta": {},
        "results": [{"bookingid": 5}],
        "unreadable": "ZeroDivisionError",
    }


async def test_evidence_that_cannot_be_made_loses_no_answer(
    make_client: MakeClient, aioresponses_mock: aioresponses, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: Any, **__: Any) -> Any:
        raise RecursionError

    monkeypatch.setattr("adapters.traveltek.evidence.response_evidence", stumble)
    monkeypatch.setattr("adapters.traveltek.evidence.request_evidence", stumble)
    mock_token(aioresponses_mock)
    results = [{"bookingid": 5, "status": "Failed", "bookingdetails": {}}]
    mock_answer(aioresponses_mock, "book", payload=ENVELOPE | {"results": results})
    ctx = kit.context()
    assert (await make_client().book(kit.order(), ctx=ctx)).supplier_booking_id == "5"
    assert ctx.calls[-1].request == {"unkept": "RecursionError"}


def assert_no_address(error: BaseException | None) -> None:
    """Nothing that could be printed of an error, nor what caused it, holds an address."""
    while error is not None:
        told = f"{error!r} {error} {vars(error)}"
        assert "supplier.example" not in told
        assert kit.SESSION not in told
        assert kit.TOKEN not in told
        assert not isinstance(error, aiohttp.ClientError)
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("endpoint", EFFECTS)
async def test_an_effect_is_sent_once_whatever_happens(
    endpoint: str, failure: str, make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    answer, _ = FAILURES[failure]
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, endpoint, repeat=True, **answer)
    with pytest.raises(SupplierError):
        await EFFECTS[endpoint](make_client(max_response_bytes=65_536), kit.context())
    assert sent(aioresponses_mock, endpoint) == 1


def sent(mock: aioresponses, endpoint: str) -> int:
    return sum(
        len(calls) for (_, url), calls in mock.requests.items() if url.name == f"{endpoint}.pl"
    )


@pytest.mark.parametrize("endpoint", CALLS)
async def test_past_the_deadline_nothing_is_sent(
    endpoint: str, make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """A process that was frozen between claim and sending must not act late."""
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, endpoint, payload=ENVELOPE)
    moments = iter([1.0, 1.0, 2.0, 3.0, *[100.0] * 50])
    ctx = CallContext(started=0.0, deadline=50.0)
    client = make_client(boottime=lambda: next(moments))
    with pytest.raises(SupplierError) as caught:
        await CALLS[endpoint](client, ctx)
    assert caught.value.kind is FailureKind.NOT_SENT
    assert sent(aioresponses_mock, endpoint) == 0


async def test_errors_beside_a_booking_id_are_an_unknown_outcome(
    make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    mock_token(aioresponses_mock)
    results = [{"bookingid": 12821997, "status": "Booked", "bookingdetails": {}}]
    mock_answer(aioresponses_mock, "book", payload=refusal(201, results=results))
    answer = await make_client().book(kit.order(), ctx=kit.context())
    assert answer.status is BookStatus.OTHER
    assert answer.status_word == "Booked"
    assert answer.supplier_booking_id == "12821997"
    assert answer.error_codes == (201,)


async def test_a_token_error_beside_a_booking_id_sends_nothing_again(
    make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    mock_token(aioresponses_mock)
    body = refusal(3002, results=[{"bookingid": 5}])
    mock_answer(aioresponses_mock, "book", payload=body, repeat=True)
    answer = await make_client().book(kit.order(), ctx=kit.context())
    assert answer.status is BookStatus.OTHER
    assert sent(aioresponses_mock, "book") == 1


async def test_errors_beside_a_basket_item_are_an_unknown_outcome(
    make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    mock_token(aioresponses_mock)
    results = [{"basketitems": [{"itemkey": "5"}]}]
    mock_answer(aioresponses_mock, "basketadd", payload=refusal(105, results=results))
    with pytest.raises(SupplierError) as caught:
        await EFFECTS["basketadd"](make_client(), kit.context())
    assert caught.value.kind is FailureKind.BROKEN


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": 401, "payload": refusal(None, "password")}, FailureKind.MISCONFIGURED),
        ({"status": 404}, FailureKind.MISCONFIGURED),
        ({"status": 500}, FailureKind.NOT_SENT),
        ({"payload": {"hello": 1}}, FailureKind.NOT_SENT),
        ({"exception": TimeoutError()}, FailureKind.NOT_SENT),
    ],
)
@pytest.mark.parametrize("endpoint", CALLS)
async def test_without_a_token_the_call_is_certainly_not_sent(
    endpoint: str,
    answer: dict[str, Any],
    kind: FailureKind,
    make_client: MakeClient,
    aioresponses_mock: aioresponses,
) -> None:
    """Whatever became of token.pl, a booking has not gone out."""
    aioresponses_mock.post(f"{kit.BASE}/token.pl", repeat=True, **answer)
    with pytest.raises(SupplierError) as caught:
        await CALLS[endpoint](make_client(), kit.context())
    assert caught.value.kind is kind
    assert caught.value.certain


async def test_a_cancelled_call_is_cancelled_and_still_recorded(
    make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    mock_token(aioresponses_mock)
    begun = asyncio.Event()

    async def hang(*_: Any, **__: Any) -> CallbackResult:
        begun.set()
        await asyncio.sleep(60)
        raise AssertionError("unreachable")

    mock_answer(aioresponses_mock, "book", callback=hang)
    ctx = kit.context()
    task = asyncio.create_task(make_client().book(kit.order(), ctx=ctx))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ctx.calls[-1].outcome == FailureKind.TIMEOUT.value


async def test_nobody_listening_means_not_sent(make_client: MakeClient) -> None:
    """A refused connection, on a real socket."""
    client = make_client(base_url=f"http://127.0.0.1:{unused_port()}", read_attempts=2)
    ctx = kit.context()
    with pytest.raises(SupplierError) as caught:
        await client.book(kit.order(), ctx=ctx)
    assert caught.value.kind is FailureKind.NOT_SENT


@pytest.mark.parametrize("endpoint", EFFECTS)
async def test_aiohttp_does_not_repeat_a_call_whose_connection_breaks(
    endpoint: str, make_client: MakeClient
) -> None:
    """The library sends a GET again after a disconnect, and basketadd is a GET."""
    received = []

    async def hang_up(request: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
        if request.path.endswith("token.pl"):
            return aiohttp.web.json_response({"access_token": kit.TOKEN, "expires_in": "7200"})
        received.append(request.path)
        assert request.transport is not None
        request.transport.abort()
        return aiohttp.web.Response()

    server = TestServer(aiohttp.web.Application())
    server.app.router.add_route("*", "/{name}", hang_up)
    await server.start_server()
    client = make_client(base_url=str(server.make_url("")), time_scale=1.0)
    with pytest.raises(SupplierError) as caught:
        await EFFECTS[endpoint](client, kit.context())
    await server.close()
    assert caught.value.kind is FailureKind.BROKEN
    assert received == [f"/{endpoint}.pl"]


async def test_effects_want_fresh_connections() -> None:
    """A kept connection may break in the very moment a booking goes out."""
    async with aiohttp.ClientSession() as http:
        with pytest.raises(ValueError, match="force_close"):
            TraveltekClient(kit.settings(), http, TokenCache(None), uuid4, lambda: 0.0)
