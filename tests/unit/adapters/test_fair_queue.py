"""Calls wait for their turn: callers in turn, and slower once the supplier asks for that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.fair_queue import FairQueue, InTurn, Keys


def test_each_address_has_its_turn_and_of_it_each_session() -> None:
    waiting: InTurn[str] = InTurn()
    for number in range(4):
        waiting.put(("flood", f"session {number}"), f"flood {number}")
        waiting.put(("flood", f"session {number}"), f"flood {number} again")
    waiting.put(("shop", "ada"), "ada 1")
    waiting.put(("shop", "ada"), "ada 2")
    waiting.put(("shop", "ben"), "ben 1")
    taken = [waiting.take() for _ in range(len(waiting))]
    assert taken[:6] == ["flood 0", "ada 1", "flood 1", "ben 1", "flood 2", "ada 2"]
    assert taken[6:] == [
        "flood 3",
        "flood 0 again",
        "flood 1 again",
        "flood 2 again",
        "flood 3 again",
    ]


class Calls:
    """Calls that last until they are let go, in the order in which they began."""

    def __init__(self, queue: FairQueue) -> None:
        self.queue = queue
        self.begun: list[Keys] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.let_go = asyncio.Event()

    def ask(self, keys: Keys, *, seconds: float = 60) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(self._ask(keys, seconds)))
        return self.tasks[-1]

    async def _ask(self, keys: Keys, seconds: float) -> None:
        async with self.queue.turn(keys, seconds=seconds):
            self.begun.append(keys)
            await self.let_go.wait()

    async def settled(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


@asynccontextmanager
async def calls(queue: FairQueue) -> AsyncIterator[Calls]:
    made = Calls(queue)
    try:
        yield made
    finally:
        made.let_go.set()
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)


async def test_an_honest_caller_is_next_whatever_waits_before_them() -> None:
    async with calls(FairQueue(at_once=1)) as asked:
        for _ in range(40):
            asked.ask(("flood", ""))
        await asked.settled()
        asked.ask(("guest", ""))
        await asked.settled()
        assert asked.begun == [("flood", "")]
        asked.let_go.set()
        await asyncio.gather(*asked.tasks)
        assert asked.begun.index(("guest", "")) <= 2


async def test_whose_turn_does_not_come_in_time_gives_up_and_takes_nobodys() -> None:
    queue = FairQueue(at_once=1)
    async with calls(queue) as asked:
        asked.ask(("a", ""))
        late, left = asked.ask(("b", ""), seconds=0.05), asked.ask(("c", ""))
        with pytest.raises(TimeoutError):
            await late
        left.cancel()
        await asyncio.wait([left])
        asked.ask(("d", ""))
        asked.let_go.set()
        await asyncio.wait(asked.tasks)
        assert asked.begun == [("a", ""), ("d", "")]
    async with queue.turn(("e", ""), seconds=1):
        assert len(queue) == 0


class Supplier:
    """Takes so many calls in each second, on a clock that only the test moves."""

    def __init__(self, per_second: int) -> None:
        self.per_second = per_second
        self.now = 0.0
        self.taken: list[float] = []
        self.refused = 0

    def take(self) -> bool:
        lately = [each for each in self.taken if self.now - each < 1.0]
        if len(lately) >= self.per_second:
            self.refused += 1
            return False
        self.taken.append(self.now)
        return True


@pytest.mark.parametrize("per_second", [1, 5, 50])
def test_the_pace_is_found_out_and_kept(per_second: int) -> None:
    """A minute of more calls than the supplier takes: few are refused, and none of it is wasted."""
    supplier = Supplier(per_second)
    queue = FairQueue(at_once=64, clock=lambda: supplier.now)
    while supplier.now < 60:
        supplier.now += 0.01
        while queue._next <= supplier.now:
            queue._speed_up()
            queue._begin()
            if not supplier.take():
                queue.slow_down(seconds=1)
            if queue._between == 0 and supplier.per_second > len(supplier.taken):
                break
    assert supplier.refused < 60
    assert len(supplier.taken) > 60 * per_second * 0.4


def test_nothing_is_sent_for_as_long_as_the_supplier_says() -> None:
    now = 0.0
    queue = FairQueue(at_once=1, clock=lambda: now)
    queue._begin()
    queue.slow_down(seconds=7)
    assert queue._next == 7
    queue.slow_down(seconds=1)
    assert queue._next == 7


def test_a_pace_that_is_known_is_never_exceeded() -> None:
    now = 0.0
    queue = FairQueue(at_once=1, per_second=4, clock=lambda: now)
    for number in range(10):
        queue._speed_up()
        queue._begin()
        assert queue._next == pytest.approx((number + 1) / 4)
