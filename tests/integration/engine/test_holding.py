"""Choosing and holding a cabin, and letting it go: the supplier's ledger is the judge."""

import asyncio
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from booking_flow.engine import OVERTAKEN, AlreadyBound
from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.model.basket import BasketAnswer
from booking_flow.model.change import Change
from booking_flow.model.pricing import Cabin, Selection
from booking_flow.model.step import StepName, StepStatus
from booking_flow.ports import Committed
from booking_flow.steps.cabin_choice import rate_key
from booking_flow.supplier import CallContext, RateKey
from booking_flow.unit_of_work import GLANCES
from tests.integration.engine.conftest import MakeShop
from tests.support.engine import Guest, Shop, a_command, bound, refused

BASKETED, SELECTED = State.BASKETED, State.CABIN_SELECTED


async def test_a_cabin_is_chosen_without_holding_it(shop: Shop) -> None:
    guest = await shop.selected()
    session = await guest.session()
    assert session.state is SELECTED
    assert session.selection is not None
    assert session.selection.items
    assert await shop.simulator.books() == (0, 0, 0)
    assert await guest.kinds() == ["created", "price", "select_cabin"]
    assert (await guest.hold()).session.state is BASKETED
    assert (await guest.session()).selection is not None
    assert await shop.simulator.books() == (1, 0, 0)


async def test_a_cabin_is_held_in_the_sessions_currency(shop: Shop) -> None:
    guest, currencies = await shop.selected(), []
    supplier = shop.supplier
    add = supplier.add_to_basket

    async def watched(
        session_key: str, selection: Selection, currency: str, *, ctx: CallContext
    ) -> BasketAnswer:
        currencies.append(currency)
        return await add(session_key, selection, currency, ctx=ctx)

    supplier.add_to_basket = watched  # type: ignore[method-assign]
    await guest.hold()
    assert currencies == ["USD"]


async def a_numbered_cabin(guest: Guest) -> tuple[RateKey, Cabin]:
    """Return the first cabin with a number, and the rate it is for."""
    quote = (await guest.session()).quote
    assert quote is not None
    for grade in quote.grades:
        rate = rate_key(grade.rates[0])
        for cabin in (await guest.cabins(rate)).cabins:
            if not cabin.guaranteed:
                return rate, cabin
    raise AssertionError("there are only guarantees")


async def test_the_chosen_cabin_is_the_one_held(shop: Shop) -> None:
    guest = await shop.priced()
    rate, cabin = await a_numbered_cabin(guest)
    await guest.select(
        result_no=rate.result_no,
        grade_no=rate.grade_no,
        rate_code=rate.rate_code,
        cabin_number=cabin.cabin_number,
    )
    (hold,) = (await shop.simulator.ledger())["holds"]
    assert hold["cabinNumber"] == cabin.cabin_number
    chosen = (await guest.session()).selection
    assert chosen is not None
    assert chosen.cabin_number == cabin.cabin_number
    assert chosen.deck == cabin.deck_name


async def test_a_hold_keeps_the_items_of_the_choice(shop: Shop) -> None:
    guest = await shop.selected()
    chosen = (await guest.session()).selection
    await guest.hold()
    held = (await guest.session()).selection
    assert chosen is not None
    assert held is not None
    assert held.items == chosen.items
    assert held.result_no != chosen.result_no


async def test_a_held_cabin_chosen_or_held_again_is_the_answer(shop: Shop) -> None:
    """No call is made for it."""
    guest = await shop.held()
    before = await guest.session()
    asked = await shop.simulator.received_all()
    assert (await guest.select()).session == before
    assert (await guest.hold()).session == before
    assert await shop.simulator.received_all() == asked


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"cabin_number": "0"}, RefusalCode.CABIN_GONE),
        ({"expected_price": Decimal(1)}, RefusalCode.PRICE_CHANGED),
        ({"result_no": "old"}, RefusalCode.SELECTION_STALE),
        (
            {"cabin_code": "ZZ", "expected_price": Decimal(1)},
            RefusalCode.RATE_GONE,
        ),
    ],
)
async def test_a_choice_that_cannot_be_had_changes_nothing(
    shop: Shop, fields: dict[str, Any], code: RefusalCode
) -> None:
    guest = await shop.priced()
    before = await guest.session()
    found = await refused(guest.select(**fields))
    assert found.refusal.code is code
    assert found.session == before == await guest.session()


