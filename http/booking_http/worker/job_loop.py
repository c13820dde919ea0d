"""A job loop: pieces are taken, done a few at a time, and what failed is left for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

import structlog

from adapters.backoff import Backoff
from booking_flow.errors import Refused
from booking_flow.ports import StoreUnavailable

T = TypeVar("T")
TOGETHER: Final = 4
"""How many times as many are taken that are done together as are done at once alone."""
FULL_SECONDS: Final = 0.05
"""How long a loop with more than half of its pieces under way waits before it takes the next."""
AFTER_FAILURE: Final = 60.0
"""Seconds for which a piece is not tried again here after it failed."""
_BACKOFF: Final = Backoff(first=0.3, longest=12.0)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[T]):
    """One kind of work: how to take some, and how to do a piece of it."""

    name: str
    take: Callable[[int], Awaitable[Sequence[T]]]
    do: Callable[[T], Awaitable[None]]
    key: Callable[[T], Hashable]
    """What tells pieces apart."""
    session: Callable[[T], UUID]
    """Whose it is, for the log."""
    leased: bool
    """Taking shuts others out; otherwise whoever commits first has done it."""
    together: Callable[[Sequence[T]], Awaitable[Sequence[T]]] | None = None
    """Does what can be done to several at once, and returns those that need more, one by one."""


class Observed(Protocol):
    """Where a loop says what it did."""

    def began(self, job: str) -> None:
        """Count a piece that is under way."""

    def ended(self, job: str, outcome: str) -> None:
        """Count a piece that has ended, and how."""


class JobLoop(Generic[T]):
    """Does one kind of work until stopped, at most `width` pieces at once."""

    def __init__(self, job: Job[T], *, width: int, poll: float, observed: Observed) -> None:
        """`poll` is how many seconds to wait for a wake-up before looking anyway."""
        self._job = job
        self._alone = asyncio.Semaphore(width)
        self._most = width * (TOGETHER if job.together else 1)
        self._poll = poll
        self._observed = observed
        self._busy: dict[Hashable, asyncio.Task[None]] = {}
        self._resting: dict[Hashable, float] = {}
        self._again = asyncio.Event()
        self._stopping = False
        self._failures = 0

    def wake(self) -> None:
        """Look for work now."""
        self._again.set()

    def stop(self) -> None:
        """Take nothing more; what is under way goes on."""
        self._stopping = True
        self._again.set()

    async def run(self) -> None:
        """Take and do work until stopped, and then finish what was taken."""
        try:
            while not self._stopping:
                self._again.clear()
                more = await self._turn()
                if self._is_rather_full or not more:
                    await self._wait(FULL_SECONDS if more else self._pause())
            await self._finished()
        finally:
            for task in self._busy.values():
                task.cancel()

    async def drain(self) -> int:
        """Do all there is to do now, and return how many pieces that was."""
        done = 0
        while some := await self._turn():
            done += some
            await self._finished()
        return done

    @property
    def _is_rather_full(self) -> bool:
        """Whether to wait for more room: pieces taken one by one cost a statement each."""
        return len(self._busy) > self._most // 2

    async def _turn(self) -> int:
        """Take what there is room for and begin it; return how much that was."""
        room = self._most - len(self._busy)
        self._wake_rested()
        found = await self._taken(room) if room > 0 else ()
        fresh = [piece for piece in found if self._may_begin(piece)][: max(room, 0)]
        for piece in await self._left_after(fresh):
            self._begin(piece)
        return 0 if self._failures else len(fresh)

    async def _left_after(self, pieces: Sequence[T]) -> Sequence[T]:
        """Do together what can be done so, and return what is to be done alone."""
        if self._job.together is None or not pieces:
            return pieces
        try:
            left = await self._job.together(pieces)
        except StoreUnavailable as error:
            self._failed(error)
            return ()
        except Exception:
            # One of them that cannot be done must not keep the others waiting.
            _log.exception("not done together", job=self._job.name)
            return pieces
        self._ended_together(len(pieces) - len(left))
        return left

    def _ended_together(self, number: int) -> None:
        for _ in range(number):
            self._observed.began(self._job.name)
            self._observed.ended(self._job.name, "done")
        if number:
            _log.info("done together", job=self._job.name, pieces=number)

    async def _taken(self, room: int) -> Sequence[T]:
        passed_over = 0 if self._job.leased else len(self._busy) + len(self._resting)
        try:
            found = await self._job.take(room + passed_over)
        except StoreUnavailable as error:
            self._failed(error)
            return ()
        except Exception:
            # A loop that ended would leave its work to nobody.
            self._failures += 1
            _log.exception("no work can be taken", job=self._job.name)
            return ()
        self._failures = 0
        return found

    def _failed(self, error: StoreUnavailable) -> None:
        self._failures += 1
        _log.warning("no work: the database is away", job=self._job.name, why=str(error))

    def _wake_rested(self) -> None:
        now = asyncio.get_running_loop().time()
        self._resting = {key: until for key, until in self._resting.items() if until > now}

    def _may_begin(self, piece: T) -> bool:
        key = self._job.key(piece)
        return key not in self._busy and key not in self._resting

    def _begin(self, piece: T) -> None:
        key = self._job.key(piece)
        task = asyncio.create_task(self._do(piece, key))
        self._busy[key] = task
        task.add_done_callback(lambda _: self._ended(key))

    def _ended(self, key: Hashable) -> None:
        full = len(self._busy) >= self._most
        del self._busy[key]
        if len(self._busy) == self._most // 2:
            self._again.set()
        elif full:
            asyncio.get_running_loop().call_later(FULL_SECONDS, self._again.set)

    async def _do(self, piece: T, key: Hashable) -> None:
        async with self._alone:
            await self._do_now(piece, key)

    async def _do_now(self, piece: T, key: Hashable) -> None:
        self._observed.began(self._job.name)
        outcome = "cancelled"
        try:
            outcome = await self._outcome(piece, key)
        finally:
            self._observed.ended(self._job.name, outcome)

    async def _outcome(self, piece: T, key: Hashable) -> str:
        log = _log.bind(job=self._job.name, session=str(self._job.session(piece)))
        try:
            await self._job.do(piece)
        except StoreUnavailable as error:
            self._failed(error)
            return "unavailable"
        except Refused as refused:
            self._rest(key)
            log.warning("refused", code=refused.refusal.code.value)
            return "refused"
        except Exception:
            # One piece that cannot be done must not keep all others waiting.
            self._rest(key)
            log.exception("failed")
            return "failed"
        log.info("done")
        return "done"

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._again.wait(), seconds)

    def _rest(self, key: Hashable) -> None:
        self._resting[key] = asyncio.get_running_loop().time() + AFTER_FAILURE

    def _pause(self) -> float:
        return _BACKOFF.after(self._failures) if self._failures else self._poll

    async def _finished(self) -> None:
        if self._busy:
            await asyncio.wait(tuple(self._busy.values()))
