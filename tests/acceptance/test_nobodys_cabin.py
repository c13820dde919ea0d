"""A cabin the supplier may still hold is somebody's to let go, however it was let go of here."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.acceptance.judge import judge
from tests.acceptance.shopper import Wish
from tests.acceptance.wishes import cancel, hold, release
from tests.acceptance.world import World
from tests.support.service import Guest

OUR_HOLD_IS_OVER = timedelta(minutes=11)
"""Longer than the hold we reckon with when none is told, shorter than the supplier's."""


async def _selected(world: World) -> Guest:
    guest = world.service.guest()
    await guest.to_priced()
    assert (await guest.select(addToBasket=False)).status == 200
    return guest


async def _nobody_holds_it_later(world: World) -> None:
    await judge(world)
    await world.pass_time(OUR_HOLD_IS_OVER)
    for _ in range(2):
        await world.work()
        await judge(world)
        await world.pass_time(timedelta(seconds=30))
    await world.work()
    now = world.supplier.clock.now()
    assert not [item for item in world.supplier.state.items.values() if item.holds(now)]


async def test_a_cabin_at_another_price_is_let_go_although_the_supplier_would_not_at_first(
    world: World,
) -> None:
    guest = await _selected(world)
    await world.simulator.fault("basketadd.pl", "price_differs")
    await world.simulator.fault("basketremove.pl", "http_500", times=2)
    assert (await hold(guest, {})).code == "price_changed"
    await _nobody_holds_it_later(world)


@pytest.mark.parametrize("leave", [cancel, release])
async def test_a_hold_whose_end_was_not_told_is_let_go_and_not_only_waited_for(
    world: World, leave: Wish
) -> None:
    guest = await _selected(world)
    await world.simulator.fault("basketadd.pl", "hold_missing")
    await world.simulator.fault("basketremove.pl", "http_500", times=2)
    assert (await hold(guest, {})).status == 200
    await leave(guest, {})
    await _nobody_holds_it_later(world)


async def test_a_hold_that_lapsed_here_alone_is_let_go(world: World) -> None:
    guest = await _selected(world)
    await world.simulator.fault("basketadd.pl", "hold_missing")
    assert (await hold(guest, {})).status == 200
    await _nobody_holds_it_later(world)