async def test_another_cabin_than_the_held_one_is_refused(shop: Shop) -> None:
    guest = await shop.held()
    found = await refused(guest.select(cabin_number="1"))
    assert found.refusal.code is RefusalCode.ALREADY_BASKETED
    assert await shop.simulator.books() == (1, 0, 0)


async def test_nothing_is_chosen_or_held_before_its_time(shop: Shop) -> None:
    guest = await shop.priced()
    assert (await refused(guest.hold())).refusal.code is RefusalCode.WRONG_STATE
    await guest.cancel()
    assert (await refused(guest.select())).refusal.code is RefusalCode.WRONG_STATE


async def test_a_session_that_ran_out_chooses_and_holds_nothing(shop: Shop) -> None:
    guest = await shop.selected()
    await shop.pass_time(2 * 3600 + 1)
    for asking in (guest.hold(), guest.select()):
        assert (await refused(asking)).refusal.code is RefusalCode.SESSION_EXPIRED


@pytest.mark.parametrize("times", [1, 2])
async def test_a_choice_gone_stale_is_refreshed_within_the_hold(shop: Shop, times: int) -> None:
    """The guest sees nothing of it, and one cabin is held."""
    guest = await shop.priced()
    await shop.simulator.fault("basketadd", "stale_resultno", times=times)
    priced = await shop.simulator.received("cruisecabingrades")
    assert (await guest.select()).session.state is BASKETED
    assert await shop.simulator.received("basketadd") == times + 1
    assert await shop.simulator.received("cruisecabingrades") == priced + 1 + times
    assert await shop.simulator.books() == (1, 0, 0)


async def test_a_choice_in_a_session_that_is_over_is_made_in_a_new_one(shop: Shop) -> None:
    """The search that opens it is kept as evidence like every other call."""
    guest = await shop.priced()
    await shop.simulator.fault("cruisecabingrades", "session_expired")
    assert (await guest.select()).session.state is BASKETED
    assert (await guest.calls()).count("cruiseresults") == 2


async def test_a_choice_that_stays_stale_is_refused(shop: Shop) -> None:
    guest = await shop.priced()
    await shop.simulator.fault("basketadd", "stale_resultno", times=9)
    found = await refused(guest.select())
    assert found.refusal.code is RefusalCode.SELECTION_STALE
    assert found.session is not None
    assert found.session.state is SELECTED
    assert await shop.simulator.received("basketadd") == 3
    assert await guest.steps() == [("add_to_basket", "refused")]


async def test_a_choice_overtaken_by_other_readers_is_looked_for_again(shop: Shop) -> None:
    """Whoever reads prices makes the identifiers of everybody else stale."""
    guest = await shop.priced()
    await shop.simulator.fault("cruisecabins", "stale_resultno", times=OVERTAKEN - 1)
    assert (await guest.select()).session.state is BASKETED
    assert await shop.simulator.received("cruisecabins") == OVERTAKEN
    assert shop.pause.waits == list(range(1, GLANCES + 1)) * (OVERTAKEN - 1)


async def test_a_choice_that_is_always_overtaken_is_refused(shop: Shop) -> None:
    guest = await shop.priced()
    before = await guest.session()
    await shop.simulator.fault("cruisecabins", "stale_resultno", times=9)
    found = await refused(guest.select())
    assert found.refusal.code is RefusalCode.SELECTION_STALE
    assert found.refusal.detail == "Prices keep changing. Please choose again."
    assert found.session == before == await guest.session()
    assert await shop.simulator.received("cruisecabins") == OVERTAKEN


async def test_a_choice_that_cannot_be_read_is_refused_at_once(shop: Shop) -> None:
    guest = await shop.priced()
    await shop.simulator.fault("cruisecabins", "http_404")
    found = await refused(guest.select())
    assert found.refusal.code is RefusalCode.SUPPLIER_MISCONFIGURED
    assert await shop.simulator.received("cruisecabins") == 1


