"""Single flight: concurrent callers who want the same answer wait for one of them to fetch it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class SingleFlight(Generic[Key, Result]):
    """One call per key at a time; whoever comes meanwhile joins it."""

    def __init__(self) -> None:
        self._under_way: dict[Key, asyncio.Task[Result]] = {}

    async def join(self, key: Key, start: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Return the answer of the call under way for `key`, or make it.

        All who wait share its end, a failure too; one who gives up does not end it.
        """
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(start())
            task.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(task)

    def _land(self, key: Key, task: asyncio.Task[Result]) -> None:
        self._under_way.pop(key, None)
        if not task.cancelled():
            task.exception()  # Seen here, in case everybody has left.
