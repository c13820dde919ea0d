"""Guests press as their manner is, go by the furthest answer, and are only beaten by silence."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

from tests.soak import impatience
from tests.soak.guests import Told
from tests.soak.impatience import SHARES, Hand, Manner, NobodyAnswered, best_of, manner_of
from tests.support.service import Headers, Reply

BOOKED = Reply(201, {}, {})
LOOKED = Reply(200, {"looked": True}, {})
PENDING = Reply(202, {}, {})
DECLINED = Reply(402, {"code": "card_declined"}, {})
UNDER_WAY = Reply(409, {"code": "in_progress"}, {})
WRONG_STATE = Reply(409, {"code": "wrong_state"}, {})
AWAY = Reply(503, {"code": "unavailable"}, {})


class Shop:
    """Answers one press after the other as told, the last answer for ever, each a moment later."""

    def __init__(self, *answers: Reply | None, takes: float = 0.0) -> None:
        self.answers = list(answers)
        self.takes = takes
        self.keys: list[str | None] = []
        self.cut = 0
        self.others: list[str] = []

    async def button(self, headers: Headers | None) -> Reply:
        self.keys.append(headers["Idempotency-Key"] if headers else None)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        try:
            await asyncio.sleep(self.takes)
        except asyncio.CancelledError:
            self.cut += 1
            raise
        if answer is None:
            raise NobodyAnswered
        return answer

    async def other(self) -> Reply:
        self.others.append("asked")
        return LOOKED


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impatience, "EVERY", 0.01)


def hand(manner: Manner) -> Hand:
    return Hand(manner=manner, chance=random.Random(1))


@pytest.mark.parametrize(
    ("manner", "presses"), [(Manner.PATIENT, 1), (Manner.DOUBLE, 2), (Manner.FIVEFOLD, 5)]
)
async def test_clicks_are_the_same_request_at_once(manner: Manner, presses: int) -> None:
    shop = Shop(*[WRONG_STATE] * (presses - 1), BOOKED, takes=0.01)
    assert await hand(manner).press(shop.button) is BOOKED
    assert len(shop.keys) == presses
    assert len(set(shop.keys)) == 1


async def test_ever_new_keys_until_there_is_an_answer() -> None:
    shop = Shop(AWAY, UNDER_WAY, BOOKED, WRONG_STATE)
    assert await hand(Manner.NEW_KEYS).press(shop.button) is BOOKED
    assert len(shop.keys) == len(set(shop.keys)) == 3


async def test_ever_new_keys_do_not_wait_for_the_first() -> None:
    shop = Shop(BOOKED, WRONG_STATE, takes=0.2)
    assert await hand(Manner.NEW_KEYS).press(shop.button) is BOOKED
    assert len(set(shop.keys)) == impatience.MOST


async def test_who_hangs_up_closes_the_connection_and_presses_again() -> None:
    shop, who = Shop(BOOKED, takes=1.1), hand(Manner.HANGS_UP)
    assert await who.press(shop.button) is BOOKED
    assert shop.cut == who.counts["hung up"] == len(shop.keys) - 1 >= 1
    assert len(set(shop.keys)) == 1


async def test_tabs_and_meddling_are_of_those_who_do_so() -> None:
    for manner in Manner:
        shop = Shop(BOOKED)
        others = {"tabs": [shop.other] * 2, "meddling": [shop.other] * 3}
        assert await hand(manner).press(shop.button, **others) is BOOKED
        expected = {Manner.TABS: 2, Manner.MEDDLES: 3}.get(manner, 0)
        assert len(shop.others) == expected


@pytest.mark.parametrize(
    ("replies", "best"),
    [
        ([AWAY, UNDER_WAY, PENDING, BOOKED], BOOKED),
        ([WRONG_STATE, UNDER_WAY, PENDING], PENDING),
        ([WRONG_STATE, AWAY, DECLINED], DECLINED),
        ([WRONG_STATE, UNDER_WAY], UNDER_WAY),
    ],
)
def test_a_guest_goes_by_the_furthest_answer(replies: Sequence[Reply], best: Reply) -> None:
    assert best_of(replies) is best


async def test_one_answer_of_several_is_enough_and_none_is_none() -> None:
    assert await hand(Manner.DOUBLE).press(Shop(None, BOOKED).button) is BOOKED
    for manner in Manner:
        with pytest.raises(NobodyAnswered):
            await hand(manner).press(Shop(None).button)


def test_every_manner_is_met() -> None:
    chance = random.Random(1)
    met = {manner_of(chance) for _ in range(500)}
    assert met == set(Manner) == set(SHARES)
    assert sum(SHARES.values()) == 100


def test_every_reservation_that_a_guest_was_told_is_kept() -> None:
    """Another one for the same session would be a disagreement, so none replaces another."""
    told = Told()
    for reservation in ("R1", "R2", "R1"):
        told.note({"sessionId": "abc.secret", "booking": {"reservation": reservation}})
    told.note({"sessionId": "def.secret", "booking": None})
    told.note("no JSON")
    assert told.reservations == {"abc": {"R1", "R2"}}
