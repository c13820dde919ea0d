"""A process that stood still finds its session changed: what it goes on with is decided anew."""

from __future__ import annotations

from tests.acceptance.judge import judge, judge_the_end
from tests.acceptance.world import World
from tests.support.service import Guest


async def _let_go_unheard(world: World, guest: Guest) -> None:
    """Release in a supplier session that does not answer: the next hold needs a new one."""
    await world.simulator.fault("basketremove.pl", "http_500", times=2)
    assert (await guest.release()).body["state"] == "cabin_selected"


async def test_a_hold_that_was_overtaken_by_a_hold_and_a_release_is_not_left_open(
    world: World,
) -> None:
    """Wherever the first one stood still; it may be refused, and it may be done."""
    stopped = True
    point = 0
    while stopped:
        point += 1
        guest = world.service.guest()
        await guest.to_basketed()
        await _let_go_unheard(world, guest)
        world.process.points.stop_at(point)
        await world.do(guest.hold())
        stopped = len(world.processes) > 1
        if stopped:
            guest.service = world.service
            if (await guest.hold()).status == 200:
                await _let_go_unheard(world, guest)
            for reply in await world.wake():
                assert reply.status in (200, 409), (point, reply)
            await judge(world)
    assert point > 8
    await world.settle()
    await judge_the_end(world)
