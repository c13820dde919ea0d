"""Guests who book one cabin after the other, and what they were told."""

from __future__ import annotations

import asyncio
import random
import string
from dataclasses import dataclass, field
from uuid import uuid4

from tests.acceptance.rollout.balancer import BalancedService, Balancer, through
from tests.soak.guests import CRUISES
from tests.support.service import Guest, Headers, Reply, once
from tests.support.waiting import eventually

PAUSE = 0.2
"""Seconds that a guest thinks at most between two requests."""


@dataclass(slots=True, kw_only=True)
class Crowd:
    """So many guests at once, until the shop is closed."""

    balancer: Balancer
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    reservations: dict[str, str] = field(default_factory=dict)
    """What guests were told, by session."""
    wrong: list[str] = field(default_factory=list)

    async def throng(self, guests: int) -> None:
        """Let guests come until it is closed, and see their last bookings through."""
        async with asyncio.TaskGroup() as coming:
            for _ in range(guests):
                coming.create_task(self._shop())

    async def has_booked(self, more: int) -> None:
        """Wait until so many more bookings were told to guests."""
        wanted = len(self.reservations) + more

        async def enough() -> bool:
            return len(self.reservations) >= wanted

        await eventually(enough, within=60)

    async def _shop(self) -> None:
        async with through(self.balancer) as service:
            while not self.closed.is_set():
                await self._book(service)

    async def _book(self, service: BalancedService) -> None:
        guest = Guest(service)
        cruise = self.chance.choice(CRUISES)
        opened = await guest.open(cruise, headers=_key())
        if not self._as_wished("session", opened, 201):
            return
        await self._think()
        if not self._as_wished("pricing", await guest.price(), 200):
            return
        await self._think()
        held = await guest.select(headers=_key())
        if not self._as_wished("select", held, 200):
            return
        await self._think()
        payment = guest.payment(held.body["price"]["total"])
        ask = guest.booking(surname=self._surname(), payment=payment)
        booked = await guest.book(ask, headers=_key())
        if self._as_wished("create", booked, 201):
            self.reservations[guest.uuid] = booked.body["booking"]["reservation"]

    def _as_wished(self, what: str, reply: Reply, status: int) -> bool:
        if reply.status != status:
            self.wrong.append(f"{what}: {reply.status} {reply.code}")
        return reply.status == status

    def _surname(self) -> str:
        """Return a name of nobody else's."""
        return "".join(self.chance.choices(string.ascii_lowercase, k=14)).title()

    async def _think(self) -> None:
        await asyncio.sleep(self.chance.uniform(0, PAUSE))


def _key() -> Headers:
    return once(uuid4().hex)
