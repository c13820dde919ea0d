"""How long tests wait: for what must come, for a supplier that stays silent, and for its answers.

What a test waits for is a condition; a limit is only there for when something is broken. Calls to
the supplier have the limits of the service, except those to which no answer is going to come.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Final
from unittest.mock import patch

from aiohttp import web

import adapters.simulator.dispatch
from adapters.simulator.call import Call
from adapters.simulator.transport import send
from adapters.traveltek import TraveltekSettings

Truth = Callable[[], Awaitable[bool]]
PATIENCE: Final = 300.0
"""Seconds after which nothing comes any more, however slow the machine is."""
_BRIEF: Final = 0.2
SILENT: Final = ("timeout_before", "timeout_after")


def slowness() -> float:
    """Return how many times longer than alone everything takes on this machine, about."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def brief() -> float:
    """Return for how long to listen to silence; where all is slow, even asking takes a while."""
    return _BRIEF * slowness()


async def eventually(truth: Truth, *, within: float | None = None) -> None:
    """Wait until something becomes true; `within` are seconds on a machine that is quiet."""
    async with asyncio.timeout(PATIENCE if within is None else within * slowness()):
        while not await truth():  # noqa: ASYNC110 - what is waited for lies in another process
            await asyncio.sleep(0.02)


class Limits(dict[str, float]):
    """Seconds a call may take, by endpoint: those of the service, but brief for a silent call."""

    def __init__(self) -> None:
        super().__init__(TraveltekSettings(base_url="", sid="", username="", password="").limits)
        self._silent: dict[str, float] = {}

    def __getitem__(self, endpoint: str) -> float:
        calls = self._silent.get(endpoint, 0)
        if calls <= 0:
            return super().__getitem__(endpoint)
        self._silent[endpoint] = calls - 1
        return brief()

    def silence(self, endpoint: str, calls: int | None = 1) -> None:
        """Expect no answer to the next calls to an endpoint, or to none at all any more."""
        self._silent[endpoint] = inf if calls is None else calls

    def expect(self, endpoint: str, fault: str, calls: int | None) -> None:
        """Expect what a fault does to the next calls to an endpoint."""
        if fault in SILENT:
            self.silence(endpoint.removesuffix(".pl"), calls)


@contextmanager
def kept_back(endpoint: str, *, calls: float = inf) -> Iterator[None]:
    """Let the supplier act on the next calls to an endpoint, and answer them after the block."""
    answering, left = asyncio.Event(), calls

    async def late(request: web.Request, call: Call, answer: web.Response) -> web.StreamResponse:
        nonlocal left
        if call.endpoint == f"{endpoint}.pl" and left > 0:
            left -= 1
            await answering.wait()
        return await send(request, call, answer)

    with patch.object(adapters.simulator.dispatch, "send", late):
        try:
            yield
        finally:
            answering.set()
