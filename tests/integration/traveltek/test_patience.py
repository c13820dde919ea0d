"""Reads are repeated within bounds, and a supplier in trouble is left alone for a while."""

import asyncio
import itertools
import time
from types import SimpleNamespace

import pytest
from aioresponses import aioresponses

from adapters.traveltek import TraveltekClient
from adapters.traveltek.endpoints import GRADES
from booking_flow.supplier_errors import FailureKind, SupplierError
from tests.integration.traveltek.test_classification import (
    CALLS,
    ENVELOPE,
    FAILURES,
    READS,
    mock_answer,
    mock_token,
    refusal,
    sent,
)
from tests.support import traveltek as kit
from tests.support.traveltek_fixtures import MakeClient
from tests.support.waiting import eventually

TROUBLE = {FailureKind.NOT_SENT, FailureKind.TIMEOUT, FailureKind.BROKEN}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("endpoint", READS)
async def test_a_read_is_repeated_only_in_trouble_and_only_so_often(
    endpoint: str, failure: str, make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    answer, kind = FAILURES[failure]
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, endpoint, repeat=True, **answer)
    client = make_client(
        read_attempts=3, retry_wait=0.01, busy_attempts=1, max_response_bytes=65_536
    )
    ctx = kit.context()
    with pytest.raises(SupplierError) as caught:
        await READS[endpoint](client, ctx)
    attempts = 3 if kind in TROUBLE and failure != "429" else 1
    assert caught.value.kind is kind
    assert sent(aioresponses_mock, endpoint) == attempts
    assert [call.endpoint for call in ctx.calls] == ["token", *[endpoint] * attempts]


async def test_a_read_succeeds_at_a_later_attempt(
    make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, "basket", status=502)
    mock_answer(aioresponses_mock, "basket", exception=TimeoutError())
    mock_answer(aioresponses_mock, "basket", payload=ENVELOPE)
    ctx = kit.context()
    client = make_client(read_attempts=3, retry_wait=0.01)
    assert (await client.basket(kit.SESSION, "USD", ctx=ctx)).items == ()
    assert [call.outcome for call in ctx.calls] == ["ok", "broken", "timeout", "ok"]


async def test_a_read_past_its_window_is_not_repeated(
    make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """A guest has waited long enough: a slow supplier will not be quick the next time."""
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, "basket", status=502, repeat=True)
    client = make_client(read_attempts=9, read_retry_window=0.001)
    with pytest.raises(SupplierError):
        await client.basket(kit.SESSION, "USD", ctx=kit.context())
    assert sent(aioresponses_mock, "basket") == 1


async def fail(client: TraveltekClient, times: int) -> list[str]:
    """Read the basket so often and return the outcomes of all exchanges made."""
    ctx = kit.context()
    for _ in range(times):
        with pytest.raises(SupplierError):
            await client.basket(kit.SESSION, "USD", ctx=ctx)
    return [call.outcome for call in ctx.calls if call.endpoint == "basket"]


async def test_the_breaker_opens_and_closes_again(
    make_client: MakeClient, aioresponses_mock: aioresponses, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("purgatory.domain.model.time", SimpleNamespace(time=lambda: now))
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, "basket", status=502, repeat=4)
    client = make_client(read_attempts=1, breaker_failures=3, breaker_seconds=10.0, time_scale=1.0)
    assert await fail(client, 10) == ["broken"] * 3
    with pytest.raises(SupplierError) as caught:
        await client.basket(kit.SESSION, "USD", ctx=kit.context())
    assert caught.value.kind is FailureKind.NOT_SENT

    now += 11
    assert await fail(client, 5) == ["broken"], "one trial, and it is open again"
    now += 11
    mock_answer(aioresponses_mock, "basket", payload=ENVELOPE, repeat=True)
    for _ in range(5):
        await client.basket(kit.SESSION, "USD", ctx=kit.context())


async def test_an_open_breaker_stops_neither_other_reads_nor_effects(
    make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, "basket", status=502, repeat=True)
    mock_answer(aioresponses_mock, "basketadd", payload=ENVELOPE)
    mock_answer(aioresponses_mock, "cruisecabins", payload=ENVELOPE)
    client = make_client(read_attempts=1, breaker_failures=2)
    await fail(client, 4)
    ctx = kit.context()
    await client.add_to_basket(kit.SESSION, kit.SELECTION, "USD", ctx=ctx)
    await READS["cruisecabins"](client, ctx)
    assert [call.outcome for call in ctx.calls] == ["ok", "ok"]


async def test_refusals_never_open_the_breaker(
    make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """A supplier that says no is well; so is one that wants a new token."""
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, "basket", payload=refusal(169), repeat=True)
    client = make_client(breaker_failures=2)
    assert await fail(client, 10) == ["session_expired"] * 10


