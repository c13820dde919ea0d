"""What each call costs service, PostgreSQL and client of the processor, sixteen guests at once."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import text

from persistence.database import Database, execute, fetch_one
from persistence.statements import Row
from tests.bench.clients import BARE, BareClient, book_and_pay, checked, service_of
from tests.bench.figures import Figures
from tests.bench.processor import seconds_of
from tests.support.service import Guest
from tests.support.testbed import Ground, Server

GROUP: Final = "processor's time of a call"
AT_ONCE: Final = 16
STEPS: Final = ("open", "price", "choose", "hold", "book and pay", "look")
BOOKING: Final = STEPS[:5]
WHOLE: Final = "whole booking"
COMMITS: Final = "commits that write, wake-ups among them"
STATEMENTS: Final = "statements, the worker's among them"
LOG: Final = "write-ahead log"
PARTS: Final = ("service", "PostgreSQL", "client", "supplier")
# The number of the next transaction that writes, and the bytes of the log so far.
WRITTEN: Final = text(
    "SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint) AS xid, "
    "CAST(pg_current_wal_insert_lsn() - '0/0' AS bigint) AS wal"
)
LOGGED: Final = re.compile(rb" LOG:  (?:execute [^:]+|statement): (?!BEGIN|COMMIT|ROLLBACK)")
"""How PostgreSQL's log begins a statement; what only begins or ends a transaction is none."""
Ask = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """How often something could be done in a second, and the milliseconds of each part for one."""

    rate: float
    parts: Mapping[str, float]


@dataclass(slots=True, kw_only=True)
class Meter:
    """Counts what the processes of a measurement use."""

    pids: Mapping[str, int]

    def _read(self) -> dict[str, float]:
        used = {name: seconds_of(pid) for name, pid in self.pids.items()}
        return used | {"client": time.process_time()}

    async def cost(self, ask: Ask, *, times: int) -> Cost:
        """Do something so many times, sixteen at once."""
        numbers, before, began = iter(range(times)), self._read(), time.perf_counter()

        async def one() -> None:
            for number in numbers:
                await ask(number)

        await asyncio.gather(*(one() for _ in range(AT_ONCE)))
        took, after = time.perf_counter() - began, self._read()
        parts = {name: (after[name] - before[name]) / times * 1000 for name in after}
        return Cost(rate=times / took, parts=parts)


async def measure_cost(
    ground: Ground, figures: Figures, *, server: Server, bare: BareClient, guests: int
) -> None:
    """Measure every call of a booking, and the bare server in the same minute."""
    postgres = postmaster(ground)
    shared = {"PostgreSQL": postgres, "supplier": ground.supplier.pid}
    base = await Meter(pids={"service": bare.server.program.pid, **shared}).cost(
        _bare(bare), times=guests * 5
    )
    _add(figures, BARE, base, None)
    meter = Meter(pids={"service": server.program.pid, **shared})
    began = await _written(ground)
    costs = await _walked(meter, _guests(ground, server, guests))
    ended = await _written(ground)
    async with _statements_logged(ground.database):
        before = _size(ground.postgres.log)
        await _walked(meter, _guests(ground, server, AT_ONCE), BOOKING)
        made = _statements(ground.postgres.log, since=before)
    for step, cost in costs.items():
        _add(figures, step, cost, base)
    for part in PARTS:
        whole = sum(costs[step].parts[part] for step in BOOKING)
        figures.add(GROUP, f"{WHOLE}: {part}", whole, "ms")
    figures.add(GROUP, f"{WHOLE}: {COMMITS}", (ended.xid - began.xid) / guests, "")
    figures.add(GROUP, f"{WHOLE}: {STATEMENTS}", made / AT_ONCE, "")
    figures.add(GROUP, f"{WHOLE}: {LOG}", (ended.wal - began.wal) / guests / 1024, "KB")


def _guests(ground: Ground, server: Server, number: int) -> list[Guest]:
    return [service_of(ground, server).guest() for _ in range(number)]


@asynccontextmanager
async def _statements_logged(database: Database) -> AsyncIterator[None]:
    """Have PostgreSQL write every statement of every connection to its log."""
    await execute(database, text("ALTER SYSTEM SET log_statement = 'all'"))
    await execute(database, text("SELECT pg_reload_conf()"))
    try:
        # Each process of the server reads its settings anew before its next statement.
        await asyncio.sleep(1)
        yield
    finally:
        await execute(database, text("ALTER SYSTEM RESET log_statement"))
        await execute(database, text("SELECT pg_reload_conf()"))


def _size(log: Path) -> int:
    return log.stat().st_size


def _statements(log: Path, *, since: int) -> int:
    with log.open("rb") as written:
        written.seek(since)
        return len(LOGGED.findall(written.read()))


async def _written(ground: Ground) -> Row:
    row = await fetch_one(ground.database, WRITTEN)
    if row is None:
        raise AssertionError("a count always has a row")
    return row


def _bare(bare: BareClient) -> Ask:
    async def ask(number: int) -> None:
        await bare.commit(number % 256)

    return ask


async def _walked(
    meter: Meter, guests: Sequence[Guest], steps: Sequence[str] = STEPS
) -> Mapping[str, Cost]:
    """Take all guests through one step after the other."""
    return {step: await meter.cost(_asking(step, guests), times=len(guests)) for step in steps}


def _asking(step: str, guests: Sequence[Guest]) -> Ask:
    async def ask(number: int) -> None:
        await _ask(step, guests[number])

    return ask


async def _ask(step: str, guest: Guest) -> None:
    match step:
        case "open":
            checked(await guest.open(), 201)
        case "price":
            checked(await guest.price(), 200)
        case "choose":
            checked(await guest.select(addToBasket=False), 200)
        case "hold":
            checked(await guest.hold(), 200)
        case "book and pay":
            checked(await book_and_pay(guest), 201)
        case _:
            checked(await guest.look(), 200)


def _add(figures: Figures, name: str, cost: Cost, base: Cost | None) -> None:
    over = base.rate if base else None
    figures.add(GROUP, f"{name}: rate", cost.rate, "/s", over=over, to=BARE if base else None)
    for part in PARTS:
        if name != BARE or part != "supplier":
            figures.add(GROUP, f"{name}: {part}", cost.parts[part], "ms")


def postmaster(ground: Ground) -> int:
    """Return the process of PostgreSQL that has started all others of it."""
    lines = (ground.postgres.data_dir / "cluster" / "postmaster.pid").read_text("ascii")
    return int(lines.split()[0])
