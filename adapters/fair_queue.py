"""Calls wait for their turn in front of a supplier: callers in turn, slower once it asks for that.

A supplier that says "too many requests" is well and wants less. How much it takes nobody knows
before (traveltek.md, section 10, 12), so the pace is found out: each such answer makes it slower
than what was sent in the second before, and quiet makes it faster again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Final, Generic, TypeVar

T = TypeVar("T")
Keys = tuple[str, str]

CALLER: Final[ContextVar[Keys]] = ContextVar("caller", default=("", ""))
"""For whom calls are made: an address, and a session of it; nobody stands for our own work."""
_SLOWER: Final = 0.9
"""The share of what was answered in the last second that is sent in a second from then on."""
_AT_FIRST: Final = 0.25
"""Seconds between two calls that one volley of refusals brings at most, where there were none."""
_FASTER: Final = 0.93
"""What the time between two calls is multiplied by, with each call, once it has been quiet."""
_QUIET: Final = 3.0
_SLOWEST: Final = 2.0
_FREE: Final = 0.005
"""Seconds between two calls below which nothing is worth waiting for."""


class InTurn(Generic[T]):
    """Things that wait, by who wants them: each address in turn, and of it each session."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lines: OrderedDict[str, OrderedDict[str, deque[T]]] = OrderedDict()
        self._number = 0

    def put(self, keys: Keys, thing: T) -> None:
        """Let a thing wait behind those of the same session."""
        address, session = keys
        self._lines.setdefault(address, OrderedDict()).setdefault(session, deque()).append(thing)
        self._number += 1

    def take(self) -> T:
        """Take the first thing of whose turn it is, and send them to the end."""
        address, sessions = self._lines.popitem(last=False)
        session, line = sessions.popitem(last=False)
        thing = line.popleft()
        if line:
            sessions[session] = line
        if sessions:
            self._lines[address] = sessions
        self._number -= 1
        return thing

    def __len__(self) -> int:
        return self._number


class FairQueue:
    """Lets so many calls through at once, and so many a second as the supplier bears."""

    def __init__(
        self,
        *,
        at_once: int,
        per_second: float | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Take how many calls may be under way, and, where it is known, how many a second."""
        self._at_once = at_once
        self._known = 1 / per_second if per_second else 0.0
        self._between = self._known
        self._clock = clock
        self._first: deque[asyncio.Future[None]] = deque()
        self._waiting: InTurn[asyncio.Future[None]] = InTurn()
        self._under_way = 0
        self._before = self._between
        self._next = self._slowed = float("-inf")
        self._begun: deque[float] = deque(maxlen=1000)
        self._refused: deque[float] = deque(maxlen=1000)
        self._timer: asyncio.TimerHandle | None = None
        self.turned_away = 0
        """How often the supplier wanted less."""

    def __len__(self) -> int:
        """Return how many calls wait."""
        return len(self._first) + len(self._waiting)

    @asynccontextmanager
    async def turn(self, keys: Keys, *, seconds: float) -> AsyncIterator[None]:
        """Wait for the turn of a caller and have it for as long as the block runs.

        Raises:
            TimeoutError: it did not come within so many seconds.
        """
        turn = asyncio.get_running_loop().create_future()
        self._waiting.put(keys, turn)
        try:
            await self._wait(turn, seconds)
            yield
        finally:
            if turn.done() and not turn.cancelled():
                self._under_way -= 1
            turn.cancel()
            self._let_through()

    async def go_first(self, *, seconds: float) -> None:
        """Wait only until the supplier bears a call, before all who wait for their turn.

        Raises:
            TimeoutError: it does not within so many seconds.
        """
        turn = asyncio.get_running_loop().create_future()
        self._first.append(turn)
        try:
            await self._wait(turn, seconds)
        finally:
            turn.cancel()

    def slow_down(self, *, seconds: float) -> None:
        """Send nothing for so many seconds, and less from then on."""
        now = self._clock()
        self.turned_away += 1
        self._next = max(self._next, now + seconds)
        # Calls that were on their way together are turned away together.
        if now - self._slowed > max(1.0, seconds):
            self._before = self._between
        self._refused.append(now)
        self._slowed = now
        answered = max(1, self._lately(self._begun) - self._lately(self._refused))
        wanted = min(1 / (_SLOWER * answered), max(2 * self._before, _AT_FIRST), _SLOWEST)
        self._between = max(self._between, wanted)
        self._let_through()

    def _lately(self, times: deque[float]) -> int:
        now = self._clock()
        return sum(now - each < 1.0 for each in times)

    async def _wait(self, turn: asyncio.Future[None], seconds: float) -> None:
        self._let_through()
        async with asyncio.timeout(seconds):
            await turn

    def _let_through(self) -> None:
        while self._first or (self._waiting and self._under_way < self._at_once):
            if (wait := self._next - self._clock()) > 0:
                self._look_again(wait)
                return
            first = bool(self._first)
            turn = self._first.popleft() if first else self._waiting.take()
            if not turn.done():
                self._under_way += not first
                self._go(turn)

    def _go(self, turn: asyncio.Future[None]) -> None:
        self._speed_up()
        self._begin()
        turn.set_result(None)

    def _begin(self) -> None:
        now = self._clock()
        self._begun.append(now)
        self._next = max(self._next, now) + self._between

    def _speed_up(self) -> None:
        if self._clock() - self._slowed > _QUIET:
            faster = self._between * _FASTER
            self._between = max(self._known, faster if faster > _FREE else 0.0)

    def _look_again(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._let_through)
