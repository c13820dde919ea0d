"""The store alone: how many commits of each kind one process makes in a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import asyncpg

from booking_flow.flow import Trigger
from booking_flow.model.change import Change
from booking_flow.model.session import Session
from booking_flow.model.step import StepName
from booking_flow.ports import CommitResult
from persistence.database import create_engine
from persistence.encryption import Vault
from persistence.sessions import PostgresSessionStore
from tests.bench.bare import COMMIT, TABLES
from tests.bench.figures import Figures
from tests.support.changes import (
    BASKET,
    GUEST,
    SECRET,
    claimed,
    priced,
    selected,
    session,
    settled,
)
from tests.support.service import HASH_KEY, MASTER_KEY
from tests.support.testbed import Ground

T = TypeVar("T")
GROUP: Final = "commits of one process"
AT_ONCE: Final = 16
_RAW: Final = "bare commit, driver alone"


async def measure_store(ground: Ground, figures: Figures, *, sessions: int) -> None:
    """Measure each kind of commit, and beside it the bare one over the driver alone."""
    raw = await _raw(ground, sessions)
    figures.add(GROUP, _RAW, raw, "/s")
    database = create_engine(ground.postgres.dsn, pool_size=AT_ONCE)
    vault = Vault([MASTER_KEY], search_keys=[HASH_KEY.encode()])
    store = PostgresSessionStore(database, vault, "bench")
    try:
        for name, rate in (await _rates(store, sessions)).items():
            figures.add(GROUP, name, rate, "/s", over=raw, to=_RAW)
    finally:
        await store.close()
        await database.dispose()


async def _rates(store: PostgresSessionStore, sessions: int) -> dict[str, float]:
    async def create(new: Session) -> Session:
        made = await store.create(new, secret_hash=SECRET, origin=GUEST, binding=None, calls=())
        return _done(made, new)

    def write(change_of: Callable[[Session], Change]) -> Callable[[Session], Awaitable[Session]]:
        async def commit(before: Session) -> Session:
            change = change_of(before)
            committed = await store.commit(change, origin=GUEST)
            return _done(committed.result, change.after)

        return commit

    async def load(known: Session) -> Session:
        await store.load_for_guest(known.id, SECRET)
        return known

    rates: dict[str, float] = {}
    current: Sequence[Session] = [session() for _ in range(sessions)]
    for name, work in (
        ("create a session", create),
        ("read step (price)", write(priced)),
        ("read step (select)", write(selected)),
        ("claim", write(lambda before: claimed(before, StepName.ADD_TO_BASKET))),
        ("settle", write(_held)),
        ("load (no commit)", load),
    ):
        rates[name], current = await _timed(work, current)
    return rates


def _held(before: Session) -> Change:
    return settled(before).move(Trigger.ADD_TO_BASKET).put(basket=BASKET)


def _done(result: CommitResult, after: Session) -> Session:
    if result is not CommitResult.DONE:
        raise AssertionError(result)
    return after


async def _timed(
    work: Callable[[T], Awaitable[T]], pieces: Sequence[T]
) -> tuple[float, Sequence[T]]:
    """Do every piece, so many at once, and return the rate and what came of them."""
    waiting, made = iter(pieces), list[T]()

    async def one() -> None:
        for piece in waiting:
            made.append(await work(piece))

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return len(made) / (time.perf_counter() - began), made


async def _raw(ground: Ground, commits: int) -> float:
    async with asyncpg.create_pool(ground.postgres.dsn, min_size=AT_ONCE, max_size=AT_ONCE) as pool:
        await pool.execute(TABLES)

        rows = {row["id"]: row["version"] for row in await pool.fetch("SELECT * FROM bare")}

        async def commit(number: int) -> int:
            row = number % len(rows) + 1
            rows[row] = await pool.fetchval(COMMIT, row, rows[row])
            return number

        rate, _ = await _timed(commit, range(commits))
        return rate
