"""Prices, cabins and breakdowns: read within a supplier session that may be over at any time."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.model.card import PaymentType
from booking_flow.model.session import Loaded
from tests.integration.engine.conftest import MakeShop
from tests.support.builders import a_contact, a_session
from tests.support.engine import Guest, Shop, a_command, refused


async def test_prices_are_dated_by_the_database(shop: Shop) -> None:
    guest = await shop.opened()
    loaded = await guest.loaded()
    answer = await shop.engine.price(loaded, command=a_command())
    quote = answer.session.quote
    assert quote is not None
    assert quote.as_of == loaded.now
    assert quote.grades
    assert answer.session == await guest.session()
    assert await guest.kinds() == ["created", "price"]
    assert (await guest.calls()).count("cruisecabingrades") == 1


async def test_prices_of_a_held_cabin_are_those_stored(shop: Shop) -> None:
    guest = await shop.held()
    before = await guest.session()
    asked = await shop.simulator.received("cruisecabingrades")
    assert (await guest.price()).session == before
    assert await shop.simulator.received("cruisecabingrades") == asked


async def test_no_prices_are_asked_for_while_a_step_is_open(make_shop: MakeShop) -> None:
    shop = await make_shop()
    guest = await shop.selected()
    await shop.simulator.fault("basketadd", "timeout_after")
    await guest.hold()
    asked = await shop.simulator.received("cruisecabingrades")
    answer = await guest.price()
    assert answer.session.open_step is not None
    assert await shop.simulator.received("cruisecabingrades") == asked


async def test_a_session_that_ran_out_has_no_prices(shop: Shop) -> None:
    guest = await shop.priced()
    await shop.pass_time(2 * 3600 + 1)
    found = await refused(guest.price())
    assert found.refusal.code is RefusalCode.SESSION_EXPIRED
    assert found.session is not None
    assert found.session.state is State.EXPIRED


async def test_a_supplier_session_that_is_over_is_opened_anew(shop: Shop) -> None:
    """Every later call uses the new one."""
    guest = await shop.priced()
    old = (await guest.session()).supplier
    await shop.simulator.fault("cruisecabingrades", "session_expired")
    new = (await guest.price()).session.supplier
    assert old is not None
    assert new is not None
    assert new.key != old.key
    assert new.opened_at > old.opened_at
    await guest.select()
    assert await guest.state() is State.BASKETED


async def test_prices_that_cannot_be_read_leave_their_evidence(shop: Shop) -> None:
    guest = await shop.opened()
    await shop.simulator.fault("cruisecabingrades", "http_404")
    found = await refused(guest.price())
    assert found.refusal.code is RefusalCode.SUPPLIER_MISCONFIGURED
    assert found.session == await guest.session()
    assert "cruisecabingrades" in await guest.calls()
    assert await guest.kinds() == ["created"]


async def test_prices_of_nothing_mean_sold_out(shop: Shop) -> None:
    guest = await shop.opened()
    await shop.simulator.fault("cruisecabingrades", "party_mismatch")
    found = await refused(guest.price())
    assert found.refusal.code is RefusalCode.SOLD_OUT
    assert found.session is not None
    assert "cruisecabingrades" in await guest.calls()


async def test_cabins_and_items_of_a_rate_are_read(shop: Shop) -> None:
    guest = await shop.priced()
    cabins = await guest.cabins()
    assert cabins.cabins
    rate = await guest.rate()
    items = await shop.engine.breakdown(await guest.loaded(), rate=rate, command=a_command())
    assert items.items
    assert {"cruisecabins", "cruisecabingradebreakdown"} <= set(await guest.calls())
    assert await guest.kinds() == ["created", "price"]


async def test_cabins_of_a_rate_that_went_stale_are_those_of_its_successor(shop: Shop) -> None:
    guest = await shop.priced()
    await shop.simulator.fault("cruisecabins", "stale_resultno")
    assert (await guest.cabins()).cabins
    assert (await guest.calls()).count("cruisecabingrades") == 2


async def test_cabins_are_read_after_a_hold_lapsed(shop: Shop) -> None:
    """The supplier session of the hold is not used again."""
    guest = await shop.held()
    await shop.pass_time(20 * 60)
    await guest.look()
    assert (await guest.cabins()).cabins
    assert await shop.simulator.received("cruiseresults") == 2


async def test_cabins_that_cannot_be_read_are_refused(shop: Shop) -> None:
    guest = await shop.priced()
    await shop.simulator.fault("cruisecabins", "http_404")
    found = await refused(guest.cabins())
    assert found.refusal.code is RefusalCode.SUPPLIER_MISCONFIGURED
    assert (await guest.calls()).count("cruisecabingrades") == 1


async def test_cabins_are_not_read_once_one_is_held(shop: Shop) -> None:
    guest = await shop.held()
    found = await refused(guest.cabins())
    assert found.refusal.code is RefusalCode.WRONG_STATE
    assert found.session == await guest.session()


async def test_concurrent_looks_at_prices_end_in_one_history(shop: Shop) -> None:
    guest = await shop.opened()
    await asyncio.gather(*(guest.price() for _ in range(4)))
    assert await guest.kinds() == ["created", *["price"] * 4]


async def edit(guest: Guest, *, guarded: bool = False, **changes: object) -> object:
    command = replace(a_command(), guarded=guarded)
    return await guest.shop.engine.edit(await guest.loaded(), changes=changes, command=command)


async def test_details_are_kept(shop: Shop) -> None:
    guest = await shop.opened()
    await edit(guest, contact=a_contact(), special_requests="A cot")
    await edit(guest, guarded=True, dining="2")
    details = (await guest.session()).details
    assert (details.contact, details.special_requests) == (a_contact(), "A cot")
    assert details.dining == "2"
    assert await guest.kinds() == ["created", "edited", "edited"]
    await edit(guest, dining="2")
    assert (await guest.session()).version == 2


async def test_of_two_edits_of_one_version_one_is_kept(shop: Shop) -> None:
    guest, command = await shop.opened(), replace(a_command(), guarded=True)
    seen = await guest.loaded()
    ended = await asyncio.gather(
        *(shop.engine.edit(seen, changes={"dining": word}, command=command) for word in ("1", "2")),
        return_exceptions=True,
    )
    refusals = [one for one in ended if isinstance(one, Exception)]
    assert [str(one) for one in refusals] == ["version_mismatch"]
    assert (await guest.session()).version == 1


async def test_edits_without_a_version_are_all_kept(shop: Shop) -> None:
    guest = await shop.opened()
    await asyncio.gather(edit(guest, dining="1"), edit(guest, special_requests="A cot"))
    details = (await guest.session()).details
    assert (details.dining, details.special_requests) == ("1", "A cot")


async def test_a_session_that_is_gone_is_not_found(shop: Shop) -> None:
    now = await shop.store.now()
    stranger = replace(a_session(), id=uuid4(), expires_at=now.replace(year=now.year + 1))
    cancelling = shop.engine.cancel(
        Loaded(session=stranger, now=now), reason=None, command=a_command()
    )
    assert (await refused(cancelling)).refusal.code is RefusalCode.SESSION_NOT_FOUND


async def test_looking_lets_the_clocks_catch_up(shop: Shop) -> None:
    guest = await shop.held()
    await shop.pass_time(20 * 60)
    session = (await guest.look()).session
    assert session.state is State.CABIN_SELECTED
    assert session.supplier is None
    assert (await guest.kinds())[-1] == "release_basket"
    assert await guest.steps() == [("add_to_basket", "done"), ("release", "owed")]
    await shop.pass_time(2 * 3600 + 1)
    assert (await guest.look()).session.state is State.EXPIRED


@pytest.mark.parametrize("kind", [None, PaymentType.DEPOSIT])
async def test_a_reservation_outlives_both_clocks(shop: Shop, kind: PaymentType | None) -> None:
    guest = await shop.booked(kind)
    before = await guest.session()
    await shop.pass_time(24 * 3600)
    assert (await guest.look()).session == before
