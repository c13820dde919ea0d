"""Gauges of what the database knows: looked up when somebody asks for metrics, but seldom."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from booking_flow.ports import StoreUnavailable

_LOOKED_UP_EVERY: Final = 10.0


class LookedUpGauges(ABC):
    """Some gauges that are filled together."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take the clock by which looking up is spaced out."""
        self._monotonic = monotonic
        self._next = float("-inf")

    async def refresh(self) -> None:
        """Show how it is now; while the database is away, what was known last."""
        if self._monotonic() < self._next:
            return
        self._next = self._monotonic() + _LOOKED_UP_EVERY
        try:
            await self._look_up()
        except StoreUnavailable:
            return

    @abstractmethod
    async def _look_up(self) -> None:
        """Ask the database, then show all of its answer."""
