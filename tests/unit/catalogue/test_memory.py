"""What was read is remembered within bounds, and read once for all who ask at the same time."""

import asyncio

import pytest

from adapters.catalogue.cache import Memory


class Source:
    """Something to read from, which counts how often that was done."""

    def __init__(self) -> None:
        self.reads = 0
        self.open = asyncio.Event()
        self.open.set()

    async def read(self) -> int:
        self.reads += 1
        await self.open.wait()
        return self.reads


async def test_an_answer_is_shown_again_until_it_is_too_old() -> None:
    now, source = [0.0], Source()
    memory = Memory[int](seconds=10, most=5, clock=lambda: now[0])
    assert [await memory.recall("a", source.read) for _ in range(3)] == [1, 1, 1]
    now[0] = 9.9
    assert await memory.recall("a", source.read) == 1
    now[0] = 10.0
    assert await memory.recall("a", source.read) == 2
    memory.forget()
    assert await memory.recall("a", source.read) == 3


async def test_all_who_ask_at_once_share_one_reading() -> None:
    """Also when the first one gives up."""
    source, memory = Source(), Memory[int](seconds=0, most=5)
    source.open.clear()
    asking = [asyncio.create_task(memory.recall("a", source.read)) for _ in range(20)]
    await asyncio.sleep(0)
    asking[0].cancel()
    await asyncio.sleep(0)
    source.open.set()
    assert await asyncio.gather(*asking[1:]) == [1] * 19


async def test_a_failure_is_shared_and_not_remembered() -> None:
    memory, failing = Memory[int](seconds=10, most=5), [True]

    async def read() -> int:
        await asyncio.sleep(0)
        if failing[0]:
            raise ConnectionError("away")
        return 1

    told = await asyncio.gather(
        *(memory.recall("a", read) for _ in range(3)), return_exceptions=True
    )
    assert [type(each) for each in told] == [ConnectionError] * 3
    failing[0] = False
    assert await memory.recall("a", read) == 1


@pytest.mark.parametrize("number", [3, 50])
async def test_no_more_is_remembered_than_there_is_room_for(number: int) -> None:
    """The oldest answer goes first."""
    source, memory = Source(), Memory[int](seconds=10, most=3)
    for key in range(number):
        await memory.recall(key, source.read)
    assert len(memory) == 3
    await memory.recall(number - 1, source.read)
    assert source.reads == number