async def test_being_turned_away_never_opens_the_breaker_and_is_waited_for(
    make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """A supplier that wants fewer calls is well; effects slow the reads down, too."""
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, "basketadd", status=429)
    mock_answer(aioresponses_mock, "basket", status=429, repeat=5)
    mock_answer(aioresponses_mock, "basket", payload=ENVELOPE)
    client = make_client(breaker_failures=2, read_attempts=1, queue_limit=1000.0, busy_wait=0.5)
    ctx = kit.context()
    with pytest.raises(SupplierError) as caught:
        await client.add_to_basket(kit.SESSION, kit.SELECTION, "USD", ctx=ctx)
    assert caught.value.kind is FailureKind.BROKEN
    assert client.queue.turned_away == 1
    assert (await client.basket(kit.SESSION, "USD", ctx=ctx)).items == ()
    assert sent(aioresponses_mock, "basket") == 6
    assert await client.resting() == []


async def test_nothing_is_sent_until_the_time_that_the_supplier_names(
    make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """An effect waits as well: what a supplier in such straits answers it would be a doubt."""
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, "basket", status=429, headers={"Retry-After": "1"})
    mock_answer(aioresponses_mock, "basket", payload=ENVELOPE, repeat=True)
    mock_answer(aioresponses_mock, "basketadd", payload=ENVELOPE)
    client = make_client(queue_limit=1000.0, busy_attempts=1)
    with pytest.raises(SupplierError):
        await client.basket(kit.SESSION, "USD", ctx=kit.context())
    begun = time.monotonic()
    await client.add_to_basket(kit.SESSION, kit.SELECTION, "USD", ctx=kit.context())
    await client.basket(kit.SESSION, "USD", ctx=kit.context())
    assert time.monotonic() - begun >= 0.9


@pytest.mark.parametrize("endpoint", ["basket", "basketadd"])
async def test_a_time_longer_than_a_guest_waits_is_not_waited_for(
    endpoint: str, make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """What was not sent certainly did nothing."""
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, "basket", status=429, headers={"Retry-After": "3600"})
    client = make_client(queue_limit=5.0, busy_attempts=1)
    with pytest.raises(SupplierError):
        await client.basket(kit.SESSION, "USD", ctx=kit.context())
    with pytest.raises(SupplierError) as caught:
        await CALLS[endpoint](client, kit.context())
    assert caught.value.kind is FailureKind.NOT_SENT
    assert sent(aioresponses_mock, endpoint) == (endpoint == "basket")


async def test_an_open_breaker_keeps_no_frames(
    make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """Its exception is one object for all calls, and would gather the frames of each."""
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, "basket", status=502, repeat=True)
    client = make_client(read_attempts=1, breaker_failures=1)
    await fail(client, 50)
    breaker = await client._caller._patience._breakers.get_breaker("basket")
    state = breaker.context._state
    assert isinstance(state, Exception)
    assert state.__traceback__ is None
    assert state.__context__ is None


async def test_a_read_never_outlasts_the_deadline(
    make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """Its limit shrinks to what is left; an effect keeps its own, for its answer is wanted."""
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, GRADES.name, payload=ENVELOPE)
    mock_answer(aioresponses_mock, "basketadd", payload=ENVELOPE)
    ticks = itertools.count()
    client = make_client(boottime=lambda: next(ticks) / 1000, time_scale=1.0)
    ctx = kit.context(started=0.0, deadline=5.0)
    await READS[GRADES.name](client, ctx)
    await client.add_to_basket(kit.SESSION, kit.SELECTION, "USD", ctx=ctx)
    limits = {
        url.name: call.kwargs["timeout"]
        for (_, url), (call, *_) in aioresponses_mock.requests.items()
    }
    assert 4.9 < limits["cruisecabingrades.pl"].total <= 5.0
    assert limits["basketadd.pl"].total == 30.0
    assert limits["basketadd.pl"].connect <= 5.0


async def test_an_effect_that_finds_all_connections_in_use_is_soon_not_sent(
    make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """The supplier is well: the guest is told to come back rather than to wait in line."""
    answered = asyncio.Event()

    async def late(*_: object, **__: object) -> None:
        await answered.wait()

    async def are_under_way() -> bool:
        return sent(aioresponses_mock, "basketremove") == 2

    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, "basketremove", callback=late, repeat=True, payload=ENVELOPE)
    client = make_client(max_connections=2, connection_wait=0.05, time_scale=1.0)
    release, ctx = CALLS["basketremove"], kit.context()
    under_way = [asyncio.ensure_future(release(client, kit.context())) for _ in range(2)]
    await eventually(are_under_way)
    with pytest.raises(SupplierError) as caught:
        await release(client, ctx)
    assert caught.value.kind is FailureKind.NOT_SENT
    assert caught.value.text == "all connections are in use"
    assert client.crowded == 1
    answered.set()
    await asyncio.gather(*under_way)
    await release(client, kit.context())
