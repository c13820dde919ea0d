"""An Idempotency-Key finds what it did, for a day, and only if something was done."""

import asyncio
from datetime import timedelta

from sqlalchemy import text

from booking_flow.errors import Refusal, RefusalCode
from booking_flow.flow import Trigger
from booking_flow.model.change import IdempotencyBinding
from booking_flow.model.step import StepName, StepStatus
from booking_flow.ports import CommitResult, Replay
from persistence.clock import set_clock_offset
from persistence.database import fetch_one
from persistence.idempotency import forget
from persistence.migrate import downgrade, upgrade
from tests.support.changes import (
    BOOKING,
    GUEST,
    SECRET,
    binding,
    claimed,
    priced,
    session,
    settled,
)
from tests.support.store import Shop


async def replay(shop: Shop, bound: IdempotencyBinding) -> Replay | None:
    return await shop.store.replay(scope=bound.scope, route=bound.route, key_hash=bound.key_hash)


async def test_a_key_shows_the_present_outcome_of_its_step(shop: Shop) -> None:
    bound = binding()
    assert await replay(shop, bound) is None
    change = claimed(await shop.basketed(), StepName.BOOK)
    assert (await shop.commit(change, binding=bound)).result is CommitResult.DONE
    found = await replay(shop, bound)
    assert found is not None
    assert found.step is not None
    assert (found.session_id, found.fingerprint) == (change.before.id, bound.fingerprint)
    assert found.success_status == 201
    assert found.step.status is StepStatus.STARTED
    await shop.write(settled(change.after).move(Trigger.BOOK).put(booking=BOOKING))
    found = await replay(shop, bound)
    assert found is not None
    assert found.step is not None
    assert found.step.status is StepStatus.DONE
    assert found.step.settled_at is not None


async def test_a_key_of_a_read_step_shows_plain_success(shop: Shop) -> None:
    bound = binding(success_status=200)
    await shop.commit(priced(await shop.created()), binding=bound)
    found = await replay(shop, bound)
    assert found is not None
    assert (found.step, found.success_status) == (None, 200)


async def test_a_key_that_is_bound_changes_nothing_more(shop: Shop) -> None:
    """The fingerprint stays the first one's, so that another body is noticed."""
    bound, known = binding(), await shop.created()
    await shop.commit(priced(known), binding=bound)
    known = await shop.load(known)
    other = binding(key_hash=bound.key_hash, fingerprint=b"o" * 32)
    assert (await shop.commit(priced(known), binding=other)).result is CommitResult.DUPLICATE
    assert await shop.load(known) == known
    found = await replay(shop, other)
    assert found is not None
    assert found.fingerprint == bound.fingerprint


async def test_the_loser_of_a_race_for_one_key_is_told_to_replay(shop: Shop) -> None:
    for _ in range(20):
        bound, known = binding(), await shop.basketed()
        ends = await asyncio.gather(
            *(shop.commit(claimed(known, StepName.BOOK), binding=bound) for _ in range(2))
        )
        assert sorted(end.result for end in ends) == [CommitResult.DONE, CommitResult.DUPLICATE]


async def test_a_key_serves_again_after_a_day(shop: Shop) -> None:
    bound, known = binding(), await shop.created()
    await shop.commit(priced(known), binding=bound)
    await set_clock_offset(shop.engine, timedelta(hours=23, minutes=59))
    known = await shop.load(known)
    assert (await shop.commit(priced(known), binding=bound)).result is CommitResult.DUPLICATE
    await set_clock_offset(shop.engine, timedelta(hours=24, minutes=1))
    assert await replay(shop, bound) is None
    assert (await shop.commit(priced(known), binding=bound)).result is CommitResult.DONE
    assert await replay(shop, bound) is not None


async def test_keys_of_different_scopes_and_routes_do_not_meet(shop: Shop) -> None:
    bound, known = binding(), await shop.created()
    for other in (
        bound,
        binding(key_hash=bound.key_hash, scope="elsewhere"),
        binding(key_hash=bound.key_hash, route="POST /session/{id}/payment"),
    ):
        known = await shop.load(known)
        assert (await shop.commit(priced(known), binding=other)).result is CommitResult.DONE


async def test_a_refusal_before_anything_was_sent_is_not_kept(shop: Shop) -> None:
    refusal = Refusal(code=RefusalCode.SUPPLIER_UNAVAILABLE)
    for sent in (False, True):
        bound = binding()
        change = claimed(await shop.basketed(), StepName.BOOK)
        await shop.commit(change, binding=bound)
        await shop.write(
            settled(change.after, StepStatus.REFUSED, sent=sent, evidence={}, refusal=refusal)
        )
        found = await replay(shop, bound)
        assert (found is not None) is sent


async def test_one_key_opens_one_session(shop: Shop) -> None:
    bound = binding(scope="203.0.113.7", route="POST /session")
    results = [
        await shop.store.create(new, secret_hash=SECRET, origin=GUEST, binding=bound, calls=())
        for new in (session(), session())
    ]
    assert results == [CommitResult.DONE, CommitResult.DUPLICATE]
    made = await shop.rows("SELECT count(*) AS n FROM booking_sessions")
    assert made[0].n == 1


async def test_keys_are_dropped_when_their_day_is_over(shop: Shop) -> None:
    """However many there are; one of today stays."""
    counted = "SELECT count(*) AS n FROM idempotency_keys"
    for _ in range(3):
        await shop.commit(priced(await shop.created()), binding=binding())
    await set_clock_offset(shop.engine, timedelta(hours=25))
    today, known = binding(), await shop.created()
    await shop.commit(priced(known), binding=today)
    assert await forget(shop.engine, limit=2) == 3
    row = await fetch_one(shop.engine, text(counted))
    assert row is not None
    assert row.n == 1
    assert await replay(shop, today) is not None


async def test_the_migration_drops_what_was_made_with_the_numbers_of_cards(
    shop: Shop, database_url: str
) -> None:
    """Fingerprints of the first release are gone with the day of their keys."""
    old, known = binding(), await shop.created()
    await shop.commit(priced(known), binding=old)
    await set_clock_offset(shop.engine, timedelta(hours=25))
    await downgrade(database_url, "20261129_14")
    await upgrade(database_url)
    row = await fetch_one(shop.engine, text("SELECT count(*) AS n FROM idempotency_keys"))
    assert row is not None
    assert row.n == 0
