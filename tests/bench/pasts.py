"""What sessions can have behind them: real guests walk each past once, to be multiplied."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from booking_flow.staff.people import Role
from tests.bench.clients import checked
from tests.support.service import Guest, Service
from tests.support.staff import Clerk, hire, in_doubt
from tests.support.workers import Clocks, clocks_of, worker_of

YEAR: Final = timedelta(days=365)
OVER: Final = timedelta(hours=2, minutes=10)
"""After this nothing is left of a session that nobody booked."""
SOON: Final = timedelta(minutes=1)
RETURNS: Final = 300
"""How often the guest with the longest history has asked for prices."""


@dataclass(slots=True, kw_only=True)
class Walks:
    """What guests, clocks and staff need to live through a past."""

    service: Service
    clocks: Clocks
    clerk: Clerk

    async def opened(self) -> Guest:
        """Open a session."""
        guest = self.service.guest()
        checked(await guest.open(), 201)
        return guest

    async def priced(self, looks: int = 3) -> Guest:
        """Look at prices so often."""
        guest = await self.opened()
        for _ in range(looks):
            checked(await guest.price(), 200)
        return guest

    async def chosen(self, looks: int = 3, choices: int = 2) -> Guest:
        """Choose a cabin, and choose again."""
        guest = await self.priced(looks)
        for _ in range(choices):
            checked(await guest.select(addToBasket=False), 200)
        return guest

    async def held(self) -> Guest:
        """Hold a cabin and type names."""
        guest = await self.chosen()
        checked(await guest.hold(), 200)
        details = {"contact": guest.contact(), "passengers": guest.passengers()}
        checked(await guest.edit(details), 200)
        return guest

    async def paid(self) -> Guest:
        """Book, and pay all of it."""
        guest = await self.held()
        checked(await guest.book(guest.booking(payment=guest.payment(_total(guest)))), 201)
        return guest

    async def booked(self) -> Guest:
        """Book without paying."""
        guest = await self.held()
        checked(await guest.book(), 201)
        return guest

    async def doubted(self) -> Guest:
        """Book, and never hear whether it was."""
        return (await in_doubt(self.service))[0]

    async def lapsed(self) -> Guest:
        """Hold a cabin until time runs out, and have a worker let it go."""
        guest = await self.over(self.held())
        await self.clocks.advance(SOON)
        await worker_of(self.service).drain()
        return guest

    async def cleared_up(self) -> Guest:
        """Book and pay in doubt, and have staff find the reservation."""
        guest = await self.held()
        await self.service.simulator.fault("book.pl", "http_500_after")
        checked(await guest.book(guest.booking(payment=guest.payment(_total(guest)))), 202)
        made = (await self.service.simulator.ledger())["bookings"][-1]
        await self._answer(guest, "reservation", reservation=made["reservation"])
        return guest

    async def cancelled_at_the_line(self) -> Guest:
        """Cancel a booking, and have staff confirm it."""
        guest = await self.booked()
        checked(await guest.cancel(), 202)
        await self._answer(guest, "line_cancelled")
        return guest

    async def given_up(self) -> Guest:
        """Cancel what is only held."""
        guest = await self.held()
        checked(await guest.cancel(), 200)
        return guest

    async def owing(self) -> Guest:
        """Cancel while the supplier does not let the cabin go."""
        guest = await self.held()
        await self.service.simulator.fault("basketremove.pl", "http_500", times=2)
        checked(await guest.cancel(), 200, 202)
        return guest

    async def under_way(self) -> Guest:
        """Book, and leave while the supplier thinks."""
        guest = await self.held()
        received = await self.service.simulator.received("book.pl")
        await self.service.simulator.fault("book.pl", "timeout_after")
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await guest.book()
        await self.service.simulator.has_received("book.pl", received + 1)
        return guest

    async def over(self, walk: Awaitable[Guest]) -> Guest:
        """Let time run out."""
        guest = await walk
        await self.clocks.advance(OVER)
        checked(await guest.look(), 200)
        return guest

    async def _answer(self, guest: Guest, kind: str, **more: str) -> None:
        task = (await self.clerk.read(guest.uuid))["tasks"][0]
        checked(await self.clerk.answer(task, kind, **more), 200)


def _total(guest: Guest) -> str:
    return str(guest.rate()["total"])


Walk = Callable[[Walks], Awaitable[Guest]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One past: how many of a million sessions have it, and when they can have begun."""

    per_million: int
    walk: Walk
    longest_ago: timedelta = YEAR
    latest_ago: timedelta = OVER


def _live(per_million: int, walk: Walk, longest_ago: timedelta) -> Past:
    return Past(per_million=per_million, walk=walk, longest_ago=longest_ago, latest_ago=timedelta())


_HOUR: Final = timedelta(hours=1)
PASTS: Final = (
    Past(per_million=60_000, walk=lambda walks: walks.over(walks.opened())),
    Past(per_million=190_000, walk=lambda walks: walks.over(walks.priced(looks=9))),
    Past(per_million=170_000, walk=lambda walks: walks.over(walks.chosen(looks=6, choices=3))),
    Past(per_million=130_000, walk=Walks.lapsed),
    Past(per_million=60_000, walk=Walks.given_up),
    Past(per_million=370_000, walk=Walks.paid),
    Past(per_million=8_000, walk=Walks.cleared_up),
    Past(per_million=11_200, walk=Walks.cancelled_at_the_line),
    Past(per_million=30, walk=lambda walks: walks.over(walks.chosen(looks=RETURNS))),
    _live(400, Walks.booked, 24 * _HOUR),
    _live(120, Walks.doubted, 72 * _HOUR),
    _live(60, Walks.opened, 1.8 * _HOUR),
    _live(80, Walks.priced, 1.8 * _HOUR),
    _live(60, Walks.chosen, 1.8 * _HOUR),
    _live(30, Walks.owing, 1.8 * _HOUR),
    _live(14, Walks.held, _HOUR / 10),
    _live(6, Walks.under_way, _HOUR / 60),
)
"""Every past, those that time ends first; together they are a little less than a million."""


async def walk_all(service: Service) -> list[UUID]:
    """Walk every past once and return the sessions that have them."""
    clerk = await hire(service, Role.SUPERVISOR)
    walks = Walks(service=service, clocks=clocks_of(service), clerk=clerk)
    return [UUID((await past.walk(walks)).uuid) for past in PASTS]