async def test_a_choice_that_a_twin_makes_meanwhile_holds_one_cabin(make_shop: MakeShop) -> None:
    """The guest pressed twice: the second is told of the first, never that it failed."""
    one, other = await make_shop(), await make_shop()
    guest = await one.priced()
    choice = await guest.choice()
    await one.simulator.fault("cruisecabins", "stale_resultno")
    late = asyncio.create_task(
        other.engine.select_cabin(
            await guest.loaded(), choice=choice, add_to_basket=True, command=a_command()
        )
    )
    await other.pause.begun.wait()
    await guest.select()
    assert await ended([late]) in (["answered"], ["in_progress"])
    assert await guest.state() is BASKETED
    assert await one.simulator.books() == (1, 0, 0)


async def held_just_before_the_choice_is_entered(
    shop: Shop, guest: Guest, monkeypatch: pytest.MonkeyPatch, **chosen: Any
) -> None:
    """Let a twin hold a cabin once this process has found the choice and is about to commit it."""
    commit = shop.store.commit

    async def overtaken(change: Change, **more: Any) -> Committed:
        monkeypatch.setattr(shop.store, "commit", commit)
        await guest.select(**chosen)
        return await commit(change, **more)

    monkeypatch.setattr(shop.store, "commit", overtaken)


async def test_a_cabin_that_a_twin_holds_before_the_choice_is_entered_is_the_answer(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await make_shop(), await make_shop()
    guest = await one.priced()
    await held_just_before_the_choice_is_entered(other, guest, monkeypatch)
    answer = await guest.at(other).select()
    assert answer.session.state is BASKETED
    assert answer.session == await guest.session()
    assert await one.simulator.books() == (1, 0, 0)


async def test_another_cabin_that_a_twin_holds_before_the_choice_is_entered_refuses_it(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await make_shop(), await make_shop()
    guest = await one.priced()
    rate, cabin = await a_numbered_cabin(guest)
    await held_just_before_the_choice_is_entered(
        other, guest, monkeypatch, **asdict(rate), cabin_number=cabin.cabin_number
    )
    found = await refused(guest.at(other).select())
    assert found.refusal.code is RefusalCode.ALREADY_BASKETED
    assert await one.simulator.books() == (1, 0, 0)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("unpriced_basket", RefusalCode.BASKET_UNPRICED),
        ("price_differs", RefusalCode.PRICE_CHANGED),
        ("other_currency", RefusalCode.SUPPLIER_ERROR),
        ("sold_out", RefusalCode.SOLD_OUT),
    ],
)
async def test_a_hold_that_failed_leaves_no_cabin_held(
    shop: Shop, fault: str, code: RefusalCode
) -> None:
    """What was held at another price is given back at once."""
    guest = await shop.priced()
    await shop.simulator.fault("basketadd", fault)
    found = await refused(guest.select())
    assert found.refusal.code is code
    assert found.session == await guest.session()
    assert await guest.state() is SELECTED
    assert await shop.simulator.books() == (0, 0, 0)
    assert ("add_to_basket", "refused") in await guest.steps()
    assert ("release", "owed") not in await guest.steps()


async def test_a_supplier_session_that_is_over_is_opened_anew_for_the_next_hold(
    shop: Shop,
) -> None:
    guest = await shop.selected()
    await shop.simulator.fault("basketadd", "session_expired")
    found = await refused(guest.hold())
    assert found.refusal.code is RefusalCode.SELECTION_STALE
    assert (await guest.session()).supplier is None
    assert (await guest.hold()).session.state is BASKETED
    assert "note" in await guest.kinds()
    assert await shop.simulator.received("cruiseresults") == 2


async def test_a_supplier_session_that_cannot_be_opened_claims_nothing(shop: Shop) -> None:
    guest = await shop.selected()
    await shop.simulator.fault("basketadd", "session_expired")
    await refused(guest.hold())
    steps = await guest.steps()
    await shop.simulator.fault("cruiseresults", "http_404")
    found = await refused(guest.hold())
    assert found.refusal.code is RefusalCode.SUPPLIER_MISCONFIGURED
    assert await guest.steps() == steps


