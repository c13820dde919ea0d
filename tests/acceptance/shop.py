"""What can happen to a shop with two guests, a worker and staff, as rules for hypothesis.

After everything that happens `judge` compares our rows with the supplier's books, and at the end
everything must have come to an end. Nothing that is drawn depends on what the service answers, so
that a failing example can be repeated and made smaller.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from adapters.simulator.faults import FAULTS
from adapters.simulator.supplier import Supplier
from tests.acceptance.judge import judge, judge_the_end
from tests.acceptance.shopper import Shopper, told_the_truth
from tests.acceptance.wishes import CARDS, WISHES, next_wish
from tests.acceptance.world import LEASES, World, world_over
from tests.support.service import Reply, Simulator

T = TypeVar("T")
JOURNEY = (
    "token.pl",
    "cruiseresults.pl",
    "cruisecabingrades.pl",
    "cruisecabins.pl",
    "basketadd.pl",
    "basket.pl",
    "basketremove.pl",
    "book.pl",
    "payment.pl",
    "cruiseimportbooking.pl",
)
AWAY = "away"
"""Why an answer waits to be written in an outage that a rule makes; operators are to hear it."""
SLOW = {"slow", "timeout_before", "timeout_after"}
"""What takes its time, in the supplier's own seconds; only the long run waits for them."""
PASSING = [timedelta(seconds=seconds) for seconds in (5, 40, 150, 600, 890, 1900, 3700, 3 * 3600)]

NEXT_CALL = {
    "created": "cruisecabingrades.pl",
    "priced": "basketadd.pl",
    "cabin_selected": "basketadd.pl",
    "basketed": "book.pl",
    "booked": "payment.pl",
}
"""The call that matters most in what a guest does next."""

guests = st.integers(0, 1)
points = st.integers(1, 14)
_numbers = count(1)


def faults(*, slow: bool) -> list[tuple[str, str]]:
    """Return every fault at every call of a journey where it can occur."""
    return [
        (endpoint, fault.name)
        for endpoint in JOURNEY
        for fault in FAULTS.values()
        if endpoint in fault.endpoints and (slow or fault.name not in SLOW)
    ]


@dataclass(slots=True, kw_only=True)
class Stage:
    """What is made once for all examples: a supplier, a seeded database and a loop."""

    runner: asyncio.Runner
    database_url: str
    simulator: Simulator
    supplier: Supplier
    folder: Path
    channel: str
    logs: list[Any]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return self.runner.run(work)
        except asyncio.CancelledError as error:
            raise AssertionError("cancelled, though nobody had stopped it") from error
        except Exception as error:
            # What happens once and not again is told, too; hypothesis calls it flaky and no more.
            traceback.print_exception(error)
            raise


