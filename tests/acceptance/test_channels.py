"""Money that is not taken together with the booking: later through the supplier, or by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from tests.acceptance.judge import books_of, judge, judge_the_end
from tests.acceptance.wishes import RED
from tests.acceptance.world import LEASES, World, supplying, world_over
from tests.support.service import VISA, Guest, Json, once

KEY = once("b7e23ec29af24f0e8e5a6d1f2a3b4c5d")
Opened = Callable[[str], AbstractAsyncContextManager[World]]


@pytest.fixture
def opened(seeded_url: str, tmp_path: Path) -> Opened:
    """Return what opens a world with a payment channel."""

    @asynccontextmanager
    async def world(channel: str) -> AsyncIterator[World]:
        async with (
            supplying() as (simulator, supplier),
            world_over(seeded_url, simulator, supplier, tmp_path, payment_channel=channel) as made,
        ):
            yield made
            await judge(made)
            await made.settle()
            await judge_the_end(made)

    return world


async def booked(world: World) -> tuple[Guest, Json]:
    guest = world.service.guest()
    made = await guest.to_booked()
    return guest, made.body


async def paid_and_charged(world: World) -> tuple[list[str], int]:
    books = await books_of(world)
    return [session.state for session in books.sessions], len(books.supplier.state.charges)


async def test_a_booking_is_paid_later_and_once(opened: Opened) -> None:
    async with opened("supplier_payment") as world:
        guest, body = await booked(world)
        assert "pay" in [action["name"] for action in body["allowedActions"]]
        payment = guest.payment(body["price"]["total"])
        first = await guest.pay(payment, headers=KEY)
        again = await guest.pay(payment, headers=KEY)
        assert (first.status, first.body["state"]) == (200, "paid")
        assert (again.status, again.headers["Idempotent-Replayed"]) == (200, "true")
        assert (await guest.pay(payment)).code == "wrong_state"
        assert await paid_and_charged(world) == (["paid"], 1)


async def test_another_card_may_pay_what_the_first_did_not(opened: Opened) -> None:
    async with opened("supplier_payment") as world:
        guest, body = await booked(world)
        total = body["price"]["total"]
        assert (await guest.pay(guest.payment(total, card=RED))).code == "card_declined"
        assert (await guest.look()).body["booking"]["paid"] == "0.00"
        assert (await guest.pay(guest.payment(total, card=VISA))).body["state"] == "paid"
        assert await paid_and_charged(world) == (["paid"], 1)


@pytest.mark.parametrize(
    ("fault", "state"), [("reset", "paid"), ("timeout_after", "paid"), ("reset_before", "booked")]
)
async def test_a_payment_in_doubt_is_looked_up_in_the_lines_record_and_never_sent_again(
    opened: Opened, fault: str, state: str
) -> None:
    """Where the record shows no money either, a person has to find out."""
    async with opened("supplier_payment") as world:
        guest, body = await booked(world)
        await world.simulator.fault("payment.pl", fault)
        doubtful = await guest.pay(guest.payment(body["price"]["total"]))
        assert (doubtful.status, doubtful.body["pending"]["step"]) == (202, "pay")
        await world.pass_time(LEASES)
        await world.work()
        found = (await guest.look()).body
        assert (found["state"], found["pending"] is None) == (state, state == "paid")
        for task in await world.open_tasks():
            await world.answer(task)
        assert (await guest.look()).body["pending"] is None
        assert await world.simulator.received("payment.pl") == 1


async def test_a_deposit_the_supplier_took_twice_is_seen_in_the_lines_record(
    opened: Opened,
) -> None:
    """One payment.pl that reaches the supplier twice pays twice while a balance is due."""
    async with opened("supplier_payment") as world:
        guest, body = await booked(world)
        await world.simulator.fault("payment.pl", "duplicate_submit")
        deposit = Decimal(body["price"]["deposit"])
        reply = await guest.pay(guest.payment(str(deposit), deposit=True))
        assert (reply.status, reply.body["state"]) == (200, "paid")
        assert Decimal(reply.body["booking"]["paid"]) == deposit
        (task,) = await world.open_tasks()
        assert task.kind.value == "refund"
        assert task.facts["received"] == f"{deposit * 2} USD"
        assert task.facts["paid"] == f"{deposit} USD"
        assert await world.simulator.received("payment.pl") == 1


async def test_a_deposit_taken_twice_is_seen_once_the_lines_record_can_be_read(
    opened: Opened,
) -> None:
    async with opened("supplier_payment") as world:
        guest, body = await booked(world)
        await world.simulator.fault("payment.pl", "duplicate_submit")
        await world.simulator.fault("cruiseimportbooking.pl", "http_500", times=None)
        reply = await guest.pay(guest.payment(body["price"]["deposit"], deposit=True))
        assert (reply.status, reply.body["state"]) == (200, "paid")
        assert [task.kind.value for task in await world.open_tasks()] == ["payment_unchecked"]
        world.supplier.faults.clear()
        await world.pass_time(LEASES)
        await world.work()
        assert [task.kind.value for task in await world.open_tasks()] == ["refund"]
        await judge(world)


async def test_a_cancel_waits_for_a_payment_in_doubt(opened: Opened) -> None:
    async with opened("supplier_payment") as world:
        guest, body = await booked(world)
        await world.simulator.fault("payment.pl", "reset")
        await guest.pay(guest.payment(body["price"]["total"]))
        assert (await guest.cancel()).body["cancellation"]["status"] == "requested"
        kinds = [task.kind.value for task in await world.open_tasks()]
        assert sorted(kinds) == ["collect_payment", "pay_unknown"]
        await world.pass_time(LEASES)
        await world.work()
        (task,) = await world.open_tasks()
        assert task.kind.value == "cancel_with_line"


async def test_paid_by_hand_no_card_is_taken(opened: Opened) -> None:
    async with opened("manual") as world:
        guest = world.service.guest()
        held = await guest.to_basketed()
        payment = guest.payment(held.body["price"]["total"])
        refused = await guest.book(guest.booking(payment=payment))
        assert (refused.code, refused.pointers) == ("validation_failed", ["/payment"])
        body = (await guest.book()).body
        assert (body["state"], body["booking"]["paid"]) == ("booked", "0.00")
        assert "pay" not in [action["name"] for action in body["allowedActions"]]
        assert (await guest.pay(payment)).code == "wrong_state"
        assert await paid_and_charged(world) == (["booked"], 0)
        assert await world.simulator.received("payment.pl") == 0
