"""A judge that finds nothing would prove nothing: rules are broken, and it must notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.simulator.supplier import Supplier
from tests.acceptance.judge import judge, judge_the_end
from tests.acceptance.world import World, administer

FORGED = "UPDATE booking_sessions SET state = 'priced'"
OTHER_TOTAL = "UPDATE booking_sessions SET total = total + 1"
NEVER_AGAIN = """
    UPDATE saga_steps SET next_attempt_at = NULL WHERE status = 'unknown';
    UPDATE staff_tasks SET closed_at = now()
"""


def _holds_for_nobody(supplier: Supplier) -> None:
    item = next(iter(supplier.state.items.values()))
    supplier.state.items["1"] = replace(item, key="1")


def _books_for_nobody(supplier: Supplier) -> None:
    item = next(iter(supplier.state.items.values()))
    supplier.state.items["1"] = replace(item, key="1")
    made = supplier.state.bookings[0]
    supplier.state.bookings.append(replace(made, item_key="1", booking_id=1, reservation="1"))


def _books_twice(supplier: Supplier) -> None:
    made = supplier.state.bookings[0]
    supplier.state.bookings.append(replace(made, booking_id=1, reservation="1"))


def _charges_twice(supplier: Supplier) -> None:
    supplier.state.charges.append(supplier.state.charges[0])


def _charges_too_little(supplier: Supplier) -> None:
    supplier.state.charges[0].amount = Decimal(1)


@pytest.mark.parametrize("forged", [FORGED, OTHER_TOTAL])
async def test_a_row_that_is_not_what_happened_is_noticed(world: World, forged: str) -> None:
    await world.service.guest().to_basketed()
    await judge(world)
    await administer(world.database_url, forged)
    with pytest.raises(AssertionError):
        await judge(world)


async def test_a_hold_for_nobody_is_noticed(world: World) -> None:
    await world.service.guest().to_basketed()
    _holds_for_nobody(world.supplier)
    with pytest.raises(AssertionError):
        await judge(world)


@pytest.mark.parametrize(
    "wrong", [_books_for_nobody, _books_twice, _charges_twice, _charges_too_little]
)
async def test_a_booking_or_charge_too_many_is_noticed(
    world: World, wrong: Callable[[Supplier], None]
) -> None:
    guest = world.service.guest()
    held = await guest.to_basketed()
    ask = guest.booking(payment=guest.payment(held.body["price"]["total"]))
    assert (await guest.book(ask)).status == 201
    await judge_the_end(world)
    wrong(world.supplier)
    with pytest.raises(AssertionError):
        await judge(world)


@pytest.mark.parametrize("payment_channel", ["supplier_payment"])
async def test_a_second_charge_the_supplier_did_not_double_is_noticed_though_staff_are_told(
    world: World,
) -> None:
    """Otherwise a payment that we sent twice would pass for one that was doubled on its way."""
    guest = world.service.guest()
    deposit = (await guest.to_booked()).body["price"]["deposit"]
    world.supplier.charge(world.supplier.state.bookings[0], Decimal(deposit))
    await guest.pay(guest.payment(deposit, deposit=True))
    assert [task.kind.value for task in await world.open_tasks()] == ["refund"]
    with pytest.raises(AssertionError):
        await judge(world)


async def test_a_step_nobody_will_look_at_again_is_noticed(world: World) -> None:
    guest = world.service.guest()
    await guest.to_basketed()
    await world.simulator.fault("book.pl", "reset")
    assert (await guest.book()).status == 202
    await judge(world)
    await administer(world.database_url, NEVER_AGAIN)
    with pytest.raises(AssertionError):
        await judge(world)
