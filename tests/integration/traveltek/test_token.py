"""Tokens: fetched by one at a time, shared through Valkey, renewed in the middle of a session."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from aiohttp.test_utils import unused_port
from aioresponses import aioresponses
from redis.asyncio import Redis
from structlog.testing import capture_logs

from adapters.token_cache import Grant, TokenCache
from adapters.traveltek.parse_values import Unreadable
from adapters.traveltek.token import read_grant
from booking_flow.supplier_errors import FailureKind, SupplierError
from tests.integration.traveltek.test_classification import (
    CALLS,
    EFFECTS,
    ENVELOPE,
    mock_answer,
    mock_token,
    refusal,
    sent,
)
from tests.support import traveltek as kit
from tests.support.traveltek_fixtures import MakeClient, Simulator
from tests.support.waiting import PATIENCE


class Issuer:
    """Issues a new token each time, after a moment."""

    def __init__(self, seconds: float = 3600, wait: float = 0.05) -> None:
        self.issued = 0
        self.seconds = seconds
        self.wait = wait
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> Grant:
        self.issued += 1
        number = self.issued
        self.begun.set()
        await asyncio.sleep(self.wait)
        await self.gate.wait()
        return Grant(f"token-{number}", self.seconds)


@pytest.fixture
async def valkey(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as redis:
        yield redis


@pytest.fixture
async def nowhere() -> AsyncIterator[Redis]:
    async with Redis.from_url(f"redis://127.0.0.1:{unused_port()}") as redis:
        yield redis


def caches(redis: Redis | None, number: int = 2, **changes: Any) -> list[TokenCache]:
    """Make as many caches as there are processes."""
    usual = {"poll_seconds": 0.005, "answer_limit": 10.0} | changes
    return [TokenCache(redis, **usual) for _ in range(number)]


async def test_many_callers_in_many_processes_fetch_one_token(valkey: Redis) -> None:
    issuer = Issuer()
    calls = [cache.token("a", issuer) for cache in caches(valkey, 4) for _ in range(25)]
    assert set(await asyncio.gather(*calls)) == {"token-1"}
    assert issuer.issued == 1


async def test_a_token_that_came_between_look_and_turn_is_shared(
    valkey: Redis, redis_url: str
) -> None:
    issuer, (first,) = Issuer(wait=0), caches(valkey, 1)

    class Overtaken(Redis):
        """Looks just before another process stores a token."""

        async def get(self, name: Any) -> Any:
            found = await super().get(name)
            await first.token("a", issuer)
            return found

    async with Overtaken.from_url(redis_url) as slow:
        (second,) = caches(slow, 1)
        assert await second.token("a", issuer) == "token-1"
    assert issuer.issued == 1
    assert not [key async for key in valkey.scan_iter("*:lock")]


async def test_accounts_do_not_share_a_token(valkey: Redis) -> None:
    issuer, (cache, _) = Issuer(), caches(valkey)
    assert await cache.token("a", issuer) != await cache.token("b", issuer)


async def test_a_token_ends_with_its_life(valkey: Redis) -> None:
    now, shared = 0.0, "booking:token:{a}"
    issuer, (one, other) = Issuer(seconds=90, wait=0), caches(valkey, clock=lambda: now)
    assert await one.token("a", issuer) == "token-1"
    assert await other.token("a", issuer) == "token-1"
    assert 0 < await valkey.pttl(shared) <= 90_000
    now += 90
    await valkey.delete(shared)
    assert await other.token("a", issuer) == "token-2"
    assert await one.token("a", issuer) == "token-2"


async def test_a_slow_process_cannot_take_a_newer_token_away(valkey: Redis) -> None:
    """Forgetting compares: only the token that was refused is dropped."""
    issuer, (one, other) = Issuer(), caches(valkey)
    old = await one.token("a", issuer)
    assert await other.token("a", issuer) == old
    await one.forget("a", old)
    new = await one.token("a", issuer)
    await other.forget("a", old)
    assert await other.token("a", issuer) == new == "token-2"
    assert issuer.issued == 2


async def test_a_leader_that_fails_gives_way(valkey: Redis) -> None:
    async def fail() -> Grant:
        raise SupplierError(FailureKind.TIMEOUT, endpoint="token")

    one, other = caches(valkey, lease_seconds=10 * PATIENCE)
    with pytest.raises(SupplierError):
        await one.token("a", fail)
    async with asyncio.timeout(PATIENCE):
        assert await other.token("a", Issuer()) == "token-1"


async def test_a_failure_is_shared_by_all_who_waited() -> None:
    """A supplier in trouble is asked once, not once after another by everybody in the queue."""
    asked = 0

    async def fail() -> Grant:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.02)
        raise SupplierError(FailureKind.TIMEOUT, endpoint="token")

    cache = TokenCache(None)
    ends = await asyncio.gather(
        *(cache.token("a", fail) for _ in range(20)), return_exceptions=True
    )
    assert all(isinstance(end, SupplierError) for end in ends)
    assert asked == 1


async def test_a_leader_that_dies_is_followed_when_its_lease_ends(valkey: Redis) -> None:
    (cache,) = caches(valkey, 1, lease_seconds=0.2)
    await valkey.set("booking:token:{a}:lock", "somebody", px=150)
    assert await cache.token("a", Issuer()) == "token-1"


async def test_a_leader_that_lost_its_lease_does_not_overwrite(valkey: Redis) -> None:
    slow, quick = Issuer(wait=0), Issuer(wait=0)
    quick.issued = 7
    (one,), (other,) = caches(valkey, 1, lease_seconds=0.1), caches(valkey, 1)
    slow.gate.clear()
    late = asyncio.create_task(one.token("a", slow))
    await slow.begun.wait()
    assert await other.token("a", quick) == "token-8"
    slow.gate.set()
    assert await late == "token-1"
    (third,) = caches(valkey, 1)
    assert await third.token("a", Issuer()) == "token-8"


async def test_one_who_gives_up_does_not_end_the_flight() -> None:
    issuer, cache = Issuer(), TokenCache(None)
    first = asyncio.create_task(cache.token("a", issuer))
    second = asyncio.create_task(cache.token("a", issuer))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "token-1"
    assert issuer.issued == 1


async def test_without_redis_each_process_goes_on_alone(nowhere: Redis) -> None:
    """It is said once that the cache is away, and never what would have been in it."""
    issuer = Issuer(wait=0)
    one, other = caches(nowhere)
    with capture_logs() as logs:
        assert await one.token("a", issuer) == "token-1"
        assert await one.token("a", issuer) == "token-1"
        await one.forget("a", "token-1")
        assert await one.token("a", issuer) == "token-2"
        assert await other.token("a", issuer) == "token-3"
    assert [each["event"] for each in logs] == ["token_cache_away"] * 2
    assert "token-" not in str(logs)


async def test_a_silent_redis_costs_little() -> None:
    """A server that accepts and says nothing is given up after a short time, once."""
    writers = []
    silent = await asyncio.start_server(lambda _, w: writers.append(w), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    async with Redis.from_url(f"redis://127.0.0.1:{port}") as redis:
        cache, begun = TokenCache(redis, answer_limit=0.1), loop.time()
        for number in range(1, 6):
            assert await cache.token("a", Issuer(wait=0)) == "token-1", number
            await cache.forget("a", "token-1")
        assert loop.time() - begun < 0.5
    for writer in writers:
        writer.close()
    silent.close()
    await silent.wait_closed()


async def test_redis_comes_back(valkey: Redis, nowhere: Redis) -> None:
    cache = TokenCache(nowhere, away_seconds=0.0)
    await cache.token("a", Issuer())
    cache._redis = valkey  # The same address, answering again.
    with capture_logs() as logs:
        await cache.token("b", Issuer())
    assert [each["event"] for each in logs] == ["token_cache_back"]
    assert await valkey.get("booking:token:{b}") == b"token-1"


def test_a_grant_hides_its_token() -> None:
    assert "token-1" not in repr(Grant("token-1", 5))


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [("7200", 7140), (3600, 3540), ("60", 30), (None, 3540), ("", 3540), ("-1", 3540), (0, 3540)],
)
def test_the_life_of_a_token_has_a_margin(expires_in: Any, seconds: float) -> None:
    answer = {"expires_in": expires_in, "access_token": kit.TOKEN}
    assert read_grant(answer, settings=kit.settings()).seconds == seconds


def test_an_answer_without_a_token_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        read_grant({"expires_in": "7200"}, settings=kit.settings())


EXPIRED: dict[str, dict[str, Any]] = {
    "3002 at 200": {"payload": refusal(3002, "expired token")},
    "3000 at 200": {"payload": refusal(3000, "invalid token")},
    "3002 at 401": {"payload": refusal(3002), "status": 401},
    "401 with a page": {"body": "<h1>401</h1>", "status": 401},
}


ONCE = ("book", "payment")
PAGE_401 = "401 with a page"
RENEWED = [
    (endpoint, how)
    for endpoint in CALLS
    for how in EXPIRED
    if endpoint not in ONCE and not (how == PAGE_401 and endpoint in EFFECTS)
]


@pytest.mark.parametrize(("endpoint", "how"), RENEWED)
async def test_a_refused_token_is_renewed_and_the_call_made(
    endpoint: str, how: str, make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """For a hold and its release too: a supplier that refuses the token itself did nothing."""
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, endpoint, **EXPIRED[how])
    mock_answer(aioresponses_mock, endpoint, payload=refusal(111), repeat=True)
    ctx = kit.context()
    with pytest.raises(SupplierError) as caught:
        await CALLS[endpoint](make_client(), ctx)
    assert caught.value.code == 111
    assert [call.endpoint for call in ctx.calls] == ["token", endpoint, "token", endpoint]


@pytest.mark.parametrize("how", [how for how in EXPIRED if how != PAGE_401])
@pytest.mark.parametrize("endpoint", ONCE)
async def test_a_booking_goes_out_once_even_where_the_token_was_refused(
    endpoint: str, how: str, make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """It is certainly refused, and the next one goes out with a new token."""
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, endpoint, **EXPIRED[how])
    mock_answer(aioresponses_mock, endpoint, payload=refusal(111), repeat=True)
    ctx, client = kit.context(), make_client()
    with pytest.raises(SupplierError) as caught:
        await CALLS[endpoint](client, ctx)
    assert caught.value.kind is FailureKind.TOKEN_REFUSED
    assert (caught.value.certain, caught.value.sent) == (True, False)
    assert [call.endpoint for call in ctx.calls] == ["token", endpoint]
    with pytest.raises(SupplierError) as caught:
        await CALLS[endpoint](client, ctx)
    assert caught.value.code == 111
    assert [call.endpoint for call in ctx.calls] == ["token", endpoint, "token", endpoint]


@pytest.mark.parametrize(
    "beside",
    [
        {"results": [{"bookingid": 5}]},
        {"results": [["anything"]]},
        {"meta": {"bookingid": "5"}},
    ],
)
@pytest.mark.parametrize("endpoint", EFFECTS)
async def test_a_refused_token_beside_a_sign_of_something_done_is_never_asked_again(
    endpoint: str,
    beside: dict[str, Any],
    make_client: MakeClient,
    aioresponses_mock: aioresponses,
) -> None:
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, endpoint, payload=refusal(3002, **beside), repeat=True)
    with suppress(SupplierError):
        await CALLS[endpoint](make_client(), kit.context())
    assert sent(aioresponses_mock, endpoint) == 1


@pytest.mark.parametrize("endpoint", [name for name in CALLS if name not in ONCE])
async def test_a_token_is_renewed_once_only(
    endpoint: str, make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    mock_token(aioresponses_mock)
    mock_answer(aioresponses_mock, endpoint, payload=refusal(3002), repeat=True)
    with pytest.raises(SupplierError) as caught:
        await CALLS[endpoint](make_client(), kit.context())
    assert (caught.value.kind, caught.value.code) == (FailureKind.TOKEN_REFUSED, 3002)
    assert sent(aioresponses_mock, endpoint) == 2


async def test_the_token_goes_where_each_verb_wants_it(
    make_client: MakeClient, aioresponses_mock: aioresponses
) -> None:
    """A query on GET, a header on JSON, a field of a form; Basic for the token itself."""
    mock_token(aioresponses_mock)
    for endpoint in CALLS:
        mock_answer(aioresponses_mock, endpoint, payload=ENVELOPE | refusal(111))
    client = make_client()
    for call in CALLS.values():
        with pytest.raises(SupplierError):
            await call(client, kit.context())
    for (_, url), (asked, *_) in aioresponses_mock.requests.items():
        given = asked.kwargs
        match url.name:
            case "token.pl":
                assert given["headers"]["Authorization"].startswith("Basic ")
                assert given["data"] == {"grant_type": "client_credentials", "scope": "portal"}
            case "book.pl":
                assert given["headers"]["requestid"] == kit.TOKEN
                assert kit.TOKEN.encode() not in given["data"]
            case "payment.pl":
                assert given["data"]["requestid"] == kit.TOKEN
            case _:
                assert given["params"]["requestid"] == kit.TOKEN
                assert given["params"]["sid"] == "10001"


@pytest.mark.parametrize("fault", ["token_expired_200", "token_expired_401"])
async def test_a_session_outlives_its_token(simulator: Simulator, fault: str) -> None:
    """Session keys do not depend on the token (traveltek.md, section 2), over real HTTP."""
    from tests.integration.traveltek.test_journey import basketed, opened  # noqa: PLC0415

    async with simulator.client() as client:
        ctx = kit.context()
        session = (await opened(client, ctx)).session_key
        await simulator.fault("cruisecabingrades", fault)
        await simulator.fault("basketadd", fault)
        quote = await client.grades(session, kit.SAILING, kit.PARTY, "USD", ctx=ctx)
        assert quote.grades
        _, added = await basketed(client, ctx)
        assert added.priced
    assert await simulator.received("token") == 3
    assert len((await simulator.show("ledger"))["holds"]) == 1