class Shop(RuleBasedStateMachine):
    """What can happen to a shop."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.opened = AsyncExitStack()
        self.world = stage.run(self._open())
        self.shoppers = [Shopper(self.world), Shopper(self.world)]

    async def _open(self) -> World:
        stage = self.stage
        folder = stage.folder / str(next(_numbers))
        world = world_over(
            stage.database_url,
            stage.simulator,
            stage.supplier,
            folder,
            payment_channel=stage.channel,
        )
        return await self.opened.enter_async_context(world)

    def happens(self, *works: Coroutine[Any, Any, Any]) -> None:
        """Let something happen, and judge what has become of it."""
        for work in works:
            self.stage.run(work)
        self.stage.run(judge(self.world))
        self.nothing_unexpected()

    def nothing_unexpected(self) -> None:
        """No request and no piece of work ended in an error that nobody had foreseen."""
        unforeseen = [
            entry
            for entry in self.stage.logs
            if entry["log_level"] == "error" and entry.get("why") != AWAY
        ]
        self.stage.logs.clear()
        assert not unforeseen, unforeseen

    @initialize(first=st.sampled_from((0, 3, 4)), second=st.sampled_from((0, 3)))
    def guests_come(self, first: int, second: int) -> None:
        for shopper, steps in zip(self.shoppers, (first, second), strict=True):
            for _ in range(steps):
                self.happens(self._goes_on(shopper, CARDS[0]))

    async def _goes_on(
        self, shopper: Shopper, card: str | None, *, trouble: Callable[[], None] | None = None
    ) -> None:
        """Do what a guest does next in the state they see; trouble begins when they have."""
        seen = await shopper.look()
        if trouble is not None:
            trouble()
        with_booking = self.stage.channel == "with_booking"
        await shopper.wants(next_wish(seen, card=card, card_with_booking=with_booking))

    @rule(who=guests, card=st.sampled_from(CARDS), steps=st.integers(1, 3))
    def a_guest_goes_on(self, who: int, card: str | None, steps: int) -> None:
        for _ in range(steps):
            self.happens(self._goes_on(self.shoppers[who], card))

    @rule(who=guests, card=st.sampled_from(CARDS), fault=st.integers(0, 39))
    def a_guest_goes_on_and_the_supplier_fails(
        self, who: int, card: str | None, fault: int
    ) -> None:
        self.happens(self._fails_next(self.shoppers[who], fault))
        self.happens(self._goes_on(self.shoppers[who], card))

    async def _fails_next(self, shopper: Shopper, number: int) -> None:
        seen = await shopper.look()
        endpoint = NEXT_CALL.get(str(seen and seen["state"]), "cruiseresults.pl")
        possible = [fault for fault in faults(slow=False) if fault[0] == endpoint]
        await self.world.simulator.fault(*possible[number % len(possible)])

    @rule(who=guests, card=st.sampled_from(CARDS), at=points)
    def a_guest_goes_on_and_the_process_stops(self, who: int, card: str | None, at: int) -> None:
        stopping = partial(self.world.process.points.stop_at, at)
        self.happens(self._goes_on(self.shoppers[who], card, trouble=stopping))

    @rule(who=guests, card=st.sampled_from(CARDS), at=points, times=st.integers(1, 4))
    def a_guest_goes_on_and_the_database_is_away(
        self, who: int, card: str | None, at: int, times: int
    ) -> None:
        losing = partial(self.world.process.points.lose_database_at, at, times=times)
        self.happens(self._goes_on(self.shoppers[who], card, trouble=losing))

    @rule(
        who=guests, wish=st.sampled_from(sorted(WISHES)), keyed=st.booleans(), twice=st.booleans()
    )
    def a_guest_wants_anything(self, who: int, wish: str, keyed: bool, twice: bool) -> None:
        self.happens(self.shoppers[who].wants(WISHES[wish], keyed=keyed, twice=twice))

    @rule(who=guests)
    def a_guest_asks_again(self, who: int) -> None:
        self.happens(self.shoppers[who].again())

    @rule(fault=st.sampled_from(faults(slow=False)), times=st.integers(1, 2))
    def the_supplier_will_fail(self, fault: tuple[str, str], times: int) -> None:
        self.happens(self.world.simulator.fault(*fault, times=times))

    @rule(dead=st.booleans())
    def what_stood_still_goes_on_or_is_dead(self, dead: bool) -> None:
        self.happens(self.world.kill_sleepers() if dead else self._wakes())

    async def _wakes(self) -> None:
        """Let sleepers go on; what their guests hear at last is true as well."""
        for heard in await self.world.wake():
            assert not isinstance(heard, Reply) or told_the_truth(heard), heard

    @rule(by=st.sampled_from(PASSING), everywhere=st.sampled_from((True, True, False)))
    def time_passes(self, by: timedelta, everywhere: bool) -> None:
        if everywhere:
            self.happens(self.world.pass_time(by))
        else:
            self.world.supplier_runs_ahead(by)

    @rule(later=st.booleans(), stops=st.integers(-20, 20))
    def a_worker_works(self, later: bool, stops: int) -> None:
        if later:
            self.happens(self.world.pass_time(LEASES))
        self.world.process.points.stop_at(stops)
        self.happens(self.world.work())

    @rule(which=st.integers(0, 3), line_cancels=st.booleans())
    def staff_answer(self, which: int, line_cancels: bool) -> None:
        self.happens(self._staff_answer(which, line_cancels))

    async def _staff_answer(self, which: int, line_cancels: bool) -> None:
        tasks = await self.world.open_tasks()
        if tasks:
            await self.world.answer(tasks[which % len(tasks)], line_cancels=line_cancels)

    def teardown(self) -> None:
        try:
            self.stage.run(self._settle())
        finally:
            self.stage.run(self.opened.aclose())

    async def _settle(self) -> None:
        self.world.supplier.faults.clear()
        self.world.process.points.calm()
        await self._wakes()
        await self.world.settle()
        await judge_the_end(self.world)