@pytest.mark.parametrize("fault", ["timeout_after", "timeout_before", "reset", "http_500_after"])
async def test_a_hold_nobody_knows_of_stays_open(make_shop: MakeShop, fault: str) -> None:
    """It is sent once, and no other step may begin."""
    shop = await make_shop()
    guest = await shop.priced()
    await shop.simulator.fault("basketadd", fault)
    session = (await guest.select()).session
    assert session.open_step is not None
    assert session.open_step.name is StepName.ADD_TO_BASKET
    assert session.open_step.status is StepStatus.UNKNOWN
    assert await shop.simulator.received("basketadd") == 1
    for asking in (guest.hold(), guest.select(), guest.cabins()):
        assert (await refused(asking)).refusal.code is RefusalCode.IN_PROGRESS


async def test_a_hold_that_shows_no_item_stays_open(shop: Shop) -> None:
    guest = await shop.priced()
    await shop.simulator.fault("basketadd", "empty_basket")
    assert (await guest.select()).session.open_step is not None


@pytest.mark.parametrize("endpoint", ["cruisecabingrades", "cruisecabins"])
async def test_a_read_that_fails_before_the_hold_is_not_a_hold(
    make_shop: MakeShop, endpoint: str
) -> None:
    """Nothing was asked of the supplier that could be unknown."""
    shop = await make_shop()
    guest = await shop.selected()
    await shop.simulator.fault(endpoint, "timeout_before", times=9)
    found = await refused(guest.hold())
    assert found.refusal.code is RefusalCode.SUPPLIER_TIMEOUT
    assert (await guest.session()).open_step is None
    assert await shop.simulator.received("basketadd") == 0
    rows = await shop.rows("SELECT status, sent FROM saga_steps")
    assert [(row.status, row.sent) for row in rows] == [("refused", False)]


async def test_a_supplier_session_found_over_before_the_hold_is_opened_anew(shop: Shop) -> None:
    guest = await shop.selected()
    await shop.simulator.fault("cruisecabingrades", "session_expired")
    found = await refused(guest.hold())
    assert found.refusal.code is RefusalCode.SELECTION_STALE
    assert (await guest.session()).supplier is None
    assert await shop.simulator.received("basketadd") == 0
    assert (await guest.hold()).session.state is BASKETED


async def test_a_hold_without_a_length_lasts_as_long_as_the_policy_says(
    make_shop: MakeShop,
) -> None:
    shop = await make_shop(hold_default=timedelta(minutes=3), hold_margin=timedelta(seconds=5))
    guest = await shop.priced()
    await shop.simulator.fault("basketadd", "hold_missing")
    answer = await guest.select()
    assert answer.session.basket is not None
    lasts = answer.session.basket.hold_until - answer.now
    assert timedelta(minutes=2) < lasts < timedelta(minutes=3)


async def test_a_released_cabin_is_free_again(shop: Shop) -> None:
    guest = await shop.held()
    session = (await guest.release()).session
    assert session.state is SELECTED
    assert session.basket is None
    assert session.supplier is not None
    assert await shop.simulator.books() == (0, 0, 0)
    assert (await guest.steps())[-1] == ("release", "done")
    assert (await refused(guest.release())).refusal.code is RefusalCode.WRONG_STATE
    assert (await guest.hold()).session.state is BASKETED


async def test_a_release_nobody_knows_of_lets_the_guest_go_on(make_shop: MakeShop) -> None:
    """It is tried once more at once, as an owed undo, and stays owed if that fails too."""
    shop = await make_shop()
    guest = await shop.held()
    await shop.simulator.fault("basketremove", "timeout_before", times=2)
    session = (await guest.release()).session
    assert session.state is SELECTED
    assert session.supplier is None
    steps = await guest.steps()
    assert ("release", "refused") in steps
    assert ("release", "owed") in steps
    assert await shop.simulator.received("basketremove") == 2
    assert (await guest.hold()).session.state is BASKETED
    assert await shop.simulator.received("cruiseresults") == 2


