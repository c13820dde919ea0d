"""How far sessions came is kept by the database, and counts agree with what is stored."""

from datetime import UTC, datetime, timedelta

import pytest

from booking_flow.flow import State, Trigger
from booking_flow.model.change import begin
from booking_flow.model.session import Session
from booking_flow.model.step import StepName, StepStatus
from persistence.clock import set_clock_offset
from persistence.overview import calls, cohort, open_steps, standing, sum_up
from tests.support.changes import call, claimed, settled
from tests.support.store import Shop

SINCE, UNTIL = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


async def furthest(shop: Shop, session: Session) -> str:
    (row,) = await shop.rows("SELECT furthest FROM booking_sessions WHERE id = :id", id=session.id)
    found: str = row.furthest
    return found


async def test_a_step_back_or_an_end_does_not_change_how_far_a_session_came(shop: Shop) -> None:
    held = await shop.basketed()
    assert await furthest(shop, held) == "basketed"
    chosen = await shop.write(begin(held).move(Trigger.RELEASE_BASKET))
    over = await shop.write(begin(chosen).move(Trigger.EXPIRE))
    assert (over.state, await furthest(shop, over)) == (State.EXPIRED, "basketed")


async def test_who_stands_where_and_since_when(shop: Shop) -> None:
    first, _ = await shop.created(), await shop.created()
    held = await shop.basketed()
    found = {each.state: each.crowd for each in await standing(shop.engine)}
    assert {state: crowd.number for state, crowd in found.items()} == {
        State.CREATED: 2,
        State.BASKETED: 1,
    }
    assert found[State.BASKETED].first == held.id
    assert found[State.CREATED].since == first.created_at


async def test_open_and_owed_steps_are_counted_by_what_is_known_of_them(shop: Shop) -> None:
    doubtful = await shop.booking()
    await shop.write(settled(doubtful, StepStatus.UNKNOWN))
    asked = await shop.write(claimed(await shop.selected(), StepName.ADD_TO_BASKET))
    found = {(each.step, each.status): each.crowd for each in await open_steps(shop.engine)}
    assert set(found) == {
        (StepName.BOOK, StepStatus.UNKNOWN),
        (StepName.ADD_TO_BASKET, StepStatus.STARTED),
    }
    assert found[StepName.ADD_TO_BASKET, StepStatus.STARTED].first == asked.id


async def test_a_cohort_tells_how_far_they_came_and_where_they_are(shop: Shop) -> None:
    await shop.created()
    await shop.write(begin(await shop.basketed()).move(Trigger.CANCEL))
    found = {
        (each.furthest, each.state): each.number for each in await cohort(shop.engine, SINCE, UNTIL)
    }
    assert found == {
        (State.CREATED, State.CREATED): 1,
        (State.BASKETED, State.CANCELLED): 1,
    }
    assert await cohort(shop.engine, UNTIL, UNTIL + timedelta(days=1)) == []


async def test_calls_are_counted_by_endpoint_outcome_and_length(shop: Shop) -> None:
    known = await shop.created()
    sent = [call(duration=seconds) for seconds in (0.1, 0.1, 4.0)]
    await shop.store.record_calls(known.id, [*sent, call(outcome="timeout", duration=30.0)])
    found = await calls(shop.engine, SINCE, UNTIL)
    assert sorted((each.outcome, each.number, each.slowest) for each in found) == [
        ("ok", 1, 4.0),
        ("ok", 2, 0.1),
        ("timeout", 1, 30.0),
    ]
    assert all(each.seconds == pytest.approx(each.slowest, rel=0.06) for each in found)


async def test_hours_that_are_over_are_summed_up_once_and_count_the_same(shop: Shop) -> None:
    known = await shop.created()
    sent = [call(duration=0.2 * number) for number in range(1, 9)]
    await shop.store.record_calls(known.id, [*sent, call(outcome="broken", duration=9.0)])
    before = await calls(shop.engine, SINCE, UNTIL)
    await set_clock_offset(shop.engine, timedelta(hours=5))
    for _ in range(2):
        await sum_up(shop.engine)
    (summed,) = await shop.rows("SELECT sum(number) AS number FROM supplier_call_sums")
    assert summed.number == 9
    after = await calls(shop.engine, SINCE, UNTIL)
    assert sorted(map(str, after)) == sorted(map(str, before))


async def test_an_hour_that_is_cut_by_the_window_is_counted_call_by_call(shop: Shop) -> None:
    known = await shop.created()
    await shop.store.record_calls(known.id, [call()])
    (row,) = await shop.rows("SELECT at FROM supplier_calls")
    await set_clock_offset(shop.engine, timedelta(hours=5))
    await sum_up(shop.engine)
    moment = timedelta(milliseconds=1)
    for since, number in ((row.at, 1), (row.at + moment, 0)):
        assert len(await calls(shop.engine, since, UNTIL)) == number
