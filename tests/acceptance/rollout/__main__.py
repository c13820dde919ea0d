"""Replace the last tagged release by this one while guests book: no request may be lost.

The old release makes the tables and serves, the new one migrates them and starts beside it, then
the old one is stopped by SIGTERM. What a release that does not drain yet cuts when it is stopped is
told apart, and is no fault of this one.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click
from yarl import URL

from tests.acceptance.rollout.balancer import Balancer, Lost, watching
from tests.acceptance.rollout.crowd import Crowd
from tests.acceptance.rollout.release import NoRelease, Release, newest_tag, run_to_its_end
from tests.soak import balance
from tests.support.books import read_books
from tests.support.ports import free_port
from tests.support.processes import environment
from tests.support.testbed import Ground, Program, Server, blank, run, server, standing

GUESTS = 12
PHASE = 8.0
"""Seconds that guests book in each phase."""
LIMIT = 175.0
"""Seconds after which it has taken too long."""
SHARED: Final[dict[str, Any]] = {"worker": True, "drain_seconds": 3.0}
LATENCY = 0.02
"""The supplier takes this share of its usual time."""


@dataclass(slots=True, kw_only=True)
class Rollout:
    """One release that replaces another, and what is seen meanwhile."""

    ground: Ground
    release: Release
    old: Server
    new: Server
    balancer: Balancer
    crowd: Crowd
    begun: float = field(default_factory=time.monotonic)
    stopped: float = float("inf")
    wrong: list[str] = field(default_factory=list)

    def tell(self, line: str) -> None:
        """Print what happens, with the time since the beginning."""
        click.echo(f"{time.monotonic() - self.begun:6.1f} s  {line}")

    async def phase(self, what: str) -> None:
        """Let guests book for a while; a phase in which nobody could is a fault."""
        before, answered = len(self.crowd.reservations), self.balancer.answered
        await asyncio.sleep(PHASE)
        booked = len(self.crowd.reservations) - before
        self.tell(f"{what}: {self.balancer.answered - answered} answers, {booked} bookings")
        if not booked:
            self.wrong.append(f"{what}: nobody could book")

    async def migrate(self) -> None:
        """Bring the tables to what the new release needs, while the old one serves."""
        environ = environment(self.ground.settings())
        command = ("-m", "booking_http.cli", "migrate")
        self.tell(f"this release: {await run_to_its_end(*command, environ=environ)}")

    async def stop_old(self) -> bool:
        """Stop the old release, and say whether it is one that drains."""
        drains = await _drains(self.old)
        self.stopped = time.monotonic()
        self.old.program.send(signal.SIGTERM)
        code = await self.old.program.gone()
        took = time.monotonic() - self.stopped
        self.tell(f"{self.release.tag} stopped within {took:.1f} s, code {code}")
        return drains

    def cut(self) -> list[Lost]:
        """Return the requests that the old release lost when it was stopped."""
        return [
            lost
            for lost in self.balancer.lost
            if lost.process == self.old.url and lost.at >= self.stopped
        ]


async def _drains(running: Server) -> bool:
    """Whether a release says that it is stopping before it does."""
    async with running.http.get(running.url / "openapi.json") as answer:
        schemas = (await answer.json())["components"]["schemas"]
    return '"stopping"' in json.dumps(schemas.get("Ready", {}))


def _old_server(ground: Ground, release: Release) -> Server:
    port = free_port()
    environ = release.environ(environment(ground.settings(**SHARED))) | {"APP_PORT": str(port)}
    log = ground.folder / "server-0.log"
    program = Program("booking_http.cli", "serve", log=log, environ=environ, folder=release.folder)
    return Server(program=program, url=URL(f"http://127.0.0.1:{port}/"), http=ground.http)


@asynccontextmanager
async def prepared(tag: str) -> AsyncIterator[Rollout]:
    """Let the old release make its tables and serve."""
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        release = Release.unpacked(tag, Path(folder) / "code")
        async with standing() as whole, blank(whole, "rollout") as ground:
            await ground.simulator.control("latency", scale=LATENCY)
            said = await release.prepare(environment(ground.settings()))
            old, new = _old_server(ground, release), server(ground, 1, **SHARED)
            async with watching(ground.simulator, old.url, new.url) as balancer:
                made = Rollout(
                    ground=ground,
                    release=release,
                    old=old,
                    new=new,
                    balancer=balancer,
                    crowd=Crowd(balancer=balancer),
                )
                made.tell(f"{tag}: {said}")
                try:
                    yield made
                finally:
                    await old.program.end()
                    await new.program.end()


async def roll(rollout: Rollout) -> None:
    """Replace the old release by the new one, and count as wrong what went wrong."""
    tag, balancer = rollout.release.tag, rollout.balancer
    await rollout.phase(f"{tag} alone on its own tables")
    await rollout.migrate()
    await rollout.phase(f"{tag} alone on this release's tables")
    await rollout.new.start()
    await balancer.until(rollout.new.url, ready=True)
    await rollout.phase("both beside one another")
    drains = await rollout.stop_old()
    await rollout.phase("this release alone")
    cut = rollout.cut()
    counted = balancer.lost if drains else [lost for lost in balancer.lost if lost not in cut]
    rollout.wrong += [f"lost: {lost}" for lost in counted]
    if not drains:
        rollout.tell(f"{tag} does not drain; when it was stopped it cut {_tally(cut)}")


def _tally(lost: Iterable[Lost]) -> str:
    counts = Counter(each.what for each in lost)
    return ", ".join(f"{number} {what}" for what, number in counts.items()) or "nothing"


async def disagreements(rollout: Rollout) -> list[str]:
    """Balance rows, histories, ledger and what guests were told."""
    ground, told = rollout.ground, rollout.crowd.reservations
    books = await read_books(ground.database, ground.simulator)
    checks = (balance.bookings, balance.rows, balance.charges, balance.payments, balance.holds)
    found = [line for check in checks for line in check(books)]
    found += balance.guests(books, told)
    found += await balance.histories(books, ground.database)
    reserved = len(books.reserved())
    rollout.tell(f"{reserved} bookings at the line, {len(told)} told to guests")
    return found if reserved == len(told) else [*found, "guests were not told of every booking"]


async def replace(tag: str) -> list[str]:
    """Run it all, and return what went wrong."""
    async with asyncio.timeout(LIMIT), prepared(tag) as rollout:
        await rollout.old.start()
        await rollout.balancer.until(rollout.old.url, ready=True)
        booking = asyncio.create_task(rollout.crowd.throng(GUESTS))
        await roll(rollout)
        rollout.crowd.closed.set()
        await booking
        rollout.new.program.send(signal.SIGTERM)
        if code := await rollout.new.program.gone():
            rollout.wrong.append(f"this release stopped with code {code}")
        unwished = Counter(rollout.crowd.wrong).items()
        rollout.wrong += [f"not as wished, {number} times: {what}" for what, number in unwished]
        return rollout.wrong + await disagreements(rollout)


def main() -> None:
    """Run and exit with 1 when anything went wrong; without a release before this one, skip."""
    try:
        tag = newest_tag()
    except NoRelease as error:
        click.echo(f"SKIPPED: no release to run beside this one ({error})")
        return
    wrong = run(replace(tag))
    for line in wrong:
        click.echo(line)
    click.echo(f"lost or wrong: {len(wrong)}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
