"""Changes of several sessions share a transaction, and each keeps guards of its own."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from booking_flow.flow import State, Trigger
from booking_flow.model.change import Change
from booking_flow.model.session import Session
from booking_flow.model.step import StepStatus
from booking_flow.ports import CommitResult, StoreUnavailable
from persistence.work_queue import PostgresWorkQueue
from tests.support.changes import BOOKING, GUEST, settled
from tests.support.store import Shop

LEASE = 60.0
DONE, LOST, REJECTED = CommitResult.DONE, CommitResult.LOST, CommitResult.REJECTED
UNKNOWN = StepStatus.UNKNOWN
TAKEN_OVER = "UPDATE saga_steps SET fence = fence + 1 WHERE session_id = :id AND status = 'started'"


async def three(shop: Shop) -> list[Session]:
    """Return three sessions whose bookings are under way."""
    return [await shop.booking() for _ in range(3)]


async def together(shop: Shop, changes: Sequence[Change]) -> list[CommitResult]:
    committed = await shop.store.commit_each(changes, origin=GUEST)
    return [each.result for each in committed]


async def statuses(shop: Shop, sessions: Sequence[Session]) -> list[StepStatus | None]:
    steps = [(await shop.load(each)).open_step for each in sessions]
    return [step.status if step else None for step in steps]


async def test_who_lost_the_fence_of_one_settles_the_others(shop: Shop) -> None:
    sessions = await three(shop)
    await shop.run(TAKEN_OVER, id=sessions[1].id)
    settlements = [settled(each, UNKNOWN) for each in sessions]
    assert await together(shop, settlements) == [DONE, LOST, DONE]
    assert await statuses(shop, sessions) == [UNKNOWN, StepStatus.STARTED, UNKNOWN]
    assert (await shop.load(sessions[1])).version == sessions[1].version


async def test_a_change_of_a_session_that_has_moved_on_is_lost_alone(shop: Shop) -> None:
    sessions = await three(shop)
    stale = [settled(each, UNKNOWN) for each in sessions]
    await shop.write(settled(sessions[2], UNKNOWN))
    assert await together(shop, stale) == [DONE, DONE, LOST]


async def test_what_the_database_refuses_of_one_is_refused_of_it_alone(shop: Shop) -> None:
    """Two sessions claim one reservation: it belongs to the first, the third is not concerned."""
    sessions = await three(shop)
    booked = [settled(each).move(Trigger.BOOK).put(booking=BOOKING) for each in sessions[:2]]
    changes = [*booked, settled(sessions[2], UNKNOWN)]
    assert await together(shop, changes) == [DONE, REJECTED, DONE]
    states = [(await shop.load(each)).state for each in sessions]
    assert states == [State.BOOKED, State.BASKETED, State.BASKETED]


async def test_changes_of_different_kinds_keep_their_places(shop: Shop) -> None:
    sessions = await three(shop)
    changes = [
        settled(sessions[0], UNKNOWN),
        settled(sessions[1], StepStatus.REFUSED),
        settled(sessions[2], UNKNOWN),
    ]
    assert await together(shop, changes) == [DONE, DONE, DONE]
    assert await statuses(shop, sessions) == [UNKNOWN, None, UNKNOWN]


async def test_no_changes_are_no_commit(shop: Shop) -> None:
    assert await together(shop, []) == []


async def test_a_connection_that_is_cut_over_one_leaves_all_as_they_were(shop: Shop) -> None:
    """As when the process dies: none of them is settled, and each is taken again by its lease."""
    sessions = sorted(await three(shop), key=lambda each: each.id)
    changes = [settled(each, UNKNOWN) for each in sessions]
    async with shop.engine.lent(once=False) as other:
        async with other.transaction():
            await other.execute(
                "SELECT FROM saga_steps WHERE session_id = $1 FOR UPDATE", sessions[2].id
            )
            writing = asyncio.create_task(together(shop, changes))
            # Who is connected is read once a transaction, and who waits for a lock each time.
            while not writing.done():
                await other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks"
                    " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
                )
                await asyncio.sleep(0.01)
        with pytest.raises(StoreUnavailable):
            await writing
    assert await statuses(shop, sessions) == [StepStatus.STARTED] * 3


async def test_many_are_loaded_as_one_is_but_for_their_prices(shop: Shop) -> None:
    sessions = [*await three(shop), await shop.booked(), await shop.created()]
    loaded = await shop.store.load_each([each.id for each in sessions])
    found = {each.session.id: each.session for each in loaded}
    for each in sessions:
        whole = await shop.load(each)
        assert found[each.id] == without_prices(whole)


def without_prices(session: Session) -> Session:
    return replace(session, quote=None)


async def test_steps_are_left_to_people_by_whoever_has_them(shop: Shop) -> None:
    sessions = await three(shop)
    queue = PostgresWorkQueue(shop.engine, "worker-2")
    await shop.run("UPDATE saga_steps SET lease_until = booking_now() WHERE status = 'started'")
    taken = await queue.take_open_steps(limit=10, lease_seconds=LEASE)
    assert len(taken) == 3
    lost = next(each for each in taken if each.session_id == sessions[0].id)
    await shop.run(TAKEN_OVER, id=lost.session_id)
    await queue.leave_to_people(taken)
    due = await shop.rows(
        "SELECT session_id AS id FROM saga_steps"
        " WHERE status = 'started' AND next_attempt_at IS NOT NULL"
    )
    assert [row.id for row in due] == [lost.session_id]
    await queue.leave_to_people([])
