"""The storm itself: what is killed, frozen, restarted, emptied, stalled and falsified, and when."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from aiohttp import ClientError

from adapters.simulator.faults import FAULTS
from tests.soak.hooks import disturb
from tests.support.processes import answering
from tests.support.receivers import Receiver
from tests.support.testbed import Ground, Server, start_supplier

Blow = Callable[[], Awaitable[None]]
FREEZE_SECONDS = 26.0
"""Longer than every lease of a storm, so that a frozen process wakes up fenced off."""
CALLS = (
    *("book.pl",) * 5,
    *("basketadd.pl",) * 5,
    *("basketremove.pl", "basket.pl") * 2,
    *("payment.pl",) * 3,
    *("cruisecabingrades.pl", "cruiseresults.pl", "cruisecabins.pl", "token.pl"),
    "cruisecabingradebreakdown.pl",
    "cruiseimportbooking.pl",
)
FOREVER = ("sold_out", "rate_gone")
"""Faults after which the supplier has less to sell for good."""


@dataclass(slots=True, kw_only=True)
class Storm:
    """Blows that fall at random on everything the service stands on."""

    ground: Ground
    servers: Sequence[Server]
    receiver: Receiver
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    frozen: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a service is frozen: with most of them frozen nobody would book at all."""

    async def rage(self) -> None:
        """Let blows fall until it is over; the last ones are seen through."""
        async with asyncio.TaskGroup() as blows:
            for server in self.servers:
                blows.create_task(self._again(partial(self._strike, server), 8, 21))
            blows.create_task(self._again(self._cut_power, 25, 45))
            blows.create_task(self._again(self._empty_cache, 10, 25))
            blows.create_task(self._again(self._falsify, 0.2, 1.2))
            blows.create_task(self._again(self._stall, 15, 30))
            blows.create_task(self._again(self._restart_supplier, 25, 50))
            blows.create_task(self._again(self._disturb_receiver, 3, 9))

    async def calm(self) -> None:
        """Let supplier and agency behave again; all else comes back by itself after each blow."""
        self.receiver.answers.clear()
        async with self.ground.http.delete(self.ground.simulator.base / "_control/faults"):
            await self.ground.simulator.control("latency", scale=0)
        await self.ground.database.dispose()
        for server in self.servers:
            await answering(self.ground.http, server.url)

    async def _again(self, blow: Blow, shortest: float, longest: float) -> None:
        while not await self._is_over(within=self.chance.uniform(shortest, longest)):
            try:
                await blow()
            except (ClientError, TimeoutError):
                self.counts["blows that went wrong"] += 1

    async def _is_over(self, *, within: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), within)
        return self.over.is_set()

    async def _strike(self, server: Server) -> None:
        """Kill a service, or now and then freeze it, or ask it to stop."""
        way = self.chance.choices(["kill", "freeze", "stop"], [80, 8, 12])[0]
        if way == "freeze" and self.frozen.locked():
            way = "kill"
        self.counts[f"services: {way}"] += 1
        if way == "freeze":
            async with self.frozen:
                server.program.send(signal.SIGSTOP)
                await asyncio.sleep(FREEZE_SECONDS)
                server.program.send(signal.SIGCONT)
            return
        await server.program.end(signal.SIGKILL if way == "kill" else signal.SIGTERM)
        await asyncio.sleep(self.chance.uniform(0, 2))
        await server.start()

    async def _cut_power(self) -> None:
        """Kill PostgreSQL and start it again, at once or after a while."""
        self.counts["PostgreSQL: crash"] += 1
        await self.ground.postgres.crash()
        await asyncio.sleep(self.chance.choice((0, 0.5, 4)))
        await self.ground.postgres.start()

    async def _empty_cache(self) -> None:
        """Take Valkey away for a moment; it comes back empty."""
        self.counts["Valkey: crash, back empty"] += 1
        await self.ground.valkey.crash()
        await asyncio.sleep(self.chance.uniform(0, 6))
        await self.ground.valkey.start()

    async def _falsify(self) -> None:
        """Let the next call or two of one endpoint go wrong in one of its ways."""
        endpoint = self.chance.choice(CALLS)
        known = [fault.name for fault in FAULTS.values() if endpoint in fault.endpoints]
        fault = self.chance.choice([name for name in known if name not in FOREVER])
        self.faults[fault] += 1
        await self.ground.simulator.fault(endpoint, fault, times=self.chance.choice((1, 1, 2)))

    async def _stall(self) -> None:
        """Make the supplier slow for a few seconds."""
        self.counts["supplier: stall"] += 1
        await self.ground.simulator.control("latency", scale=self.chance.choice((0.05, 0.3)))
        await asyncio.sleep(self.chance.uniform(2, 5))
        await self.ground.simulator.control("latency", scale=0)

    async def _restart_supplier(self) -> None:
        """Kill the supplier within its calls; it comes back and knows what it had done."""
        self.counts["supplier: restart"] += 1
        await self.ground.supplier.end()
        await asyncio.sleep(self.chance.uniform(0, 3))
        await start_supplier(self.ground.supplier, self.ground.simulator)

    async def _disturb_receiver(self) -> None:
        """Let the agency's endpoint refuse events, or hang."""
        self.counts["agency: disturbed"] += 1
        await disturb(self.receiver, self.chance)
