"""The processes that guests may go to, and guests who follow what these say of themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web
from yarl import URL

from tests.support.service import Headers, Reply, Service, Simulator

PATIENCE = 60.0
"""Seconds a guest waits for an answer."""
GLANCE = 0.1
"""Seconds between two looks at readiness."""
GONE = (ClientError, TimeoutError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A request that got no answer."""

    process: URL
    what: str
    why: str
    at: float

    def __str__(self) -> str:
        return f"{self.what} at {self.process.port}: {self.why}"


@dataclass(slots=True, kw_only=True)
class Balancer:
    """Processes as a balancer sees them: those that are ready get new connections."""

    simulator: Simulator
    ready: list[URL] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    answered: int = 0
    told_to_close: int = 0

    async def watch(self, process: URL, http: ClientSession) -> None:
        """Ask one process again and again whether it is ready."""
        while True:
            is_ready = await _is_ready(process, http)
            if is_ready and process not in self.ready:
                self.ready.append(process)
            if not is_ready and process in self.ready:
                self.ready.remove(process)
            await asyncio.sleep(GLANCE)

    async def until(self, process: URL, *, ready: bool, within: float = 60.0) -> None:
        """Wait until a process is seen to be ready, or not to be."""
        async with asyncio.timeout(within):
            while (process in self.ready) is not ready:  # noqa: ASYNC110 - others watch it
                await asyncio.sleep(GLANCE / 4)


async def _is_ready(process: URL, http: ClientSession) -> bool:
    try:
        async with http.get(process / "readyz", timeout=ClientTimeout(5)) as answer:
            return answer.status == 200
    except GONE:
        return False


@asynccontextmanager
async def watching(simulator: Simulator, *processes: URL) -> AsyncIterator[Balancer]:
    """Follow the readiness of these processes, which need not run yet."""
    made = Balancer(simulator=simulator)
    # A question must not wait for the next: each comes on a connection of its own.
    async with ClientSession(connector=TCPConnector(force_close=True)) as http:
        tasks = [asyncio.create_task(made.watch(process, http)) for process in processes]
        try:
            yield made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(slots=True, kw_only=True)
class BalancedService(Service):
    """The service as one guest meets it, on one connection that is kept as long as it may be."""

    balancer: Balancer
    settled: bool = False

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Headers | None = None,
    ) -> Reply:
        """Ask, and when no answer comes note that and ask the same once more elsewhere."""
        while True:
            await self._choose()
            try:
                reply = await Service.call(self, method, path, body, raw=raw, headers=headers)
            except GONE as error:
                self._note(f"{method} {path.rpartition('/')[2].partition('.')[0]}", error)
                continue
            self.balancer.answered += 1
            if reply.headers.get("Connection", "").lower() == "close":
                self.balancer.told_to_close += 1
                self.settled = False
            return reply

    async def _choose(self) -> None:
        """Stay where the connection is; for a new one take a process that is ready."""
        while not self.settled:
            if self.balancer.ready:
                # Each goes to the end of the queue, so that all get their share.
                self.url = self.balancer.ready.pop(0)
                self.balancer.ready.append(self.url)
                self.settled = True
            else:
                await asyncio.sleep(GLANCE / 4)

    def _note(self, what: str, error: BaseException) -> None:
        self.settled = False
        why = f"{type(error).__name__} {error}".strip()
        self.balancer.lost.append(Lost(process=self.url, what=what, why=why, at=time.monotonic()))


@asynccontextmanager
async def through(balancer: Balancer) -> AsyncIterator[BalancedService]:
    """Open the service for one guest."""
    connector = TCPConnector(limit=1, keepalive_timeout=PATIENCE)
    async with ClientSession(connector=connector, timeout=ClientTimeout(PATIENCE)) as http:
        # aiohttp would ask again in silence when a kept-alive connection turns out to be closed.
        http._retry_connection = False
        yield BalancedService(
            app=web.Application(),
            url=URL(),
            http=http,
            simulator=balancer.simulator,
            balancer=balancer,
        )
