"""A stand-by that has not received the last second takes over: what is lost with it is named."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from booking_http.web.problems import PROBLEMS
from persistence.forgotten_claims import ForgottenClaim
from persistence.migrate import upgrade
from tests.acceptance.test_restored import looked_at
from tests.support.books import Books, read_books
from tests.support.database_pair import Pair, Primary, pair, source_of
from tests.support.service import (
    Guest,
    Json,
    Reply,
    Service,
    Simulator,
    once,
    running_service,
    seed_catalogue,
)
from tests.support.tcp_proxy import Network, network
from tests.support.waiting import eventually, slowness

pytestmark = pytest.mark.slow
GUESTS: Final = 8
THINKS: Final = 0.15
"""Seconds between two steps, so that some have begun before what others have not."""
LOST: Final = 1.0
"""For how long the primary commits what the stand-by does not get."""
LIMIT: Final = 25.0
"""Seconds within which any request here is answered."""
Wish = Callable[[], Awaitable[Reply]]


@dataclass(slots=True, kw_only=True)
class Visit:
    """One guest, how far they go, and the last button that they pressed."""

    guest: Guest
    goes: str
    """`holds`, `books` or `pays`."""
    pressed: tuple[str, Json, str] | None = None
    """What it is called, what was asked and its key."""
    reservation: str | None = None

    async def walk(self, crowd: Crowd) -> None:
        """Go as far as this guest goes."""
        for step in (self.guest.open, self.guest.price, self.guest.select):
            reply = await crowd.asked(step)
            if reply.status not in (200, 201):
                return
            await asyncio.sleep(THINKS)
        if self.goes == "holds":
            return
        card = self.guest.payment(reply.body["price"]["total"])
        with_card = self.goes == "pays" and not crowd.pays_later
        ask = self.guest.booking(payment=card if with_card else None)
        made = await self._press("book", ask, crowd)
        if made.status != 201:
            return
        self.reservation = made.body["booking"]["reservation"]
        if self.goes == "pays" and crowd.pays_later:
            await asyncio.sleep(THINKS)
            await self._press("pay", card, crowd)

    async def press_again(self, crowd: Crowd) -> list[Reply]:
        """Press the last button again until there is an answer: with its key, and with another."""
        if self.pressed is None:
            return []
        name, ask, key = self.pressed
        button = partial(getattr(self.guest, name), ask)
        keys = once(key), once(uuid4().hex)
        return [await crowd.asked(partial(button, headers=each)) for each in keys]

    async def _press(self, name: str, ask: Json, crowd: Crowd) -> Reply:
        key = uuid4().hex
        self.pressed = name, ask, key
        return await crowd.asked(lambda: getattr(self.guest, name)(ask, headers=once(key)))


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Guests who come one after the other, so many at once."""

    service: Service
    pays_later: bool
    visits: list[Visit] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def throng(self) -> None:
        """Let guests come until the end, and see those who are there through."""
        ways = cycle(("pays", "books", "holds"))
        await asyncio.gather(*(self._queue(ways) for _ in range(GUESTS)))

    async def _queue(self, ways: Iterator[str]) -> None:
        while not self.ended.is_set():
            visit = Visit(guest=self.service.guest(), goes=next(ways))
            self.visits.append(visit)
            await visit.walk(self)

    async def asked(self, step: Wish) -> Reply:
        """Ask until the service is there again; every single request is answered."""
        while True:
            async with asyncio.timeout(LIMIT * slowness()):
                reply = await step()
            self.statuses[reply.status] += 1
            if reply.code is not None:
                assert PROBLEMS[reply.code].status == reply.status
            if reply.status != 503:
                return reply
            await asyncio.sleep(0.1)

    def told(self) -> set[str]:
        """Return the reservations that guests were told."""
        return {each.reservation for each in self.visits if each.reservation}

    async def has_told(self, number: int) -> bool:
        return len(self.told()) >= number


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the rows know, and what open steps and the tasks of forgotten claims name."""

    known: Books
    forgotten: Sequence[ForgottenClaim]

    def bookings(self) -> dict[str, str | None]:
        """Return how each booking of the line that has no row is named, by its reservation."""
        rows = {row.reservation for found in self.known.bookings.values() for row in found}
        lost = [row for row in self.known.reserved() if row["reservation"] not in rows]
        return {row["reservation"]: self._how(row, "book") for row in lost}

    def charges(self) -> dict[str, str | None]:
        """Return how each charge that has no row is named, by its authcode."""
        rows = {row.auth_code for found in self.known.payments.values() for row in found}
        of = {row["bookingId"]: row for row in self.known.ledger["bookings"]}
        lost = [one for one in self.known.ledger["charges"] if one["authCode"] not in rows]
        return {one["authCode"]: self._how(of[one["bookingId"]], "book", "pay") for one in lost}

    def holds(self) -> dict[str, str | None]:
        """Return how each hold that no basket is of is named, by its item."""
        baskets = {one.item_key for one in self.known.sessions.values()}
        lost = [one for one in self.known.ledger["holds"] if one["itemKey"] not in baskets]
        return {one["itemKey"]: self._how(one, "add_to_basket") for one in lost}

    def holds_asked_for(self) -> int:
        """Count the holds that are named by their cabin only, for want of the line's answer.

        Such an answer came when all was compared already, or never; or it was lost and its claim
        was not, so that the step is open and a worker will ask for it.
        """
        claims = [claim.known for claim in self.forgotten]
        forgotten = [
            each
            for each in claims
            if each.claim.step == "add_to_basket" and "itemKey" not in each.known
        ]
        under_way = [
            each
            for steps in self.known.steps.values()
            for each in steps
            if each.name == "add_to_basket" and each.status in ("started", "unknown")
        ]
        return len(forgotten) + len([each for each in under_way if each.item_key is None])

    def _how(self, theirs: Json, *steps: str) -> str | None:
        """Say by what a person finds one of theirs: its number is in what a task or a step says."""
        numbers = {theirs["itemKey"], theirs.get("reservation"), theirs.get("bookingId")} - {None}
        for claim in self.forgotten:
            says = {**claim.known.claim.facts, **claim.known.known}
            if numbers & set(says.values()) and claim.known.claim.step in steps:
                return str(claim.entered_as)
        owners = self.known.owners()[theirs["itemKey"]]
        if any(self.known.step_open(session, name) for session in owners for name in steps):
            return "open"
        return None


@asynccontextmanager
async def asynchronous(folder: Path) -> AsyncIterator[tuple[Pair, Network]]:
    """Run a pair of which the stand-by gets what the network between them carries."""
    async with Primary(folder / "primary") as primary:
        await upgrade(primary.dsn)
        await seed_catalogue(primary.dsn)
        async with (
            network(source_of(primary)) as between,
            pair(folder, primary, by=between.through(source_of(primary))) as both,
        ):
            yield both, between


async def lose_the_last_second(both: Pair, between: Network, crowd: Crowd) -> None:
    """Let the primary go on by itself for a while, and then lose it."""
    await eventually(lambda: crowd.has_told(6))
    between.freeze()
    before = len(crowd.told())
    await asyncio.sleep(LOST)
    await eventually(lambda: crowd.has_told(before + 6))
    await both.fail_over()


async def named(service: Service) -> Named:
    """Read rows, ledger and what is forgotten."""
    known = await read_books(service.parts.database, service.simulator)
    return Named(known=known, forgotten=await service.parts.maintenance.forgotten.listed())


@pytest.mark.parametrize(
    "channel", ["supplier_payment", pytest.param("with_booking", marks=pytest.mark.full)]
)
async def test_everything_is_named_that_an_asynchronous_pair_loses(
    simulator: Simulator, tmp_path: Path, channel: str
) -> None:
    """The service lives on, and whoever pressed a button presses it again."""
    await simulator.control("policy", cabins_per_grade=10_000, second_book="duplicate")
    folders = {name: str(tmp_path / name) for name in ("spool_dir", "journal_dir")}
    async with (
        asynchronous(tmp_path) as (both, between),
        running_service(both.dsn, simulator, payment_channel=channel, **folders) as service,
    ):
        crowd = Crowd(service=service, pays_later=channel == "supplier_payment")
        shopping = asyncio.create_task(crowd.throng())
        await lose_the_last_second(both, between, crowd)
        were_there = list(crowd.visits)
        again = await asyncio.gather(*(visit.press_again(crowd) for visit in were_there))
        after = len(crowd.told())
        await eventually(lambda: crowd.has_told(after + 6))
        crowd.ended.set()
        await shopping
        await service.parts.aside.finished(30)
        await _judge(service, crowd, again)


async def _judge(service: Service, crowd: Crowd, again: list[list[Reply]]) -> None:
    found = await named(service)
    lost = {"bookings": found.bookings(), "charges": found.charges(), "holds": found.holds()}
    assert all(lost.values()), f"too little was lost to prove anything: {lost}"
    unnamed = {what: [number for number, how in lost[what].items() if not how] for what in lost}
    assert len(unnamed.pop("holds")) <= found.holds_asked_for(), lost
    assert not any(unnamed.values()), lost
    reserved = {row["reservation"]: row["itemKey"] for row in found.known.reserved()}
    assert crowd.told() <= set(reserved)
    assert _twice(reserved.values()) == [], "booked twice"
    assert _twice(one["bookingId"] for one in found.known.ledger["charges"]) == [], "charged twice"
    for reply in (reply for replies in again for reply in replies):
        # Either it is known, or it is open, or the session is gone; nobody is told of a new one.
        assert reply.status in (200, 201, 202, 404, 409), reply
        assert not reply.body.get("booking") or reply.body["booking"]["reservation"] in reserved
    assert (await looked_at(service))[:2] == (200, "degraded")


def _twice(values: Iterable[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]
