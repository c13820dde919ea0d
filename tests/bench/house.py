"""How many files a reader opens: what a request or a change touches, and the layout (`make house`).

The figures of before are those of release 0.2.0. What follows from the design is not a limit for
its own sake; ADR 0045 says where the shape is better with another figure.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType
from typing import Any

import structlog

from tests.support.layout import PACKAGES, both_ways, gerunds, modules, two_meanings
from tests.support.service import Service, running_service
from tests.support.testbed import Ground, run, standing
from tests.support.workers import clocks_of, worker_of


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of what is printed."""

    name: str
    before: str
    expected: str
    now: int
    which: tuple[str, ...] = ()


class Entered:
    """Remembers in which of our files a function was entered."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self._known = {str(path): name for name, path in modules().items()}

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        name = self._known.get(frame.f_code.co_filename) if event == "call" else None
        if name is not None and frame.f_code.co_name != "<module>":
            self.files.add(name)


async def entered_by(work: Callable[[], Awaitable[Any]]) -> tuple[str, ...]:
    """Return the files that some work enters."""
    # What was done before has woken others up; they are not part of it.
    await asyncio.sleep(1)
    entered = Entered()
    sys.setprofile(entered)
    try:
        await work()
    finally:
        sys.setprofile(None)
    return tuple(sorted(entered.files))


async def walks(ground: Ground) -> list[Figure]:
    """Follow a booking, a look at a session and a recovery through the files."""
    async with running_service(
        ground.dsn, ground.simulator, redis_url=ground.valkey.url
    ) as service:
        guest = service.guest()
        await guest.to_basketed()
        create = await entered_by(guest.book)
        read = await entered_by(lambda: service.call("GET", guest.home))
        recovery = await _recovery(service)
    return [
        Figure("files that POST /create enters", "72", "about 45", len(create), create),
        Figure("files that a session read enters", "31", "about 22", len(read), read),
        Figure("files that a recovery enters", "48", "about 32", len(recovery), recovery),
    ]


async def _recovery(service: Service) -> tuple[str, ...]:
    guest = service.guest()
    await guest.to_basketed()
    await service.simulator.fault("book.pl", "timeout_after")
    await guest.book()
    await clocks_of(service).advance(timedelta(minutes=4))
    return await entered_by(worker_of(service).drain)


def naming(*words: str) -> tuple[str, ...]:
    """Return the files that name one of these."""
    texts = {name: path.read_text("utf-8") for name, path in modules().items()}
    return tuple(sorted(name for name, text in texts.items() if any(w in text for w in words)))


def touched() -> list[Figure]:
    """Count the files that name one existing thing, as a new one of its kind would be named."""
    kinds = (
        ("saga step (release)", "10-12", "3 and a migration", ("StepName.RELEASE", "RELEASE,")),
        ("staff action (extend the deadline)", "8-10", "4", ("extend_deadline", "ExtendDeadline")),
        ("payment channel (manual)", "6", "1", ("PaymentChannel.MANUAL",)),
        ("session column (special_requests)", "7-9", "4", ("special_requests",)),
    )
    found = [(kind, before, hoped, naming(*words)) for kind, before, hoped, words in kinds]
    return [
        Figure(f"files that name one {kind}", before, hoped, len(files), files)
        for kind, before, hoped, files in found
    ]


def layout() -> list[Figure]:
    """Count what makes a room hard to find."""
    top = tuple(sorted(path.name for path in PACKAGES["booking_http"].glob("*.py")))
    circles, doubles, verbs = tuple(both_ways()), tuple(two_meanings()), tuple(gerunds())
    return [
        Figure("modules directly in booking_http", "67", "a handful", len(top), top),
        Figure("folders that import each other both ways", "6", "0", len(circles), circles),
        Figure("class names with two meanings", "21", "0", len(doubles), doubles),
        Figure("modules named by a gerund", "39", "0", len(verbs), verbs),
    ]


async def measure() -> list[Figure]:
    """Measure all of it, over servers of its own."""
    async with standing() as ground:
        followed = await walks(ground)
    return [*followed, *touched(), *layout()]


def main() -> None:
    """Print the table; with `-v` also which files each figure counts."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    figures = run(measure())
    say = sys.stdout.write
    say(f"{'':48} {'0.2.0':>7} {'expected':>18} {'now':>5}\n")
    for figure in figures:
        say(f"{figure.name:48} {figure.before:>7} {figure.expected:>18} {figure.now:>5}\n")
        if "-v" in sys.argv:
            say("".join(f"    {each}\n" for each in figure.which))


if __name__ == "__main__":
    main()