async def test_an_owed_release_is_paid_back_at_once_where_it_can_be(make_shop: MakeShop) -> None:
    shop = await make_shop()
    guest = await shop.held()
    await shop.simulator.fault("basketremove", "timeout_before")
    await guest.release()
    assert await shop.simulator.books() == (0, 0, 0)
    assert ("release", "owed") not in await guest.steps()


async def ended(asking: list[Any]) -> list[str]:
    """Return how each of several calls at once ended, sorted."""
    found = await asyncio.gather(*asking, return_exceptions=True)
    return sorted(
        str(one) or type(one).__name__ if isinstance(one, Exception) else "answered"
        for one in found
    )


@pytest.mark.parametrize("rivals", [2, 4])
async def test_the_same_choice_at_many_processes_holds_one_cabin(
    make_shop: MakeShop, rivals: int
) -> None:
    shops = [await make_shop() for _ in range(rivals)]
    guest = await shops[0].priced()
    command = bound("k")
    loaded, choice = await guest.loaded(), await guest.choice()
    asking = [
        shop.engine.select_cabin(loaded, choice=choice, add_to_basket=True, command=command)
        for shop in shops
    ]
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert any(not isinstance(one, BaseException) for one in found)
    assert await shops[0].simulator.books() == (1, 0, 0)
    assert (await guest.steps()).count(("add_to_basket", "done")) == 1
    assert await guest.state() is BASKETED


async def test_the_same_hold_at_two_processes_holds_one_cabin(make_shop: MakeShop) -> None:
    one, other = await make_shop(), await make_shop()
    guest = await one.selected()
    loaded = await guest.loaded()
    found = await ended(
        [shop.engine.add_to_basket(loaded, command=a_command()) for shop in (one, other)]
    )
    assert found in (["answered", "in_progress"], ["answered", "wrong_state"], ["answered"] * 2)
    assert await one.simulator.books() == (1, 0, 0)
    assert await one.simulator.received("basketadd") == 1


async def test_a_key_is_bound_to_one_hold(shop: Shop) -> None:
    guest = await shop.selected()
    command = bound("k")
    await guest.hold(command)
    replay = await guest.replay(command)
    assert replay is not None
    assert replay.step is not None
    assert replay.step.status is StepStatus.DONE
    await guest.release()
    with pytest.raises(AlreadyBound):
        await guest.hold(command)
    assert await shop.simulator.books() == (0, 0, 0)


async def test_a_key_of_a_choice_with_a_hold_is_bound_to_the_hold(shop: Shop) -> None:
    guest = await shop.priced()
    command = bound("k")
    await guest.select(command=command)
    replay = await guest.replay(command)
    assert replay is not None
    assert replay.step is not None
    assert replay.step.name is StepName.ADD_TO_BASKET


async def test_a_key_of_a_choice_alone_is_bound_to_the_choice(shop: Shop) -> None:
    guest = await shop.priced()
    command = bound("k")
    await guest.select(add_to_basket=False, command=command)
    replay = await guest.replay(command)
    assert replay is not None
    assert replay.step is None


async def test_a_cabin_the_supplier_does_not_have_any_more_is_let_go(shop: Shop) -> None:
    """To hear that there was nothing to let go is as good."""
    guest = await shop.held()
    session = await guest.session()
    assert session.supplier is not None
    assert session.basket is not None
    ctx = CallContext(started=shop.boottime())
    await shop.supplier.remove_from_basket(
        session.supplier.key, session.basket.item_key, "USD", ctx=ctx
    )
    await guest.cancel()
    assert await guest.state() is State.CANCELLED


async def test_a_hold_that_lapsed_is_held_anew_in_a_session_of_its_own(shop: Shop) -> None:
    guest: Guest = await shop.held()
    await shop.pass_time(15 * 60)
    session = (await guest.hold()).session
    assert session.state is BASKETED
    assert await shop.simulator.received("cruiseresults") == 2
    assert await guest.kinds() == [
        "created",
        "price",
        "select_cabin",
        "step_claimed",
        "step_settled",
        "add_to_basket",
        "release_basket",
        "note",
        "step_claimed",
        "step_settled",
        "add_to_basket",
    ]
