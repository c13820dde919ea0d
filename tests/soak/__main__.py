"""Run the storm: `SOAK_MINUTES=` is how long it rages, `SOAK_SEED=` repeats its dice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import secrets
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from booking_http.cli.session_report import as_facts, report
from tests.soak import balance, hooks, settling
from tests.soak.figures import so_far, table_of
from tests.soak.guests import Crowd, Front
from tests.soak.logs import unexpected
from tests.soak.staff import answer_all
from tests.soak.storm import Storm
from tests.support.books import Books, read_books
from tests.support.receivers import Receiver
from tests.support.receivers import hooks as settings_of
from tests.support.testbed import Ground, Server, run, server, standing

HASTE = 0.05
"""Supplier time limits of this share, so that a stalled call costs seconds and not minutes."""
CHANNELS = ("with_booking", "supplier_payment")
GUESTS = 60
SERVERS = 3
REFERENCE = re.compile(r"\bBF-[A-Z0-9]{8}\b")


@asynccontextmanager
async def servers(
    ground: Ground, *, channel: str, also: Mapping[str, str]
) -> AsyncIterator[list[Server]]:
    """Run the service in two processes, each with a worker inside."""
    shared = {
        "worker": True,
        "payment_channel": channel,
        "worker_poll_seconds": 1.0,
        "traveltek_time_scale": HASTE,
        "spool_dir": str(ground.folder / "spool"),
        "back_office_url": str(ground.simulator.base / "_control/back-office"),
    }
    made = [server(ground, number, also=also, **shared) for number in range(1, SERVERS + 1)]
    async with AsyncExitStack() as running:
        for one in made:
            running.push_async_callback(one.program.end)
            await one.start()
        yield made


def crowd_of(ground: Ground, made: list[Server], chance: random.Random, *, channel: str) -> Crowd:
    """Return the guests, who come to any of the servers."""
    front = Front.before([one.url for one in made], ground, chance)
    return Crowd(front=front, chance=chance, pays_later=channel == "supplier_payment")


async def rage(crowd: Crowd, storm: Storm, *, seconds: float, console: Console) -> float:
    """Let guests book in the storm for so long, and return the minutes until the last had ended."""
    began = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("storm", total=seconds)
        working = asyncio.gather(crowd.throng(GUESTS), storm.rage())
        ends = time.monotonic() + seconds
        while (rest := ends - time.monotonic()) > 0 and not working.done():
            progress.update(bar, completed=seconds - rest, description=so_far(crowd, storm))
            await asyncio.sleep(1.0)
        storm.over.set()
        crowd.closed.set()
        await working
    return (time.monotonic() - began) / 60


async def settled(ground: Ground, console: Console) -> list[str]:
    """Move the clocks on step by step, and say what is not settled or held for nobody."""
    wrong = []
    for what, within, kinds in (
        ("steps", settling.STEPS_SETTLE, ("started", "doubtful")),
        ("holds", settling.HOLDS_LAPSE, ("owed", "held")),
        ("holds out of reach", settling.OUT_OF_REACH_LAPSE, ("out_of_reach",)),
        ("sessions", settling.SESSIONS_END, ("early",)),
        ("payments to be compared", settling.SESSIONS_END, ("unchecked",)),
    ):
        took, done = await settling.settle(ground, within, *kinds)
        console.print(f"{what} settled after {_spoken(took)} (allowed {_spoken(within)})")
        if not done:
            wrong.append(f"{what} are not settled: {await settling.left(ground)}")
        wrong += balance.holds(await read_books(ground.database, ground.simulator))
    return wrong


def _spoken(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:.1f} min"


async def disagreements(ground: Ground, crowd: Crowd, books: Books) -> list[str]:
    """Balance the books in every way there is."""
    found: list[Iterable[str]] = [
        check(books)
        for check in (
            balance.bookings,
            balance.rows,
            balance.charges,
            balance.payments,
            balance.settled,
        )
    ]
    found.append(balance.guests(books, crowd.told.reservations))
    found.append(await balance.histories(books, ground.database))
    return [line for lines in found for line in lines]


async def listened(ground: Ground, receiver: Receiver, console: Console) -> list[str]:
    """Say what the agency was not told, or not as it should be."""
    sent = await hooks.all_sent(ground.database)
    repeated = hooks.again(receiver.got)
    console.print(f"agency: {len(receiver.got)} events, {repeated} of them told again")
    found = hooks.heard(await hooks.moves_of(ground.database), receiver.got)
    return [*([] if sent else ["some events are never sent"]), *found]


async def worked_off(
    ground: Ground, crowd: Crowd, receiver: Receiver, console: Console
) -> list[str]:
    """Let staff work off their tasks; then nothing may wait, and the books balance again."""
    given = await answer_all(ground, settings_of(receiver))
    console.print("staff:", ", ".join(f"{number} {kind}" for kind, number in sorted(given.items())))
    _, done = await settling.settle(
        ground, settling.SESSIONS_END, "held", "early", "owed", "unchecked"
    )
    books = await read_books(ground.database, ground.simulator)
    waiting = [] if done else [f"not settled after staff: {await settling.left(ground)}"]
    return [*waiting, *balance.answered(books), *await disagreements(ground, crowd, books)]


async def soak(minutes: float, seed: int, console: Console) -> list[str]:
    """Run the storm, let everything settle, print the figures, and return what disagrees."""
    chance = random.Random(seed)
    channel = chance.choice(CHANNELS)
    async with (
        standing(supplier_remembers=True) as ground,
        hooks.endpoint(ground.folder) as (receiver, also),
        servers(ground, channel=channel, also=also) as made,
    ):
        crowd = crowd_of(ground, made, chance, channel=channel)
        storm = Storm(ground=ground, servers=made, receiver=receiver, chance=chance)
        console.print(f"{minutes:g} minutes of storm, SOAK_SEED={seed}, paying {channel}")
        lasted = await rage(crowd, storm, seconds=minutes * 60, console=console)
        await storm.calm()
        wrong = await settled(ground, console)
        books = await read_books(ground.database, ground.simulator)
        wrong += await disagreements(ground, crowd, books)
        console.print(await table_of(crowd, storm, books, ground.database, minutes=lasted))
        wrong += await worked_off(ground, crowd, receiver, console)
        wrong += await listened(ground, receiver, console)
        _print_log(unexpected(ground.folder), console)
        await _print_stories(ground, wrong, console)
    return wrong


async def _print_stories(ground: Ground, wrong: Iterable[str], console: Console) -> None:
    """Print all that is known of the sessions that disagree, since their database goes now."""
    ledger = await ground.simulator.ledger()
    for reference in dict.fromkeys(REFERENCE.findall(" ".join(wrong))):
        story = await _story(ground.dsn, reference)
        console.print(story, highlight=False, soft_wrap=True)
        theirs = [row for row in ledger["bookings"] if f'"{row["itemKey"]}"' in story]
        ids = {row["bookingId"] for row in theirs}
        charges = [row for row in ledger["charges"] if row["bookingId"] in ids]
        console.print(f"at the line: {theirs} {charges}", highlight=False, soft_wrap=True)


async def _story(database_url: str, reference: str) -> str:
    told = await report(database_url, reference)
    return json.dumps(as_facts(told), indent=1) if told else f"{reference} is not there"


def _print_log(found: Counter[str], console: Console) -> None:
    for line, number in found.most_common(20):
        console.print(f"{number:>6}  {line}", highlight=False, soft_wrap=True)


def main() -> None:
    """Run and exit with 1 on any disagreement."""
    console = Console()
    minutes = float(os.environ.get("SOAK_MINUTES") or 5)
    seed = int(os.environ.get("SOAK_SEED") or secrets.randbelow(1_000_000))
    wrong = run(soak(minutes, seed, console))
    for line in wrong:
        console.print(line, style="red", highlight=False, soft_wrap=True)
    console.print(f"disagreements: {len(wrong)}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
