"""A commit is written whole if its guards hold, and not at all if one does not."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Session, Unwinding, UnwindingReason
from booking_flow.model.step import OwedUndo, StepName, StepStatus
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.ports import CommitResult
from persistence.clock import set_clock_offset
from persistence.database import create_engine
from persistence.encryption import Vault
from persistence.sessions import PostgresSessionStore
from tests.support.changes import (
    BASKET,
    DETAILS,
    GUEST,
    NOW,
    binding,
    call,
    claimed,
    priced,
    settled,
)
from tests.support.store import Shop

COUNTED = (
    "session_history",
    "saga_steps",
    "supplier_calls",
    "staff_tasks",
    "booking_payments",
    "idempotency_keys",
    "session_search",
    "session_quotes",
    "bookings",
)


async def counts(shop: Shop) -> dict[str, int]:
    return {
        table: (await shop.rows(f"SELECT count(*) AS n FROM {table}"))[0].n for table in COUNTED
    }


async def test_a_change_of_an_older_version_writes_nothing_at_all(shop: Shop) -> None:
    known = await shop.created()
    await shop.write(priced(known))
    before = await counts(shop)
    owed = OwedUndo(id=uuid4(), session_key="k", item_key="i", hold_until=NOW)
    task = StaffTask(
        id=uuid4(), kind=TaskKind.REFUND, step_id=None, due_at=NOW, not_before=None, facts={}
    )
    change = priced(known).put(details=DETAILS, basket=BASKET).plus(owed=(owed,), tasks=(task,))
    committed = await shop.commit(change, calls=[call()], binding=binding())
    assert committed.result is CommitResult.LOST
    assert committed.fence is None
    assert await counts(shop) == before
    assert (await shop.load(known)).version == 1


async def test_the_answer_to_a_lost_race_tells_the_time(shop: Shop) -> None:
    known = await shop.created()
    await shop.write(priced(known))
    committed = await shop.commit(priced(known))
    assert abs(committed.now - await shop.store.now()) < timedelta(seconds=5)


async def test_a_live_change_needs_a_session_that_has_not_expired(shop: Shop) -> None:
    known = await shop.created()
    await set_clock_offset(shop.engine, timedelta(hours=2, seconds=5))
    live = replace(priced(known), live=True)
    assert (await shop.commit(live)).result is CommitResult.LOST
    await set_clock_offset(shop.engine, timedelta(hours=1))
    assert (await shop.commit(live)).result is CommitResult.DONE


async def test_an_expired_session_can_still_be_changed_by_the_clock(shop: Shop) -> None:
    known = await shop.created()
    await set_clock_offset(shop.engine, timedelta(hours=3))
    assert (await shop.commit(priced(known))).result is CommitResult.DONE


async def test_a_booking_needs_a_hold_that_outlives_it(shop: Shop) -> None:
    until = await shop.store.now() + timedelta(minutes=10)
    known = await shop.basketed(replace(BASKET, hold_until=until))
    book = replace(claimed(known, StepName.BOOK), hold_for=timedelta(seconds=90))
    await set_clock_offset(shop.engine, timedelta(minutes=8, seconds=40))
    assert (await shop.commit(book)).result is CommitResult.LOST
    await set_clock_offset(shop.engine, timedelta(minutes=8))
    assert (await shop.commit(book)).result is CommitResult.DONE


async def test_without_a_hold_there_is_none_that_lasts(shop: Shop) -> None:
    book = replace(claimed(await shop.selected(), StepName.BOOK), hold_for=timedelta(0))
    assert (await shop.commit(book)).result is CommitResult.LOST


@pytest.mark.parametrize("name", [StepName.BOOK, StepName.RELEASE])
async def test_no_step_is_claimed_beside_an_open_one(shop: Shop, name: StepName) -> None:
    open_now = await shop.booking()
    assert (await shop.commit(claimed(open_now, name))).result is CommitResult.LOST


async def unwinding(shop: Shop) -> Session:
    known = await shop.basketed()
    flag = Unwinding(since=NOW, reason=UnwindingReason.CANCEL)
    return await shop.write(begin(known).put(unwinding=flag).record(EventKind.UNWINDING))


async def test_no_forward_step_is_claimed_while_unwinding(shop: Shop) -> None:
    known = await unwinding(shop)
    committed = await shop.commit(claimed(known, StepName.BOOK))
    assert committed.result is CommitResult.LOST


async def test_a_release_is_claimed_while_unwinding(shop: Shop) -> None:
    known = await unwinding(shop)
    committed = await shop.commit(claimed(known, StepName.RELEASE))
    assert committed.result is CommitResult.DONE


async def test_unwinding_never_begins_beside_an_open_forward_step(shop: Shop) -> None:
    """The core never asks for it; if it did, a constraint would refuse."""
    open_now = await shop.booking()
    flag = Unwinding(since=NOW, reason=UnwindingReason.EXPIRE)
    change = begin(open_now).put(unwinding=flag).record(EventKind.UNWINDING)
    assert (await shop.commit(change)).result is CommitResult.REJECTED


def quietly(change: Change) -> Change:
    """Leave the version alone, so that only the open step guards the change."""
    return replace(change, before=replace(change.before, open_step=None))


@pytest.mark.parametrize("blind", [quietly])
async def test_a_change_that_did_not_see_the_open_step_is_lost(
    shop: Shop, blind: Callable[[Change], Change]
) -> None:
    open_now = await shop.booking()
    change = begin(open_now).record(EventKind.EDITED)
    assert (await shop.commit(blind(change))).result is CommitResult.LOST
    assert (await shop.commit(change)).result is CommitResult.DONE


async def test_details_may_change_beside_an_open_step(shop: Shop) -> None:
    open_now = await shop.booking()
    change = begin(open_now).put(details=replace(DETAILS, dining="9")).record(EventKind.EDITED)
    after = await shop.load(await shop.write(change))
    assert after.details.dining == "9"
    assert after.open_step is not None
    assert open_now.open_step is not None
    assert after.open_step.id == open_now.open_step.id


async def test_of_two_writers_exactly_one_claims(
    shop: Shop, database_url: str, vault: Vault
) -> None:
    """Fifty races between two pools; the loser has written nothing."""
    engines = [create_engine(database_url, pool_size=1) for _ in range(2)]
    stores = [PostgresSessionStore(engine, vault, f"w{n}") for n, engine in enumerate(engines)]
    for _ in range(50):
        known = await shop.basketed()
        changes = [claimed(known, StepName.BOOK) for _ in stores]
        ends = await asyncio.gather(
            *(
                store.commit(change, origin=GUEST, calls=[call()])
                for store, change in zip(stores, changes, strict=True)
            )
        )
        assert sorted(end.result for end in ends) == [CommitResult.DONE, CommitResult.LOST]
        winner = changes[[end.result for end in ends].index(CommitResult.DONE)]
        present = await shop.load(known)
        assert present.open_step is not None
        assert winner.claim is not None
        assert present.open_step.id == winner.claim.id
        written = await shop.rows(
            "SELECT count(*) AS n FROM supplier_calls WHERE session_id = :id", id=known.id
        )
        assert written[0].n == 1
    for engine in engines:
        await engine.dispose()


async def test_of_two_settlements_exactly_one_is_written(
    shop: Shop, database_url: str, vault: Vault
) -> None:
    engines = [create_engine(database_url, pool_size=1) for _ in range(2)]
    stores = [PostgresSessionStore(engine, vault, "w") for engine in engines]
    for _ in range(20):
        open_now = await shop.booking()
        ends = await asyncio.gather(
            *(
                store.commit(settled(open_now, status), origin=GUEST)
                for store, status in zip(stores, (StepStatus.DONE, StepStatus.UNKNOWN), strict=True)
            )
        )
        assert sorted(end.result for end in ends) == [CommitResult.DONE, CommitResult.LOST]
    for engine in engines:
        await engine.dispose()
