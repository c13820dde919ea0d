"""What must never be is refused by the database itself, whoever asks."""

from dataclasses import replace

import asyncpg
import pytest
from sqlalchemy import text

from booking_flow.flow import Trigger
from booking_flow.model.change import begin
from booking_flow.model.history import EventKind
from booking_flow.model.step import StepStatus
from booking_flow.ports import CommitResult
from persistence.database import transaction
from tests.support.changes import BOOKING, settled, usd
from tests.support.store import Shop

IMPOSSIBLE = [
    "UPDATE booking_sessions SET state = 'flown'",
    "UPDATE booking_sessions SET state = 'basketed', basket = NULL, hold_until = NULL",
    "UPDATE booking_sessions SET total = -1",
    "UPDATE booking_sessions SET currency = 'US'",
    "UPDATE booking_sessions SET currency = 'usd'",
    "UPDATE booking_sessions SET open_step_kind = 'forward'",
    "UPDATE booking_sessions SET unwinding_since = now()",
    "UPDATE booking_sessions SET open_step = id, open_step_kind = 'forward',"
    " unwinding_since = now(), unwinding_reason = 'cancel'",
    "UPDATE booking_sessions SET secret_hash = '\\x00'",
    "UPDATE booking_sessions SET total = 12345678901.00",
    "UPDATE saga_steps SET status = 'lost'",
    "UPDATE saga_steps SET status = 'owed'",
    "UPDATE saga_steps SET status = 'started'",
    "UPDATE saga_steps SET name = 'price'",
    "UPDATE bookings SET paid = -1",
    "UPDATE bookings SET reservation = ''",
    "UPDATE bookings SET reservation = 'OTHER'",
    "UPDATE bookings SET card_last4 = '4111111111111111'",
    "INSERT INTO session_history (session_id, seq, at, kind, from_state, to_state, actor_kind,"
    " details) SELECT id, 99, now(), 'note', 'priced', 'paid', 'staff', '{}'"
    " FROM booking_sessions",
    "INSERT INTO clock_offset (singleton, ahead_by) VALUES (false, interval '0')",
]


@pytest.mark.parametrize(
    "rewriting",
    [
        "UPDATE session_history SET reason = 'other'",
        "DELETE FROM session_history",
        "TRUNCATE session_history",
        "DELETE FROM session_history WHERE false",
    ],
)
async def test_history_is_never_rewritten(shop: Shop, rewriting: str) -> None:
    await shop.created()
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await shop.run(rewriting)


@pytest.mark.parametrize("field", ["reservation", "supplier_booking_id"])
async def test_one_reservation_never_serves_two_sessions(shop: Shop, field: str) -> None:
    await shop.booked()
    other = replace(BOOKING, reservation="OTHER", supplier_booking_id="778")
    same = replace(other, **{field: getattr(BOOKING, field)})
    open_now = await shop.booking()
    change = settled(open_now).move(Trigger.BOOK)
    assert (await shop.commit(change.put(booking=same))).result is CommitResult.REJECTED
    assert (await shop.load(open_now)).version == open_now.version
    assert (await shop.commit(change.put(booking=other))).result is CommitResult.DONE


async def test_a_rejected_settlement_can_be_replaced_by_an_unknown_one(shop: Shop) -> None:
    await shop.booked()
    open_now = await shop.booking()
    change = settled(open_now).move(Trigger.BOOK).put(booking=BOOKING)
    assert (await shop.commit(change)).result is CommitResult.REJECTED
    assert (await shop.commit(settled(open_now, StepStatus.UNKNOWN))).result is CommitResult.DONE


async def test_a_session_never_has_a_second_reservation(shop: Shop) -> None:
    booked = await shop.booked()
    another = replace(BOOKING, reservation="SECOND")
    change = begin(booked).put(booking=another).record(EventKind.NOTE)
    assert (await shop.commit(change)).result is CommitResult.REJECTED
    assert (await shop.load(booked)).booking == BOOKING


async def test_money_paid_later_is_recorded_on_the_booking(shop: Shop) -> None:
    booked = await shop.booked()
    paid = replace(BOOKING, paid=usd("3006.56"), status="Paid", card=None)
    after = await shop.write(begin(booked).put(booking=paid).record(EventKind.NOTE))
    assert (await shop.load(after)).booking == paid


async def test_impossible_rows_are_refused(shop: Shop) -> None:
    await shop.booked()
    for impossible in IMPOSSIBLE:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await shop.run(impossible)
        state = str(refused.value.sqlstate)
        assert state.startswith(("22", "23")), impossible


async def test_a_transaction_that_fails_leaves_nothing_behind(shop: Shop) -> None:
    """Connections are returned without a reset, so the block has to roll back itself."""
    known = await shop.created()

    async def fail_halfway() -> None:
        async with transaction(shop.engine) as connection:
            await connection.execute(text("UPDATE booking_sessions SET cards_tried = 9"))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        await fail_halfway()
    for _ in range(8):
        assert (await shop.load(known)).cards_tried == 0
