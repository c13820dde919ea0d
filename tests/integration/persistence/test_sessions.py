"""A session comes back as it was written, with its history, and never in half."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from booking_flow.flow import State, Trigger
from booking_flow.model.change import PaymentRecord, begin
from booking_flow.model.history import EventKind, fold
from booking_flow.model.session import Unwinding, UnwindingReason
from booking_flow.model.step import StepName, StepStatus
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.ports import CommitResult
from persistence.attempts import steps
from persistence.clock import set_clock_offset
from persistence.histories import calls, find_by_booking, find_by_reference, history
from tests.support.changes import (
    BASKET,
    BOOKING,
    DETAILS,
    GUEST,
    MASK,
    NOW,
    QUOTE,
    SECRET,
    SELECTION,
    call,
    claimed,
    priced,
    session,
    settled,
    usd,
)
from tests.support.store import Shop, as_opened
from tests.support.waiting import PATIENCE


async def test_every_value_of_a_session_round_trips(shop: Shop) -> None:
    full = session(
        state=State.BASKETED,
        quote=QUOTE,
        selection=SELECTION,
        basket=replace(BASKET, recheck=True),
        details=DETAILS,
        cards_tried=2,
    )
    await shop.store.create(full, secret_hash=SECRET, origin=GUEST, binding=None, calls=())
    unwinding = Unwinding(since=NOW, reason=UnwindingReason.CANCEL)
    change = begin(full).put(unwinding=unwinding, cancel_requested_at=NOW, supplier=None)
    await shop.write(change.record(EventKind.UNWINDING))
    assert await shop.load(full) == replace(change.after, version=1)


async def test_a_booked_session_round_trips_with_a_payment_in_another_currency(shop: Shop) -> None:
    paid = replace(BOOKING, paid=replace(BOOKING.paid, currency="EUR"))
    written = await shop.booked(booking=paid)
    assert await shop.load(written) == written


async def test_an_open_step_comes_back_with_the_session(shop: Shop) -> None:
    """Its `since` is the commit's time, which the claiming process could only guess."""
    change = claimed(await shop.selected(), StepName.ADD_TO_BASKET)
    committed = await shop.commit(change)
    step = (await shop.load(change.after)).open_step
    assert step is not None
    assert change.after.open_step is not None
    assert step == replace(change.after.open_step, since=committed.now)
    assert committed.fence == step.fence == 1


async def test_a_quote_that_is_dropped_is_gone(shop: Shop) -> None:
    before = await shop.write(priced(await shop.created()))
    change = begin(before).put(quote=None).record(EventKind.NOTE)
    assert (await shop.load(await shop.write(change))).quote is None


async def test_nobody_loads_what_is_not_there(shop: Shop) -> None:
    assert await shop.store.load(uuid4()) is None


async def test_a_guest_loads_with_the_secret_only(shop: Shop) -> None:
    known = await shop.created()
    assert await shop.store.load_for_guest(known.id, SECRET) is not None
    assert await shop.store.load_for_guest(known.id, b"x" * 32) is None
    assert await shop.store.load_for_guest(uuid4(), SECRET) is None


async def test_a_reference_that_is_taken_makes_no_session(shop: Shop) -> None:
    known = await shop.created()
    other = session(reference=known.reference)
    result = await shop.store.create(
        other, secret_hash=SECRET, origin=GUEST, binding=None, calls=()
    )
    assert result is CommitResult.LOST
    assert await shop.store.load(other.id) is None
    assert await find_by_reference(shop.engine, f" {known.reference.lower()} ") == known.id


async def test_the_history_folds_to_the_state_and_counts_to_the_version(shop: Shop) -> None:
    booked = await shop.booked()
    entries = await history(shop.engine, booked.id)
    assert [entry.seq for entry in entries] == list(range(booked.version + 1))
    assert fold(entry.event for entry in entries) is State.BOOKED
    assert entries[0].event.kind is EventKind.CREATED
    assert {entry.origin for entry in entries} == {GUEST}
    assert entries == sorted(entries, key=lambda entry: entry.at)


async def test_the_history_is_read_on_from_where_a_stream_stopped(shop: Shop) -> None:
    booked = await shop.booked()
    rest = await history(shop.engine, booked.id, after_seq=booked.version - 1)
    assert [entry.seq for entry in rest] == [booked.version]
    assert [entry.event.trigger for entry in rest] == [Trigger.BOOK]


