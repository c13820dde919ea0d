"""A process takes over from another while sixteen guests book: nobody is cut, nothing is lost."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter

import pytest

from tests.acceptance.rollout.balancer import watching
from tests.acceptance.rollout.conftest import Start
from tests.acceptance.rollout.crowd import Crowd
from tests.support.service import Simulator
from tests.support.testbed import PLENTY

GUESTS = 16


@pytest.mark.full
async def test_nobody_is_cut_when_a_process_takes_over(
    start: Start, seeded_url: str, simulator: Simulator
) -> None:
    """Every request is answered as wished, and the line's ledger has each booking once."""
    await simulator.control("policy", cabins_per_grade=PLENTY)
    await simulator.control("latency", scale=0.02)
    old, new = await start(seeded_url), await start(seeded_url)
    async with watching(simulator, old.url, new.url) as balancer:
        await balancer.until(old.url, ready=True)
        await balancer.until(new.url, ready=True)
        crowd = Crowd(balancer=balancer)
        booking = asyncio.create_task(crowd.throng(GUESTS))
        await crowd.has_booked(GUESTS)
        old.program.send(signal.SIGTERM)
        assert await old.program.gone() == 0
        await crowd.has_booked(GUESTS)
        crowd.closed.set()
        await booking
    assert [str(lost) for lost in balancer.lost] == []
    assert Counter(crowd.wrong) == {}
    assert balancer.told_to_close >= GUESTS // 4
    ledger = await simulator.ledger()
    booked = sorted(row["reservation"] for row in ledger["bookings"])
    assert booked == sorted(crowd.reservations.values())
