"""What was read is remembered for a while, and read once for all who ask at the same time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

from adapters.single_flight import SingleFlight

T = TypeVar("T")


class Memory(Generic[T]):
    """Remembers at most `most` answers for `seconds` each; the oldest goes first."""

    def __init__(
        self, *, seconds: float, most: int, clock: Callable[[], float] = monotonic
    ) -> None:
        """Remember nothing yet."""
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._known: dict[Hashable, tuple[T, float]] = {}
        self._flights = SingleFlight[Hashable, T]()

    def __len__(self) -> int:
        return len(self._known)

    async def recall(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """Return what is known of `key`, or read it; a failure is shared and not remembered."""
        known = self._known.get(key)
        if known is not None and self._clock() < known[1]:
            return known[0]
        return await self._flights.join(key, lambda: self._read(key, read))

    def forget(self) -> None:
        """Remember nothing any more."""
        self._known.clear()

    async def _read(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        found = await read()
        self._known.pop(key, None)
        self._known[key] = (found, self._clock() + self._seconds)
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return found
