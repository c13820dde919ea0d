"""Many workers over one database: every piece is taken once, none is left, and twins lose."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from booking_flow.flow import Trigger
from booking_flow.model.change import begin
from booking_flow.model.session import Session
from booking_flow.model.step import OwedUndo, StepStatus
from booking_flow.ports import CommitResult
from persistence.clock import set_clock_offset
from persistence.database import create_engine
from persistence.encryption import Vault
from persistence.sessions import PostgresSessionStore
from tests.support.changes import BASKET, NOW, settled
from tests.support.service import HASH_KEY, MASTER_KEY, settings_for
from tests.support.store import Shop
from tests.support.workers import LEASES, rows, worker_for

USUAL, MANY = 200, 2000
"""How many sessions are left with something to be done."""
LAPSED = replace(BASKET, hold_until=NOW + timedelta(minutes=1))
Abandon = Callable[[Shop], Awaitable[Session]]

# What a worker may find: how often it was taken, how it stands, and who waits for whom.
STEPS = """
SELECT t.session_id, t.name, t.status, t.fence,
       (SELECT count(*) FROM staff_tasks k WHERE k.session_id = t.session_id) AS tasks,
       (SELECT count(*) FROM session_history h WHERE h.session_id = t.session_id
        AND h.kind = 'step_unknown') AS unknown
FROM saga_steps t
"""
LAPSES = """
SELECT s.id, s.state, (SELECT count(*) FROM session_history h WHERE h.session_id = s.id
                       AND h.reason = 'the hold lapsed') AS lapses
FROM booking_sessions s
"""


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    engine = create_engine(database_url, pool_size=6)
    vault = Vault([MASTER_KEY], search_keys=[HASH_KEY.encode()])
    store = PostgresSessionStore(engine, vault, "a process that died")
    yield Shop(engine, store)
    await store.close()
    await engine.dispose()


async def _booking(shop: Shop) -> Session:
    """Leave a booking under way."""
    return await shop.booking()


async def _owing(shop: Shop) -> Session:
    """Leave a cabin owed back whose hold lapses meanwhile."""
    undo = OwedUndo(id=uuid4(), session_key="sk-1", item_key="item-1", hold_until=LAPSED.hold_until)
    change = begin(await shop.basketed()).move(Trigger.RELEASE_BASKET)
    return await shop.write(change.put(basket=None, supplier=None).plus(owed=(undo,)))


async def _lapsing(shop: Shop) -> Session:
    """Leave a hold that nobody looks after."""
    return await shop.basketed(LAPSED)


async def abandoned(shop: Shop, sessions: int) -> dict[Abandon, list[Session]]:
    """Leave so many sessions with something to be done, at random."""
    kinds: Sequence[Abandon] = (_booking, _owing, _lapsing)
    chosen = random.Random(3).choices(kinds, k=sessions)
    found: dict[Abandon, list[Session]] = {kind: [] for kind in kinds}
    room = asyncio.Semaphore(6)

    async def abandon(kind: Abandon) -> None:
        async with room:
            found[kind].append(await kind(shop))

    await asyncio.gather(*map(abandon, chosen))
    return found


async def wake_up_late(shop: Shop, asleep: Sequence[Session]) -> list[Session]:
    """Let owners that only slept settle what they hold; return those that could."""
    won = []
    for known in asleep:
        committed = await shop.commit(settled(known, StepStatus.REFUSED))
        if committed.result is CommitResult.DONE:
            won.append(known)
        else:
            assert committed.result is CommitResult.LOST
    return won


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 4])
@pytest.mark.parametrize("sessions", [USUAL, pytest.param(MANY, marks=pytest.mark.full)])
async def test_each_piece_is_taken_once_and_none_is_left(
    shop: Shop, database_url: str, sessions: int, workers: int
) -> None:
    found = await abandoned(shop, sessions)
    settings = settings_for(
        database_url=database_url, supplier_url="http://127.0.0.1:9/2.1/json", database_pool_size=3
    )
    async with AsyncExitStack() as opened:
        racing = [
            (await opened.enter_async_context(worker_for(settings)))[0] for _ in range(workers)
        ]
        await set_clock_offset(shop.engine, LEASES)
        late = asyncio.create_task(wake_up_late(shop, found[_booking][::3]))
        await asyncio.gather(*(worker.drain() for worker in racing))
        woken = await late
        await set_clock_offset(shop.engine, LEASES + timedelta(seconds=5))
        await asyncio.gather(*(worker.drain() for worker in racing))
        assert await asyncio.gather(*(worker.drain() for worker in racing)) == [0] * workers
    await _judge(shop, found, woken={known.id for known in woken})


async def _judge(shop: Shop, found: dict[Abandon, list[Session]], woken: set[object]) -> None:
    attempts = await rows(shop.engine, STEPS)
    books = {row.session_id: row for row in attempts if row.name == "book"}
    assert set(books) == {known.id for known in found[_booking]}
    for session_id, row in books.items():
        taken = session_id not in woken
        expected = ("unknown", 2, 1, 1) if taken else ("refused", 1, 0, 0)
        assert (row.status, row.fence, row.tasks, row.unknown) == expected
    # Who woke and was refused may have a hold that lapsed meanwhile, and so an undo of its own.
    ours = {known.id for kind in (_owing, _lapsing) for known in found[kind]}
    owed = [
        (row.status, row.fence)
        for row in attempts
        if row.name == "release" and row.session_id in ours
    ]
    assert owed == [("done", 1)] * (len(found[_owing]) + len(found[_lapsing]))
    lapses = {row.id: row.lapses for row in await rows(shop.engine, LAPSES)}
    assert {lapses[known.id] for known in found[_lapsing]} == {1}
