"""Cancelling: at once, in flight, and with something held that must be given back."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.model.basket import BasketAnswer
from booking_flow.model.card import PaymentType
from booking_flow.model.session import Loaded, UnwindingReason
from booking_flow.supplier import CallContext
from tests.integration.engine.conftest import MakeShop
from tests.support.engine import ORIGIN, Guest, Shop, refused
from tests.support.waiting import kept_back

CANCELLED, BASKETED = State.CANCELLED, State.BASKETED


async def test_a_session_that_holds_nothing_ends_at_once(shop: Shop) -> None:
    guest = await shop.priced()
    session = (await guest.cancel("found cheaper")).session
    assert session.state is CANCELLED
    assert (await guest.history())[-1].reason == "a reason was given"
    assert session.details.cancel_reason == "found cheaper"
    assert (await guest.cancel()).session == session


async def test_a_held_cabin_is_given_back_before_the_session_ends(shop: Shop) -> None:
    guest = await shop.held()
    answer = await guest.cancel()
    session = answer.session
    assert answer.now > session.created_at
    assert session.state is CANCELLED
    assert session.supplier is None
    assert session.unwinding is None
    assert await shop.simulator.books() == (0, 0, 0)
    assert (await guest.kinds())[-2:] == ["unwinding", "cancel"]
    assert await guest.steps() == [("add_to_basket", "done"), ("release", "done")]


async def test_a_cabin_that_cannot_be_given_back_keeps_the_session_unwinding(
    make_shop: MakeShop,
) -> None:
    """No forward step begins meanwhile; the next look at the cancel tries again."""
    shop = await make_shop()
    guest = await shop.held()
    await shop.simulator.fault("basketremove", "timeout_before")
    session = (await guest.cancel()).session
    assert session.state is BASKETED
    assert session.unwinding is not None
    assert session.unwinding.reason is UnwindingReason.CANCEL
    assert (await refused(guest.book())).refusal.code is RefusalCode.WRONG_STATE
    await shop.pass_time(60)
    assert (await guest.cancel()).session.state is CANCELLED
    assert await shop.simulator.books() == (0, 0, 0)


async def test_a_cabin_the_supplier_did_not_let_go_stays_owed(shop: Shop) -> None:
    """Whatever the status: the item is still in its basket."""
    guest = await shop.held()
    await shop.simulator.fault("basketremove", "http_500")
    session = (await guest.cancel()).session
    assert session.unwinding is not None
    assert ("release", "owed") in await guest.steps()


def watch_removals(shop: Shop, *, lags: bool = False) -> list[tuple[str, str]]:
    """Note what the supplier is asked to remove; one that lags still shows it in its answer."""
    asked: list[tuple[str, str]] = []
    supplier = shop.supplier
    remove = supplier.remove_from_basket

    async def watched(
        session_key: str, item_key: str, currency: str, *, ctx: CallContext
    ) -> BasketAnswer:
        asked.append((item_key, currency))
        if lags:
            return await supplier.basket(session_key, currency, ctx=ctx)
        return await remove(session_key, item_key, currency, ctx=ctx)

    supplier.remove_from_basket = watched  # type: ignore[method-assign]
    return asked


@pytest.mark.parametrize("let_go", [Guest.release, Guest.cancel])
async def test_the_item_held_is_named_in_the_currency_it_was_held_in(
    shop: Shop, let_go: Callable[[Guest], Awaitable[Loaded]]
) -> None:
    guest = await shop.held()
    basket = (await guest.session()).basket
    assert basket is not None
    asked = watch_removals(shop)
    await let_go(guest)
    assert asked == [(basket.item_key, "USD")]


async def test_an_item_the_supplier_still_shows_after_removing_it_stays_owed(shop: Shop) -> None:
    guest = await shop.held()
    watch_removals(shop, lags=True)
    assert (await guest.cancel()).session.state is BASKETED
    assert ("release", "owed") in await guest.steps()


async def test_nothing_is_asked_once_the_time_to_ask_is_over(shop: Shop) -> None:
    """The process was frozen between taking the undo and sending it."""
    guest = await shop.held()
    asked = await shop.simulator.received("basketremove")
    shop.boottime.freeze_after_next_reading(3600)
    assert (await guest.cancel()).session.state is BASKETED
    assert await shop.simulator.received("basketremove") == asked
    assert ("release", "owed") in await guest.steps()


async def test_an_undo_that_another_has_taken_is_left_to_it(shop: Shop) -> None:
    guest = await shop.held()
    await shop.simulator.fault("basketremove", "http_500")
    await guest.cancel()
    await shop.pass_time(60)
    (undo,) = await shop.store.owed(guest.id)
    assert await shop.store.take_owed(undo.id, lease_seconds=60, origin=ORIGIN) is not None
    asked = await shop.simulator.received("basketremove")
    assert (await guest.cancel()).session.state is BASKETED
    assert await shop.simulator.received("basketremove") == asked


async def test_a_hold_that_lapses_while_it_is_undone_ends_the_session(shop: Shop) -> None:
    guest = await shop.held()
    await shop.simulator.fault("basketremove", "http_500")
    await guest.cancel()
    await shop.pass_time(20 * 60)
    assert (await guest.look()).session.state is CANCELLED


@pytest.mark.parametrize("kind", [None, PaymentType.DEPOSIT])
async def test_a_reservation_is_cancelled_by_people(shop: Shop, kind: PaymentType | None) -> None:
    guest = await shop.booked(kind)
    state = await guest.state()
    session = (await guest.cancel("ill")).session
    assert session.state is state
    assert session.unwinding is not None
    assert await guest.tasks() == ["cancel_with_line"]
    assert (await guest.cancel()).session == session
    assert (await shop.simulator.books())[1] == 1


async def test_what_ran_out_cannot_be_cancelled(shop: Shop) -> None:
    guest = await shop.opened()
    await shop.pass_time(2 * 3600 + 1)
    found = await refused(guest.cancel())
    assert found.refusal.code is RefusalCode.SESSION_EXPIRED
    assert found.session is not None
    assert found.session.state is State.EXPIRED


async def in_flight(guest: Guest, endpoint: str, asking: object) -> None:
    """Cancel while a call is under way, and let it end."""
    assert asyncio.iscoroutine(asking)
    with kept_back(endpoint):
        step = asyncio.create_task(asking)
        await guest.shop.simulator.has_received(endpoint)
        asked = (await guest.cancel("changed my mind")).session
        assert asked.cancel_requested_at is not None
        assert asked.open_step is not None
        assert (await guest.cancel()).session == asked
    await asyncio.gather(step, return_exceptions=True)


async def test_a_cancel_during_the_hold_gives_the_cabin_back(shop: Shop) -> None:
    guest = await shop.selected()
    await in_flight(guest, "basketadd", guest.hold())
    assert await guest.state() is CANCELLED
    assert await shop.simulator.books() == (0, 0, 0)
    assert "cancel_requested" in await guest.kinds()


async def test_a_cancel_during_the_booking_waits_for_the_reservation(shop: Shop) -> None:
    guest = await shop.held()
    await in_flight(guest, "book", guest.book(PaymentType.DEPOSIT))
    session = await guest.session()
    assert session.state is State.PAID
    assert session.unwinding is not None
    assert await guest.tasks() == ["cancel_with_line"]
    assert await shop.simulator.books() == (0, 1, 1)


async def test_a_cancel_during_the_release_ends_the_session(shop: Shop) -> None:
    guest = await shop.held()
    await in_flight(guest, "basketremove", guest.release())
    assert await guest.state() is CANCELLED
    assert await shop.simulator.books() == (0, 0, 0)
