"""Access tokens shared by all processes through Redis, and fetched by one of them at a time.

Redis is a convenience here, never the truth: when it is away each process keeps its own token
and goes on.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import Final, TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.single_flight import SingleFlight

T = TypeVar("T")
log = structlog.get_logger(__name__)

# Both act only for whoever still owns what they touch: a slow process must not undo a newer one.
_DELETE_IF_EQUAL: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
_STORE_IF_LEADING: Final = """
if redis.call('GET', KEYS[2]) ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
return 1
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """A token and for how many seconds it may be used; its repr hides it."""

    value: str
    seconds: float

    def __repr__(self) -> str:
        """Show the life only."""
        return f"Grant(seconds={self.seconds})"


class _Away(Exception):  # noqa: N818 - says where Redis is
    """Redis did not answer in time."""


class TokenCache:
    """Hands out tokens by name, fetching each at most once at a time across processes."""

    def __init__(
        self,
        redis: Redis | None,
        *,
        prefix: str = "booking:token:",
        answer_limit: float = 0.5,
        away_seconds: float = 5.0,
        lease_seconds: float = 30.0,
        poll_seconds: float = 0.05,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Use `redis`, or this process's memory alone when it is None or away."""
        self._redis = redis
        self._prefix = prefix
        self._answer_limit = answer_limit
        self._away_seconds = away_seconds
        self._lease_seconds = lease_seconds
        self._poll_seconds = poll_seconds
        self._clock = clock
        self._known: dict[str, tuple[str, float]] = {}
        self._lives: dict[str, float] = {}
        """How long the last token of each name that was fetched here was good for, when new."""
        self._flights = SingleFlight[str, str]()
        self._away_until = 0.0
        self._missed = False

    async def token(self, name: str, fetch: Callable[[], Awaitable[Grant]]) -> str:
        """Return the token called `name`; if there is none, one process calls `fetch`."""
        known = self._remembered(name)
        if known is not None:
            return known
        return await self._flights.join(name, lambda: self._shared_or_new(name, fetch))

    def left(self, name: str) -> float:
        """Return for how many seconds the token called `name` may still be used here."""
        return max(0.0, self._known.get(name, ("", 0.0))[1] - self._clock())

    async def drop_unless_lasting(self, name: str, seconds: float) -> bool:
        """Drop a token that will not last for `seconds`; whether one was dropped.

        Where even a new one does not last as long, the first half of its life has to do.
        """
        value, _ = self._known.get(name, ("", 0.0))
        if not 0.0 < self.left(name) < min(seconds, self._lives.get(name, inf) / 2):
            return False
        await self.forget(name, value)
        return True

    async def forget(self, name: str, value: str) -> None:
        """Drop the token `value`, and only it: another may have put a newer one there."""
        if self._remembered(name) == value:
            self._known.pop(name, None)
        try:
            await self._ask(lambda r: r.eval(_DELETE_IF_EQUAL, 1, self._key(name), value))
        except _Away:
            return

    def _key(self, name: str) -> str:
        return f"{self._prefix}{{{name}}}"

    def _lock_key(self, name: str) -> str:
        return f"{self._key(name)}:lock"

    def _remembered(self, name: str) -> str | None:
        value, until = self._known.get(name, ("", 0.0))
        return value if self._clock() < until else None

    def _remember(self, name: str, grant: Grant) -> str:
        self._known[name] = (grant.value, self._clock() + grant.seconds)
        return grant.value

    def _remember_new(self, name: str, grant: Grant) -> str:
        self._lives[name] = grant.seconds
        return self._remember(name, grant)

    async def _shared_or_new(self, name: str, fetch: Callable[[], Awaitable[Grant]]) -> str:
        try:
            shared, leader = await self._wait_for_turn(name)
        except _Away:
            return self._remember_new(name, await fetch())
        if shared is not None:
            return self._remember(name, shared)
        return await self._lead(name, leader, fetch)

    async def _wait_for_turn(self, name: str) -> tuple[Grant | None, str]:
        """Return another process's token, or the right to fetch one, or the end of patience."""
        leader, until = secrets.token_hex(16), self._clock() + self._lease_seconds
        lock, lease = self._lock_key(name), int(self._lease_seconds * 1000)

        def take_turn(redis: Redis) -> Awaitable[object]:
            return redis.set(lock, leader, nx=True, px=lease)

        while True:
            shared = await self._shared(name)
            if shared is not None:
                return shared, leader
            if await self._ask(take_turn):
                return await self._unless_shared(name, leader), leader
            if self._clock() >= until:
                return None, leader
            await asyncio.sleep(self._poll_seconds)

    async def _unless_shared(self, name: str, leader: str) -> Grant | None:
        """Give the turn back if a token came between the look and the turn."""
        shared = await self._shared(name)
        if shared is not None:
            await self._give_way(name, leader)
        return shared

    async def _lead(self, name: str, leader: str, fetch: Callable[[], Awaitable[Grant]]) -> str:
        try:
            grant = await fetch()
        except BaseException:
            await self._give_way(name, leader)
            raise
        self._remember_new(name, grant)
        await self._share(name, leader, grant)
        return grant.value

    async def _shared(self, name: str) -> Grant | None:
        key = self._key(name)
        value = await self._ask(lambda r: r.get(key))
        left = await self._ask(lambda r: r.pttl(key)) if value else 0
        if not value or left <= 0:
            return None
        return Grant(value.decode() if isinstance(value, bytes) else str(value), left / 1000)

    async def _share(self, name: str, leader: str, grant: Grant) -> None:
        """Store the token unless this process took so long that another leads by now."""
        keys = (self._key(name), self._lock_key(name))
        life = max(1, int(grant.seconds * 1000))
        try:
            await self._ask(
                lambda r: r.eval(_STORE_IF_LEADING, 2, *keys, grant.value, life, leader)
            )
        except _Away:
            return

    async def _give_way(self, name: str, leader: str) -> None:
        try:
            await self._ask(lambda r: r.eval(_DELETE_IF_EQUAL, 1, self._lock_key(name), leader))
        except _Away:
            return

    async def _ask(self, command: Callable[[Redis], Awaitable[T]]) -> T:
        """Run one command within a short time; a Redis that failed is left alone for a while."""
        if self._redis is None or self._clock() < self._away_until:
            raise _Away
        try:
            async with asyncio.timeout(self._answer_limit):
                answer = await command(self._redis)
        except (RedisError, OSError, TimeoutError) as error:
            self._miss(type(error).__name__)
            raise _Away from None
        self._found()
        return answer

    def _miss(self, reason: str) -> None:
        self._away_until = self._clock() + self._away_seconds
        if not self._missed:
            log.warning("token_cache_away", reason=reason)
        self._missed = True

    def _found(self) -> None:
        if self._missed:
            log.info("token_cache_back")
        self._missed = False
