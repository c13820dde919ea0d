"""How guests press a button: once, several times, under ever new keys, from several tabs."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final
from uuid import uuid4

from tests.support.service import Headers, Reply, once

AGAIN: Final = (429, 502, 503, 504)
"""Statuses after which a guest asks again."""
Ask = Callable[[], Awaitable[Reply]]
Button = Callable[[Headers | None], Awaitable[Reply]]
EVERY: Final = 1.0
"""Seconds after which a guest with ever new keys presses again."""
MOST: Final = 5
"""So often one guest presses, or hangs up, before they wait."""


class NobodyAnswered(Exception):  # noqa: N818 - says what happened
    """Every attempt at a request ended without an answer."""


class Manner(StrEnum):
    """How somebody presses buttons."""

    PATIENT = "one click"
    NEW_KEYS = "a new key every second"
    DOUBLE = "double click"
    FIVEFOLD = "fivefold click"
    HANGS_UP = "hangs up"
    TABS = "three tabs"
    MEDDLES = "cancels and edits meanwhile"


SHARES: Final = {
    Manner.PATIENT: 30,
    Manner.NEW_KEYS: 15,
    Manner.DOUBLE: 12,
    Manner.FIVEFOLD: 8,
    Manner.HANGS_UP: 15,
    Manner.TABS: 12,
    Manner.MEDDLES: 8,
}
"""Of a hundred guests so many are of each manner."""


def manner_of(chance: random.Random) -> Manner:
    """Draw the manner of the next guest."""
    return chance.choices(list(SHARES), list(SHARES.values()))[0]


def is_final(reply: Reply) -> bool:
    """Whether asking again for the same makes no sense."""
    return reply.status not in AGAIN and reply.code != "in_progress"


def best_of(replies: Iterable[Reply]) -> Reply:
    """Return the answer that a guest goes by who has several: the furthest one."""
    return min(replies, key=_rank)


def _rank(reply: Reply) -> int:
    if reply.status in (200, 201):
        return 0
    if reply.status == 202:
        return 1
    # A wrong state is often what the first click has made of a session for the second.
    return 4 if reply.code == "wrong_state" else 2 if is_final(reply) else 3


@dataclass(slots=True, kw_only=True)
class Hand:
    """Presses buttons in one manner, and counts how often in which."""

    manner: Manner
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)

    async def press(
        self, button: Button, *, tabs: Sequence[Ask] = (), meddling: Sequence[Ask] = ()
    ) -> Reply:
        """Press a button; `tabs` and `meddling` are what else may be done with the session then.

        Raises:
            NobodyAnswered: to no attempt there was an answer.
        """
        headers = once(uuid4().hex) if self.chance.random() < 0.7 else None
        self.counts[self.manner] += 1
        match self.manner:
            case Manner.NEW_KEYS:
                return best_of(await self._new_keys(button))
            case Manner.DOUBLE | Manner.FIVEFOLD:
                times = 2 if self.manner is Manner.DOUBLE else 5
                return best_of(await _all([partial(button, headers)] * times))
            case Manner.HANGS_UP:
                return await self._impatiently(button, headers)
            case Manner.TABS:
                return best_of(await _all([partial(button, headers), *tabs]))
            case Manner.MEDDLES:
                others = [self._later(ask) for ask in meddling]
                return (await _all([partial(button, headers), *others]))[0]
        return await button(headers)

    async def _new_keys(self, button: Button) -> list[Reply]:
        """Press every second under a new key, whatever became of the presses before."""
        pressed: list[asyncio.Task[Reply]] = []
        for _ in range(MOST):
            pressed.append(asyncio.ensure_future(button(once(uuid4().hex))))
            ended, under_way = await asyncio.wait(pressed, timeout=EVERY)
            if any(not each.exception() and is_final(each.result()) for each in ended):
                break
            if not under_way:
                await asyncio.sleep(EVERY)
        return await _all([partial(_ended, each) for each in pressed])

    async def _impatiently(self, button: Button, headers: Headers | None) -> Reply:
        """Close the connection before there is an answer, and press again."""
        for _ in range(self.chance.randint(1, MOST)):
            try:
                async with asyncio.timeout(self.chance.choice((0.02, 0.1, 0.3, 1.0))):
                    return await button(headers)
            except TimeoutError:
                self.counts["hung up"] += 1
        return await button(headers)

    def _later(self, ask: Ask) -> Ask:
        """Return what asks a moment later."""
        moment = self.chance.choice((0.0, 0.05, 0.2))

        async def later() -> Reply:
            await asyncio.sleep(moment)
            return await ask()

        return later


async def _ended(pressed: asyncio.Task[Reply]) -> Reply:
    return await pressed


async def _all(asks: Sequence[Ask]) -> list[Reply]:
    """Ask all at once, and return the answers that there were."""
    found = await asyncio.gather(*(ask() for ask in asks), return_exceptions=True)
    wrong = [each for each in found if isinstance(each, BaseException)]
    for each in wrong:
        if not isinstance(each, NobodyAnswered):
            raise each
    replies = [each for each in found if not isinstance(each, BaseException)]
    if not replies:
        raise wrong[0]
    return replies
