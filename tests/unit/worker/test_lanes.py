"""A lane does every piece once, a few at a time, and survives pieces and a database that fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from booking_flow.errors import RefusalCode, refuse
from booking_flow.ports import StoreUnavailable
from booking_http.web.metrics import Metrics
from booking_http.worker.job_loop import TOGETHER, Job, JobLoop
from tests.support.waiting import eventually

SESSION = UUID(int=1)


class Work:
    """Pieces that wait, and what was done with them."""

    def __init__(self, *pieces: int) -> None:
        self.waiting = list(pieces)
        self.done: list[int] = []
        self.at_once = self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.outages = 0

    async def take(self, limit: int) -> Sequence[int]:
        if self.outages:
            self.outages -= 1
            raise StoreUnavailable("57P01")
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return taken

    async def do(self, piece: int) -> None:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await self.gate.wait()
        self.at_once -= 1
        self.done.append(piece)


def lane(
    take: Callable[[int], Awaitable[Sequence[int]]],
    do: Callable[[int], Awaitable[None]],
    *,
    leased: bool = True,
    poll: float = 60.0,
    metrics: Metrics | None = None,
) -> JobLoop[int]:
    job: Job[int] = Job(
        name="test", take=take, do=do, key=lambda piece: piece, session=_nobody, leased=leased
    )
    return JobLoop(job, width=3, poll=poll, observed=metrics or Metrics())


def _nobody(_: Any) -> UUID:
    return SESSION


@asynccontextmanager
async def running(made: JobLoop[int]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(made.run())
    yield task
    made.stop()
    await task


async def test_everything_is_done_once_and_a_few_at_a_time() -> None:
    work = Work(*range(20))
    async with running(lane(work.take, work.do)):
        await eventually(lambda: _is(len(work.done) == 20))
    assert sorted(work.done) == list(range(20))
    assert work.most_at_once <= 3


async def _is(truth: bool) -> bool:
    return truth


async def test_a_wake_up_saves_waiting_for_the_next_look() -> None:
    work = Work()
    made = lane(work.take, work.do)
    async with running(made):
        await asyncio.sleep(0.02)
        work.waiting = [1]
        made.wake()
        await eventually(lambda: _is(work.done == [1]))


async def test_without_a_wake_up_it_looks_now_and_then() -> None:
    work = Work()
    async with running(lane(work.take, work.do, poll=0.02)):
        await asyncio.sleep(0.02)
        work.waiting = [1]
        await eventually(lambda: _is(work.done == [1]))


async def test_a_stop_takes_nothing_more_and_waits_for_what_was_taken() -> None:
    work = Work(1, 2, 3, 4, 5)
    work.gate.clear()
    made = lane(work.take, work.do)
    task = asyncio.create_task(made.run())
    await eventually(lambda: _is(work.at_once == 3))
    made.stop()
    await asyncio.sleep(0.02)
    assert not task.done()
    work.gate.set()
    await task
    assert sorted(work.done) == [1, 2, 3]
    assert work.waiting == [4, 5]


async def test_a_database_that_is_away_is_tried_again_after_a_pause() -> None:
    work = Work(1)
    work.outages = 2
    async with running(lane(work.take, work.do)):
        await eventually(lambda: _is(work.done == [1]))


async def test_a_lane_that_cannot_take_for_another_reason_goes_on_as_well() -> None:
    """Such as a spool folder that may not be read; nobody else would do its work."""
    work, failures = Work(1), [PermissionError()]

    async def take(limit: int) -> Sequence[int]:
        if failures:
            raise failures.pop()
        return await work.take(limit)

    async with running(lane(take, work.do)):
        await eventually(lambda: _is(work.done == [1]))


async def test_who_is_cancelled_waits_for_nothing() -> None:
    """The patience of a stop is over; what was taken is found when its lease ends."""
    work = Work(1)
    work.gate.clear()
    task = asyncio.create_task(lane(work.take, work.do).run())
    await eventually(lambda: _is(work.at_once == 1))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.done == []


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (refuse(RefusalCode.WRONG_STATE), "refused"),
        (LookupError("no step is open"), "failed"),
        (StoreUnavailable("08006"), "unavailable"),
    ],
)
async def test_a_piece_that_fails_is_counted_and_keeps_no_other_waiting(
    error: Exception, outcome: str
) -> None:
    done, metrics = [], Metrics()

    async def do(piece: int) -> None:
        if piece == 1:
            raise error
        done.append(piece)

    made = lane(Work(1, 2, 3).take, do, metrics=metrics)
    assert await made.drain() == 3
    assert done == [2, 3]
    value = metrics.registry.get_sample_value
    labels = {"job": "test", "outcome": outcome}
    assert value("booking_work_total", labels) == 1
    assert value("booking_work_total", labels | {"outcome": "done"}) == 2
    assert value("booking_work_in_progress", {"job": "test"}) == 0


async def test_a_piece_that_fails_and_comes_again_is_passed_over_for_a_while() -> None:
    """Such as a session that is due and cannot be ended: the others behind it are reached."""
    tried, waiting = [], list(range(10))

    async def take(limit: int) -> Sequence[int]:
        return waiting[:limit]

    async def do(piece: int) -> None:
        tried.append(piece)
        if piece < 5:
            raise LookupError
        waiting.remove(piece)

    await lane(take, do, leased=False).drain()
    assert sorted(tried) == list(range(10))
    assert waiting == [0, 1, 2, 3, 4]


def in_batches(
    work: Work, together: Callable[[Sequence[int]], Awaitable[Sequence[int]]], metrics: Metrics
) -> JobLoop[int]:
    job: Job[int] = Job(
        name="test",
        take=work.take,
        do=work.do,
        key=lambda piece: piece,
        session=_nobody,
        leased=True,
        together=together,
    )
    return JobLoop(job, width=3, poll=60.0, observed=metrics)


async def test_what_cannot_be_done_together_is_done_alone_a_few_at_a_time() -> None:
    work, metrics, batches = Work(*range(30)), Metrics(), list[int]()

    async def together(pieces: Sequence[int]) -> Sequence[int]:
        batches.append(len(pieces))
        return [piece for piece in pieces if piece % 2]

    work.gate.clear()
    async with running(in_batches(work, together, metrics)):
        await eventually(lambda: _is(work.at_once == 3))
        work.gate.set()
        await eventually(lambda: _is(len(work.done) == 15))
    assert sorted(work.done) == list(range(1, 30, 2))
    assert work.most_at_once == 3
    assert max(batches) == 3 * TOGETHER
    labels = {"job": "test", "outcome": "done"}
    assert metrics.registry.get_sample_value("booking_work_total", labels) == 30


async def test_pieces_that_fail_together_are_done_alone() -> None:
    work = Work(*range(5))

    async def together(pieces: Sequence[int]) -> Sequence[int]:
        raise LookupError(pieces)

    assert await in_batches(work, together, Metrics()).drain() == 5
    assert sorted(work.done) == list(range(5))


async def test_pieces_for_which_the_database_is_away_wait_for_their_lease() -> None:
    work = Work(*range(5))

    async def together(pieces: Sequence[int]) -> Sequence[int]:
        raise StoreUnavailable("57P01")

    assert await in_batches(work, together, Metrics()).drain() == 0
    assert work.done == []