async def test_evidence_is_kept_with_a_change_without_one_and_never_twice(shop: Shop) -> None:
    """A settlement that is tried again brings the same calls again."""
    known = await shop.created()
    first, second = call(), call(sent_at_offset=3.0, duration=1.0, response=None, step_id=uuid4())
    committed = await shop.commit(priced(known), calls=[first, second])
    await shop.store.record_calls(known.id, [first, second])
    await shop.store.record_calls(known.id, [])
    entries = await calls(shop.engine, known.id)
    assert [entry.call for entry in entries] == [first, second]
    assert entries[0].at == committed.now - timedelta(seconds=3.5)


async def test_tasks_and_payments_are_written_with_the_change(shop: Shop) -> None:
    booked = await shop.booked()
    task = StaffTask(
        id=uuid4(),
        kind=TaskKind.REFUND,
        step_id=None,
        due_at=NOW + timedelta(hours=4),
        not_before=None,
        facts={"reservation": "F9WZ03"},
    )
    payment = PaymentRecord(amount=usd("500"), auth_code="A1", card=MASK, step_id=uuid4())
    change = begin(booked).record(EventKind.NOTE).plus(tasks=(task,), payments=(payment,))
    await shop.write(change)
    assert [as_opened(each) for each in await shop.tasks_of(booked)] == [task]
    paid = await shop.rows("SELECT amount, card_last4, auth_code FROM booking_payments")
    assert [tuple(row) for row in paid] == [(payment.amount.amount, "1111", "A1")]


async def test_staff_find_a_booking_by_either_of_its_numbers(shop: Shop) -> None:
    booked = await shop.booked()
    for number in ("F9WZ03", "777"):
        assert await find_by_booking(shop.engine, number) == [booked.id]
    assert await find_by_booking(shop.engine, "778") == []


async def test_attempts_show_intent_and_evidence(shop: Shop) -> None:
    hold, book = await steps(shop.engine, (await shop.booked()).id)
    assert (hold.attempt.name, book.attempt.name) == (StepName.ADD_TO_BASKET, StepName.BOOK)
    assert hold.attempt.status is StepStatus.DONE
    assert hold.intent == {"cabin": "8001"}
    assert hold.evidence == {"itemKey": "item-1"}
    assert hold.owner == "worker-1"
    assert hold.lease_until is None


async def test_the_clock_of_deadlines_can_be_moved(shop: Shop) -> None:
    before = await shop.store.now()
    await set_clock_offset(shop.engine, timedelta(hours=3))
    moved = await shop.store.now() - before
    assert timedelta(hours=3) <= moved < timedelta(hours=3, minutes=1)


async def test_a_commit_wakes_those_who_watch(shop: Shop, database_url: str) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(database_url)
    await listener.add_listener("booking_session", lambda *said: heard.put_nowait(said[-1]))
    known = await shop.created()
    assert await asyncio.wait_for(heard.get(), PATIENCE) == f"{known.id}:0"
    await shop.write(priced(known))
    await shop.commit(priced(known))
    assert await asyncio.wait_for(heard.get(), PATIENCE) == f"{known.id}:1"
    await shop.store.close()
    await listener.close()
    assert heard.empty()


@pytest.mark.parametrize("field", ["sailing", "party", "currency", "reference"])
async def test_what_a_session_was_born_with_never_changes(shop: Shop, field: str) -> None:
    known = await shop.created()
    other = session(currency="EUR", party=replace(known.party, adults=1))
    other = replace(other, sailing=replace(known.sailing, nights=8))
    change = begin(known).put(**{field: getattr(other, field)}).record(EventKind.NOTE)
    with pytest.raises(ValueError, match=field):
        await shop.commit(change)


async def test_a_booking_is_never_dropped(shop: Shop) -> None:
    change = begin(await shop.booked()).put(booking=None).record(EventKind.NOTE)
    with pytest.raises(ValueError, match="booking"):
        await shop.commit(change)


async def test_a_settled_session_needs_no_step(shop: Shop) -> None:
    open_now = await shop.write(claimed(await shop.selected(), StepName.ADD_TO_BASKET))
    assert (await shop.load(await shop.write(settled(open_now)))).open_step is None
