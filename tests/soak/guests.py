"""Guests of a stormy shop: each comes, chooses, and books, releases, cancels or walks away."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any, Final
from uuid import uuid4

from aiohttp import ClientError, web
from yarl import URL

from adapters.simulator.faults import SURNAME_FAULTS
from tests.soak.impatience import Ask, Button, Hand, NobodyAnswered, is_final, manner_of
from tests.support.service import VISA, Guest, Headers, Reply, Service, once
from tests.support.testbed import Ground

CARDS = (VISA,) * 12 + (
    "4000000000000002",
    "4000000000009995",
    "4000000000005126",
    "4000000000000341",
    "4000000000003220",
    "4000000000000119",
)
CRUISES = (*map(str, range(2190293, 2190311)), *map(str, range(2201103, 2201111)))
PATIENCE: Final = 10.0
"""Seconds a web shop waits for an answer before it asks another process."""
AWAY: Final = 2.0
"""Seconds for which nobody is sent to a process that did not answer, unless none does."""


@dataclass(slots=True, kw_only=True)
class Told:
    """What the guests were told for certain: the reservations of each session."""

    reservations: dict[str, set[str]] = field(default_factory=dict)
    sessions: int = 0

    def note(self, body: Any) -> None:
        """Remember the reservation of an answer that shows one."""
        booking = body.get("booking") if isinstance(body, dict) else None
        if booking:
            uuid = body["sessionId"].partition(".")[0]
            self.reservations.setdefault(uuid, set()).add(booking["reservation"])


@dataclass(slots=True, kw_only=True)
class Front(Service):
    """The service behind a balancer that knows nothing: each request goes to any process."""

    urls: list[URL]
    chance: random.Random
    told: Told = field(default_factory=Told)
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    away: dict[URL, float] = field(default_factory=dict)

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
            self.url = chosen = self._one_that_answers()
            try:
                async with asyncio.timeout(PATIENCE):
                    reply = await Service.call(self, method, path, body, raw=raw, headers=headers)
            except (ClientError, TimeoutError, OSError):
                self.unanswered += 1
                self.away[chosen] = monotonic() + AWAY
                await asyncio.sleep(0.1 * 2 ** min(attempt, 4))
                continue
            self.statuses[reply.status] += 1
            self.told.note(reply.body)
            return reply
        raise NobodyAnswered(f"{method} {path.rpartition('/')[2]}")

    def _one_that_answers(self) -> URL:
        """Return any process, of those that answered last if there is one."""
        now = monotonic()
        there = [url for url in self.urls if self.away.get(url, 0.0) <= now]
        return self.chance.choice(there or self.urls)


class Story:
    """One guest's way through the shop."""

    def __init__(
        self, front: Front, chance: random.Random, *, hand: Hand, pays_later: bool
    ) -> None:
        self.guest = Guest(front)
        self.told = front.told
        self.chance = chance
        self.hand = hand
        self.pays_later = pays_later

    async def run(self) -> None:
        """Go as far as the storm lets this guest go."""
        if not await self._priced() or self.chance.random() < 0.08:
            return
        held = await self._known(await self._hold())
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

    async def _hold(self) -> Reply:
        """Choose the cheapest rate; other tabs choose another one and look at prices again."""
        guest, rate = self.guest, self.guest.rate()
        others = [cabin["cabinCode"] for cabin in guest.cabins if cabin["rates"]]
        other = guest.rate(self.chance.choice(others))
        return await self._press(
            lambda headers: guest.select(rate, headers=headers),
            tabs=(lambda: guest.select(other), guest.price),
            meddling=(self._edit,),
        )

    async def _book(self, held: Reply) -> None:
        for _ in range(3):
            made = await self._known(await self._book_once(held))
            if made.status != 402:
                break
        if self.pays_later and made.status == 201 and self.chance.random() < 0.9:
            await self._pay(held)
        if made.status in (200, 201) and self.chance.random() < 0.08:
            await self._insist(self.guest.cancel)

    async def _book_once(self, held: Reply) -> Reply:
        """Book; another tab books for somebody else, and the third lets the cabin go or looks."""
        guest, ask, other = self.guest, self._order(held), self._order(held)
        third = self.chance.choice((guest.look, guest.look, guest.release))
        return await self._press(
            lambda headers: guest.book(ask, headers=headers),
            tabs=(lambda: guest.book(other), third),
            meddling=(guest.cancel, self._edit),
        )

    async def _pay(self, held: Reply) -> None:
        for _ in range(3):
            paid = await self._known(await self._pay_once(held))
            if paid.status != 402:
                break

    async def _pay_once(self, held: Reply) -> Reply:
        """Pay; another tab pays with another card, and the third looks."""
        guest, payment, other = self.guest, self._payment(held), self._payment(held)
        return await self._press(
            lambda headers: guest.pay(payment, headers=headers),
            tabs=(lambda: guest.pay(other), guest.look),
            meddling=(guest.cancel, self._edit),
        )

    async def _edit(self) -> Reply:
        """Change how the guest is reached, and what they ask for."""
        changes = {"contact": self.guest.contact(self._surname()), "specialRequests": "Quiet"}
        return await self.guest.edit(changes)

    def _payment(self, held: Reply) -> Any:
        deposit = self.chance.random() < 0.3
        amount = held.body["price"]["deposit" if deposit else "total"]
        return self.guest.payment(amount, card=self.chance.choice(CARDS), deposit=deposit)

    def _order(self, held: Reply) -> Any:
        payment = self._payment(held)
        with_card = not self.pays_later and self.chance.random() < 0.9
        order = self.guest.booking(surname=self._surname(), payment=payment if with_card else None)
        return order | self.guest.consent(held.body)

    def _surname(self) -> str:
        """Return a name of nobody else's, or now and then one that sets off a fault."""
        if self.chance.random() < 0.04:
            return self.chance.choice(sorted(SURNAME_FAULTS)).title()
        return "".join(self.chance.choices("abcdefghiklmnopqrstuvwxyz", k=14)).title()

    async def _press(
        self, button: Button, *, tabs: Sequence[Ask] = (), meddling: Sequence[Ask] = ()
    ) -> Reply:
        return await self._insist(partial(self.hand.press, button, tabs=tabs, meddling=meddling))

    async def _insist(self, ask: Ask) -> Reply:
        """Ask again while the answer says that this makes sense."""
        for attempt in range(5):
            reply = await ask()
            if is_final(reply):
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
    errors: Counter[str] = field(default_factory=Counter)
    impatience: Counter[str] = field(default_factory=Counter)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def told(self) -> Told:
        """Return what they were told."""
        return self.front.told

    async def throng(self, size: int) -> None:
        """Let guests come until the shop closes, and those inside finish."""
        await asyncio.gather(
            *(self._queue(random.Random(self.chance.random())) for _ in range(size))
        )

    async def _queue(self, chance: random.Random) -> None:
        while not self.closed.is_set():
            hand = Hand(manner=manner_of(chance), chance=chance, counts=self.impatience)
            try:
                await Story(self.front, chance, hand=hand, pays_later=self.pays_later).run()
            except NobodyAnswered as gave_up:
                self.errors[str(gave_up)] += 1
            await asyncio.sleep(chance.uniform(0, 0.2))
