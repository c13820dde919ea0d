"""A process that can be stopped at any call it makes through a port, and go on later or never.

What `watched_service` does to a real process with SIGKILL, this does within the test's own, a
thousand times a minute: once stopped, every request of the process stands still at its next port.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar
from unittest.mock import patch

import booking_http.app
import booking_http.maintenance_wiring
import booking_http.wiring
from booking_flow.engine import Engine
from booking_flow.errors import Refused
from booking_flow.ports import StoreUnavailable
from booking_http.api.openapi import build_document
from booking_http.maintenance_wiring import Maintenance, SharedParts, maintenance_of
from booking_http.routes import ROUTES
from persistence.work_queue import PostgresWorkQueue
from tests.support.service import Json, Service, Simulator, running_service

T = TypeVar("T")
TOLD = (Refused, StoreUnavailable)
"""What whoever asks without HTTP is told instead of an answer."""


@cache
def document() -> Json:
    """Return the API's description, which takes long to build and is the same everywhere."""
    return build_document(ROUTES, server=None)


class Points:
    """Counts the points one process passes, and says what happens at one of them."""

    def __init__(self) -> None:
        self.stopped = asyncio.Event()
        self._left_to_stop = 0
        self._left_to_outage = 0
        self._outages = 0
        self._under_way = 0
        self._gates: list[asyncio.Future[None]] = []

    def stop_at(self, number: int) -> None:
        """Stop at the n-th point from now."""
        self._left_to_stop = number

    def lose_database_at(self, number: int, *, times: int) -> None:
        """Lose the database at the n-th point of the store from now, for so many of them."""
        self._left_to_outage, self._outages = number, times

    @property
    def outage_is_over(self) -> bool:
        """Whether the database has been lost as often as it was to be."""
        return self._outages == 0

    def calm(self) -> None:
        """Let nothing happen any more."""
        self._left_to_stop = self._left_to_outage = self._outages = 0

    async def reach(self, port: str) -> None:
        if port == "store":
            self._lose_database()
        self._left_to_stop -= 1
        if self._left_to_stop == 0:
            self.stopped.set()
        if self.stopped.is_set():
            gate = asyncio.get_running_loop().create_future()
            self._gates.append(gate)
            await gate

    def _lose_database(self) -> None:
        self._left_to_outage -= 1
        if self._left_to_outage <= 0 < self._outages:
            self._outages -= 1
            raise StoreUnavailable("away")

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Count a call that is under way; what it does outside cannot be stopped any more."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def still(self) -> None:
        """Wait until every request of a stopped process stands still, and all it asked is done."""
        while self._under_way:  # noqa: ASYNC110 - what goes on outside tells nobody
            await asyncio.sleep(0.001)

    def go_on(self) -> None:
        """Let every request go on where it stands."""
        self.calm()
        self.stopped.clear()
        for gate in self._gates:
            if not gate.done():
                gate.set_result(None)

    def end(self) -> None:
        """Let no request go on, ever."""
        for gate in self._gates:
            gate.cancel()


class Stoppable:
    """A port before and after whose every call the process can be stopped."""

    def __init__(self, port: Any, name: str, points: Points) -> None:
        self._port, self._name, self._points = port, name, points

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._port, method)

        async def passing(*args: Any, **kwargs: Any) -> Any:
            await self._points.reach(self._name)
            with self._points.outside():
                answer = await call(*args, **kwargs)
            await self._points.reach(self._name)
            return answer

        return passing


@contextmanager
def stoppable_parts(points: Points, boottime: Callable[[], float]) -> Iterator[None]:
    """Let the process that starts within have ports that stop, and a clock that jumps."""

    def engine(**wired: Any) -> Engine:
        ports = {name: Stoppable(wired[name], name, points) for name in ("store", "supplier")}
        return Engine(**wired | ports)

    def maintenance(wired: SharedParts) -> Maintenance:
        store: Any = Stoppable(wired.store, "store", points)
        supplier: Any = Stoppable(wired.supplier, "supplier", points)
        return maintenance_of(replace(wired, store=store, supplier=supplier))

    def queue(*given: Any) -> Stoppable:
        return Stoppable(PostgresWorkQueue(*given), "store", points)

    async def pause(_attempt: int) -> None:
        await asyncio.sleep(0)

    wiring: dict[str, Any] = {
        "Engine": engine,
        "maintenance_of": maintenance,
        "boottime": boottime,
        "pause": pause,
    }
    with (
        patch.multiple(booking_http.wiring, **wiring),
        patch.object(booking_http.maintenance_wiring, "PostgresWorkQueue", queue),
        patch.object(booking_http.app, "build_document", lambda *_, **__: document()),
    ):
        yield


@dataclass(slots=True, kw_only=True)
class Process:
    """One service with its worker, and the requests it has under way."""

    service: Service
    points: Points
    requests: list[asyncio.Task[Any]]
    opened: AsyncExitStack

    async def do(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Let the process do something; None when it stands still before it has."""
        task = asyncio.create_task(work)
        self.requests.append(task)
        stop = asyncio.create_task(self.points.stopped.wait())
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not task.done():
            await self.points.still()
            return None
        self.requests.remove(task)
        return task.result()

    async def go_on(self) -> list[Any]:
        """Wake it: it finishes what it was doing, unaware of the time that passed."""
        self.points.go_on()
        ended = await asyncio.gather(*self.requests, return_exceptions=True)
        for failed in ended:
            if isinstance(failed, BaseException) and not isinstance(failed, TOLD):
                raise failed
        return ended

    async def end(self) -> None:
        """End it as a kill does: nothing more is written, nothing more is sent."""
        for task in self.requests:
            task.cancel()
        self.points.end()
        await asyncio.gather(*self.requests, return_exceptions=True)
        await self.opened.aclose()


async def start_process(
    database_url: str, simulator: Simulator, boottime: Callable[[], float], **changes: Any
) -> Process:
    """Start a process over a database and a supplier."""
    points, opened = Points(), AsyncExitStack()
    with stoppable_parts(points, boottime):
        service = await opened.enter_async_context(
            running_service(database_url, simulator, **changes)
        )
    return Process(service=service, points=points, requests=[], opened=opened)
