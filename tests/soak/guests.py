"""Guests of a stormy shop: each comes, chooses, and books, releases, cancels or walks away."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

from aiohttp import ClientError, web
from yarl import URL

from adapters.simulator.faults import SURNAME_FAULTS
from tests.ground import Ground
from tests.http.kit import VISA, Guest, Headers, Reply, Service, once

CARDS = (VISA,) * 12 + (
    "4000000000000002",
    "4000000000009995",
    "4000000000005126",
    "4000000000000341",
    "4000000000003220",
    "4000000000000119",
)
CRUISES = (*map(str, range(2190293, 2190311)), *map(str, range(2201103, 2201111)))
AGAIN = (429, 502, 503, 504)
Ask = Callable[[], Awaitable[Reply]]


class NobodyAnswered(Exception):  # noqa: N818 - says what happened
    """Every attempt at a request ended without an answer."""


@dataclass(slots=True, kw_only=True)
class Front(Service):
    """The service behind a balancer that knows nothing: each request goes to any process."""

    urls: list[URL]
    chance: random.Random
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0

    @classmethod
    def before(cls, urls: list[URL], ground: Ground, chance: random.Random) -> Front:
        """Return the balancer before these processes."""
        return cls(
            app=web.Application(),
            url=urls[0],
            http=ground.http,
            simulator=ground.simulator,
            urls=urls,
            chance=chance,
        )

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Headers | None = None,
    ) -> Reply:
        """Ask as a web shop does: the same request again when nobody answers."""
        for attempt in range(12):
            self.url = self.chance.choice(self.urls)
            try:
                reply = await Service.call(self, method, path, body, raw=raw, headers=headers)
            except (ClientError, TimeoutError, OSError):
                self.unanswered += 1
                await asyncio.sleep(0.1 * 2 ** min(attempt, 4))
                continue
            self.statuses[reply.status] += 1
            return reply
        raise NobodyAnswered(f"{method} {path.rpartition('/')[2]}")


@dataclass(slots=True, kw_only=True)
class Told:
    """What the guests were told for certain: reservations by session."""

    reservations: dict[str, str] = field(default_factory=dict)
    sessions: int = 0

    def note(self, guest: Guest, reply: Reply) -> None:
        """Remember the reservation of an answer that shows one."""
        booking = reply.body.get("booking") if isinstance(reply.body, dict) else None
        if booking:
            self.reservations[guest.uuid] = booking["reservation"]


class Story:
    """One guest's way through the shop."""

    def __init__(
        self, front: Front, told: Told, chance: random.Random, *, pays_later: bool
    ) -> None:
        self.guest = Guest(front)
        self.told = told
        self.chance = chance
        self.pays_later = pays_later

    async def run(self) -> None:
        """Go as far as the storm lets this guest go."""
        if not await self._priced() or self.chance.random() < 0.08:
            return
        held = await self._insist(lambda: self.guest.select(headers=self._key()))
        held = await self._known(held)
        if held.status != 200 or held.body.get("state") != "basketed":
            return
        match self.chance.choices(["book", "leave", "release", "cancel"], [80, 8, 6, 6])[0]:
            case "book":
                await self._book(held)
            case "release":
                await self._insist(self.guest.release)
            case "cancel":
                await self._insist(self.guest.cancel)

    async def _priced(self) -> bool:
        cruise, adults = self.chance.choice(CRUISES), self.chance.choice((1, 2, 2))
        key = once(uuid4().hex)
        opened = await self._insist(lambda: self.guest.open(cruise, adults=adults, headers=key))
        if opened.status != 201:
            return False
        self.told.sessions += 1
        return (await self._insist(self.guest.price)).status == 200 and bool(self.guest.cabins)

    async def _book(self, held: Reply) -> None:
        for _ in range(3):
            ask, key = self._order(held), self._key()
            made = await self._known(await self._insist(partial(self.guest.book, ask, headers=key)))
            if made.status != 402:
                break
        self.told.note(self.guest, made)
        if self.pays_later and made.status == 201 and self.chance.random() < 0.9:
            await self._pay(held)
        if made.status in (200, 201) and self.chance.random() < 0.08:
            await self._insist(self.guest.cancel)

    async def _pay(self, held: Reply) -> None:
        for _ in range(3):
            payment, key = self._payment(held), self._key()
            paid = await self._known(
                await self._insist(partial(self.guest.pay, payment, headers=key))
            )
            if paid.status != 402:
                break

    def _payment(self, held: Reply) -> Any:
        deposit = self.chance.random() < 0.3
        amount = held.body["price"]["deposit" if deposit else "total"]
        return self.guest.payment(amount, card=self.chance.choice(CARDS), deposit=deposit)

    def _order(self, held: Reply) -> Any:
        payment = self._payment(held)
        with_card = not self.pays_later and self.chance.random() < 0.9
        return self.guest.booking(surname=self._surname(), payment=payment if with_card else None)

    def _surname(self) -> str:
        """Return a name of nobody else's, or now and then one that sets off a fault."""
        if self.chance.random() < 0.04:
            return self.chance.choice(sorted(SURNAME_FAULTS)).title()
        return "".join(self.chance.choices("abcdefghiklmnopqrstuvwxyz", k=14)).title()

    def _key(self) -> Headers | None:
        return once(uuid4().hex) if self.chance.random() < 0.7 else None

    async def _insist(self, ask: Ask) -> Reply:
        """Ask again while the answer says that this makes sense."""
        for attempt in range(5):
            reply = await ask()
            if reply.status not in AGAIN and reply.code != "in_progress":
                break
            await asyncio.sleep(0.2 * 2**attempt)
        return reply

    async def _known(self, reply: Reply) -> Reply:
        """Look again for a while at a session whose step is pending."""
        for _ in range(8):
            if reply.status != 202:
                break
            await asyncio.sleep(1.0)
            seen = await self._insist(self.guest.look)
            if seen.status == 200 and seen.body["pending"] is None:
                reply = seen
        return reply


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Guests who come one after the other, so many at once, until the shop closes."""

    front: Front
    chance: random.Random
    pays_later: bool = False
    told: Told = field(default_factory=Told)
    errors: Counter[str] = field(default_factory=Counter)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def throng(self, size: int) -> None:
        """Let guests come until the shop closes, and those inside finish."""
        await asyncio.gather(
            *(self._queue(random.Random(self.chance.random())) for _ in range(size))
        )

    async def _queue(self, chance: random.Random) -> None:
        while not self.closed.is_set():
            try:
                story = Story(self.front, self.told, chance, pays_later=self.pays_later)
                await story.run()
            except NobodyAnswered as gave_up:
                self.errors[str(gave_up)] += 1
            await asyncio.sleep(chance.uniform(0, 0.2))
