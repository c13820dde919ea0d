"""The crash matrix: real processes die at every point of every journey, and others recover.

Guests who are to die at different points share a process. Whoever comes to their point stands
still there, and when the last one has come the process kills itself. What it leaves behind is what
a process leaves that dies over one of them, many times over.
"""

from __future__ import annotations

import asyncio
import random
from asyncio import FIRST_COMPLETED, FIRST_EXCEPTION
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from aiohttp import ClientError

from adapters.embedded.progress import PACE, Progress, signs_of
from adapters.simulator.supplier import Supplier
from tests.acceptance.journeys import TOGETHER, Journey
from tests.acceptance.judge import judge, judge_the_end
from tests.acceptance.observing import DIES, read
from tests.acceptance.shopper import told_the_truth
from tests.acceptance.walks import Named
from tests.acceptance.world import LEASES, World, world_over
from tests.support.processes import Fate, Nursery
from tests.support.service import Guest, Service, Simulator
from tests.support.testbed import PLENTY
from tests.support.waiting import slowness

TRIES: Final = 3
"""How often a point is tried; who passes by it in one run may come to it in another."""
GRACE: Final = 1.5
"""Seconds without any computing after which nobody comes to a point; more where all is slow."""
LEAST: Final = 0.03
"""Seconds of computing in which somebody may come closer to a point."""
ROOM: Final = 3 * TOGETHER
"""Connections: who stands still may keep one."""
DICE: Final = random.Random(2190294)
"""Chooses the one time at which a moment that comes often is that of a death."""
NOBODY: Final[Mapping[str, tuple[str, int]]] = MappingProxyType({})
_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A kill: on a journey, when a moment comes for the n-th time."""

    journey: Journey
    moment: str
    number: int

    def __str__(self) -> str:
        return f"{self.journey.name}: {self.moment} ({self.number})"


@dataclass(slots=True, kw_only=True)
class Matrix:
    """Runs cells over one database and one supplier."""

    made: Nursery
    database_url: str
    simulator: Simulator
    supplier: Supplier
    folder: Path
    ran: int = 0
    missed: list[Cell] = field(default_factory=list)

    async def cells_of(self, journey: Journey) -> list[Cell]:
        """Walk a journey with nobody dying, and return a cell for each moment on it."""
        log = self.file()
        async with self.world(journey) as world:
            whose = await self.dry(world, journey, log)
            self.made.kill()
        times = Counter(what for who, what in read(log) if who == whose)
        return [
            Cell(journey=journey, moment=moment, number=number)
            for moment, passed in times.items()
            for number in range(1, passed + 1)
        ]

    async def dry(self, world: World, journey: Journey, log: Path) -> str:
        """Let one guest walk and every moment be written down; return who it was."""
        fate = fated(journey, ["dry"], log=log, traced=True)
        service = await self.serving(fate, journey)
        await beset(world, journey)
        await journey.walk(Named.of(service, "dry", world.database).guest())
        return "dry"

    async def run_once(self, journeys: Iterable[Journey], known: set[str]) -> None:
        """Run one cell for every moment on these journeys that is not known yet, and learn it."""
        for journey in journeys:
            found: dict[str, list[Cell]] = {}
            for cell in await self.cells_of(journey):
                found.setdefault(cell.moment, []).append(cell)
            await self.run([DICE.choice(found[moment]) for moment in found if moment not in known])
            known.update(found)

    async def run(self, cells: Sequence[Cell]) -> None:
        """Run the cells of one journey; those nobody comes to are tried again."""
        waiting, size = list(cells), cells[0].journey.together if cells else TOGETHER
        for _ in range(TRIES):
            groups = [waiting[at : at + size] for at in range(0, len(waiting), size)]
            died = [cell for group in groups for cell in await self._run_some(group)]
            waiting = [cell for cell in waiting if cell not in died]
        self.missed += waiting

    async def _run_some(self, cells: Sequence[Cell]) -> list[Cell]:
        """Let everybody come to their death, another process recover, and the judge look."""
        journey, log = cells[0].journey, self.file()
        async with self.world(journey) as world:
            doomed = await self.die(world, cells, log)
            dead = {who for who, what in read(log) if what == DIES}
            try:
                guests = [guest for guest, _ in doomed.values()]
                await recovered(world, guests, uncollected=journey.uncollected)
            except AssertionError as error:
                told = (f"{who} {guest.uuid} {cell}" for who, (guest, cell) in doomed.items())
                error.add_note("\n".join(("who died where:", *told)))
                raise
        self.ran += len(dead)
        return [cell for who, (_, cell) in doomed.items() if who in dead]

    async def die(
        self, world: World, cells: Sequence[Cell], log: Path
    ) -> dict[str, tuple[Guest, Cell]]:
        """Let guests walk to their deaths; return by what name the observer knew each."""
        journey = cells[0].journey
        names = {f"cell-{number}": cell for number, cell in enumerate(cells)}
        doomed = {name: (cell.moment, cell.number) for name, cell in names.items()}
        fate = fated(journey, names, log=log, doomed=doomed)
        guests = await self.walked(world, journey, fate, list(names))
        return {name: (guest, names[name]) for name, guest in guests.items()}

    async def die_waking(self, journey: Journey, moment: str) -> None:
        """Let a process die over the first wake-up it sends while somebody walks."""
        async with self.world(journey) as world:
            fate = Fate(doomed={"wake-ups": (moment, 1)}, log=self.file())
            guests = await self.walked(world, journey, fate, ["somebody"])
            assert fate.log is not None
            assert DIES in {what for _, what in read(fate.log)}, f"nobody died {moment}"
            await recovered(world, list(guests.values()))

    async def walked(
        self, world: World, journey: Journey, fate: Fate, names: Sequence[str]
    ) -> dict[str, Guest]:
        """Wait until all are dead; where somebody comes through alive, not much longer.

        What somebody should not have met ends it at once: the others stand still for nothing.
        """
        service = await self.serving(fate, journey)
        await beset(world, journey)
        guests = {name: Named.of(service, name, world.database).guest() for name in names}
        alive = asyncio.Event()
        walks = [asyncio.create_task(_walk(journey, guest, alive)) for guest in guests.values()]
        seen = asyncio.create_task(_soon_over(alive, self.made.children[-1]))
        walking = asyncio.create_task(asyncio.wait(walks, return_when=FIRST_EXCEPTION))
        await asyncio.wait((seen, walking), return_when=FIRST_COMPLETED)
        seen.cancel()
        self.made.kill()
        await asyncio.gather(*walks)
        return guests

    async def serving(self, fate: Fate, journey: Journey) -> Service:
        """Start the process that is to die."""
        return await self.made.start(fate, self.environ(journey))

    def environ(self, journey: Journey) -> dict[str, str]:
        """Return the settings of processes that die."""
        return {
            "SPOOL_DIR": str(self._spool),
            "DATABASE_POOL_SIZE": str(ROOM),
            "BACK_OFFICE_URL": self._office if journey.office else "",
            **dict(journey.settings),
        }

    @property
    def _spool(self) -> Path:
        return self.folder / "spool"

    @property
    def _office(self) -> str:
        return str(self.simulator.base / "_control" / "back-office")

    def file(self) -> Path:
        """Return a file for what an observer writes."""
        return self.folder / f"log-{next(_numbers)}"

    def world(self, journey: Journey) -> AbstractAsyncContextManager[World]:
        """Open a world in which nothing has happened; its own process recovers."""
        changes: dict[str, Any] = {name.lower(): value for name, value in journey.settings}
        changes |= {"back_office_url": self._office} if journey.office else {}
        return world_over(self.database_url, self.simulator, self.supplier, self._spool, **changes)


async def _soon_over(alive: asyncio.Event, child: int) -> None:
    """Wait until somebody came through alive, and until nothing moves in their process any more."""
    await alive.wait()
    progress = Progress(lambda: signs_of(child), least=LEAST)
    while progress.idle() < GRACE * slowness():  # noqa: ASYNC110 - what is waited for lies in another process
        await asyncio.sleep(PACE)


async def _walk(journey: Journey, guest: Guest, alive: asyncio.Event) -> None:
    with suppress(ClientError):
        await journey.walk(guest)
        alive.set()


async def beset(world: World, journey: Journey) -> None:
    """Let the supplier have cabins for all, and fail as it does on this journey."""
    await world.simulator.control("policy", cabins_per_grade=PLENTY)
    for endpoint, fault in journey.faults:
        await world.simulator.fault(endpoint, fault, times=None)


def fated(
    journey: Journey,
    names: Iterable[str],
    *,
    log: Path,
    doomed: Mapping[str, tuple[str, int]] = NOBODY,
    traced: bool = False,
) -> Fate:
    """Return who dies where, with what goes wrong for everyone on a journey."""
    everyone = list(names)
    return Fate(
        doomed=doomed,
        outages=dict.fromkeys(everyone, journey.outage) if journey.outage else NOBODY,
        rivals=dict.fromkeys(everyone, (journey.rival, 1)) if journey.rival else NOBODY,
        log=log,
        traced=traced,
    )


async def recovered(world: World, guests: Sequence[Guest], *, uncollected: bool = False) -> None:
    """Judge what the dead left, let a worker and staff finish it, and judge that."""
    world.supplier.faults.clear()
    await judge(world, uncollected=uncollected)
    for guest in guests:
        guest.service = world.service
        assert told_the_truth(reply := await guest.look()), reply
    await world.pass_time(LEASES)
    await world.work()
    await judge(world)
    await world.settle()
    await judge_the_end(world)
    for guest in guests:
        reply = await guest.look()
        assert reply.status in (200, 404), reply
        assert reply.status == 404 or reply.body["pending"] is None, reply
