"""A deposit and what follows: the schedule, and the balance that a guest pays later."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from booking_flow.staff.people import Role
from booking_http.web.metrics import Metrics
from booking_http.worker.main import Worker
from booking_http.worker.outbox_sender import send_due
from tests.integration.http.conftest import MakeService
from tests.support.console import at_desk, page_of
from tests.support.receivers import mail, part, running_postbox
from tests.support.service import Guest, Json, Service
from tests.support.staff import Clerk, hire, rows

PART = ("kind", "amount", "dueDate", "paid")


@pytest.fixture
async def service(make_service: MakeService) -> Service:
    """Run a service that takes cards after the booking as well."""
    made: Service = await make_service(payment_channel="supplier_payment")
    return made


def parts(body: Json) -> list[tuple[object, ...]]:
    return [tuple(part[name] for name in PART) for part in body["schedule"]]


async def on_deposit(guest: Guest) -> tuple[Json, str, str]:
    """Book and pay the deposit; return the body, the deposit and the balance."""
    price = (await guest.to_booked()).body["price"]
    paid = await guest.pay(guest.payment(price["deposit"], deposit=True))
    assert (paid.status, paid.body["state"]) == (200, "paid")
    return paid.body, price["deposit"], str(Decimal(price["total"]) - Decimal(price["deposit"]))


def balance_day(body: Json) -> str:
    """Return the day of the policy: so long before the sailing, and never a day that is over."""
    sails = date.fromisoformat(body["cruise"]["sailingDate"])
    today = date.fromisoformat(body["serverTime"][:10])
    return max(today, sails - timedelta(days=90)).isoformat()


async def test_an_unpaid_booking_shows_what_is_due_now_and_what_later(service: Service) -> None:
    guest = service.guest()
    body = (await guest.to_booked()).body
    price, now = body["price"], body["booking"]["paymentDueAt"][:10]
    rest = str(Decimal(price["total"]) - Decimal(price["deposit"]))
    assert parts(body) == [
        ("deposit", price["deposit"], now, False),
        ("balance", rest, balance_day(body), False),
    ]
    assert body["booking"]["balanceDueDate"] == balance_day(body)


async def test_a_balance_is_paid_once_and_leaves_the_state(service: Service) -> None:
    guest = service.guest()
    body, deposit, rest = await on_deposit(guest)
    assert parts(body) == [
        ("deposit", deposit, None, True),
        ("balance", rest, balance_day(body), False),
    ]
    assert "pay" in [each["name"] for each in body["allowedActions"]]
    wrong = await guest.pay(guest.payment(deposit, deposit=True))
    assert (wrong.status, wrong.code) == (409, "price_changed")
    done = await guest.pay(guest.payment(rest))
    assert (done.status, done.body["state"]) == (200, "paid")
    booking = done.body["booking"]
    assert (booking["paid"], booking["outstanding"]) == (booking["total"], "0.00")
    assert [(each["amount"], each["last4"]) for each in booking["payments"]] == [
        (deposit, "1111"),
        (rest, "1111"),
    ]
    assert parts(done.body) == [("all", booking["total"], None, True)]
    assert done.actions == ["cancel"]
    again = await guest.pay(guest.payment(rest))
    assert (again.status, again.code) == (409, "wrong_state")
    charges = [Decimal(each["amount"]) for each in (await service.simulator.ledger())["charges"]]
    assert charges == [Decimal(deposit), Decimal(rest)]
    words = (await (await at_desk(service, Role.AGENT)).get(page_of(guest))).words
    assert f"{Decimal(rest):,.2f}" in words


async def test_a_declined_balance_leaves_what_was_paid(service: Service) -> None:
    guest = service.guest()
    body, deposit, rest = await on_deposit(guest)
    refused = await guest.pay(guest.payment(rest, card="4000000000000002"))
    assert (refused.status, refused.code) == (402, "card_declined")
    after = (await guest.look()).body
    assert (after["state"], after["booking"]["paid"]) == ("paid", deposit)
    assert (after["pending"], parts(after)) == (None, parts(body))


async def test_a_balance_in_doubt_is_one_open_payment_that_staff_can_answer(
    service: Service,
) -> None:
    agent, guest = await hire(service, Role.AGENT), service.guest()
    _, deposit, rest = await on_deposit(guest)
    await service.simulator.fault("payment.pl", "http_500_after")
    await service.simulator.fault("cruiseimportbooking.pl", "http_500", times=None)
    doubt = await guest.pay(guest.payment(rest))
    assert (doubt.status, doubt.body["state"]) == (202, "paid")
    assert doubt.body["pending"]["outcome"] == "unknown"
    second = await guest.pay(guest.payment(rest))
    assert (second.status, second.code) == (409, "in_progress")
    tasks = (await agent.call("GET", "tasks")).body["tasks"]
    (task,) = (each for each in tasks if each["kind"] == "pay_unknown")
    assert (await agent.answer(task, "paid")).status == 200
    after = (await guest.look()).body
    assert (after["state"], after["booking"]["outstanding"]) == ("paid", "0.00")
    assert len((await service.simulator.ledger())["charges"]) == 2
    assert deposit != rest


async def test_long_afterwards_the_supplier_says_that_it_is_over(service: Service) -> None:
    """The supplier pays in the session that booked; staff can enter the balance still."""
    agent, guest = await hire(service, Role.AGENT), service.guest()
    _, _, rest = await on_deposit(guest)
    await service.advance(days=3)
    await service.simulator.fault("payment.pl", "session_expired")
    late = await guest.pay(guest.payment(rest))
    assert (late.status, late.code) == (502, "supplier_error")
    assert "can no longer be paid here" in late.body["detail"]
    done = await agent.act(guest.uuid, "record-payment", amount=rest, currency="USD")
    assert done.body["booking"]["outstanding"] == "0.00"


async def test_elsewhere_staff_enter_the_balance(make_service: MakeService) -> None:
    service: Service = await make_service(balance_due_days=None)
    guest = service.guest()
    held = (await guest.to_basketed()).body
    payment = guest.payment(held["price"]["deposit"], deposit=True)
    paid = await guest.book(guest.booking(payment=payment) | guest.consent(held))
    assert (paid.status, paid.body["state"]) == (201, "paid")
    assert paid.body["booking"]["balanceDueDate"] is None
    assert "pay" not in [each["name"] for each in paid.body["allowedActions"]]
    rest = paid.body["booking"]["outstanding"]
    refused = await guest.pay(guest.payment(rest))
    assert (refused.status, refused.code) == (409, "wrong_state")


async def drained(service: Service) -> None:
    await Worker(service.parts, metrics=Metrics()).drain()
    while await send_due(service.parts):
        pass


async def due_in(service: Service, days: int) -> None:
    """Have every balance due in so many days; the sailings on sale are close."""
    sql = """UPDATE bookings SET balance_due_date =
             CAST(booking_now() AT TIME ZONE 'UTC' AS date) + CAST(:days AS integer) RETURNING 1"""
    await rows(service, sql, days=days)


async def test_a_guest_is_reminded_once_before_the_balance_is_due(
    make_service: MakeService,
) -> None:
    async with running_postbox() as postbox:
        service: Service = await make_service(
            payment_channel="supplier_payment", **mail(postbox, agency="agency@example.test")
        )
        guest = service.guest()
        _, _, rest = await on_deposit(guest)
        await due_in(service, 15)
        await drained(service)
        subjects = [each["Subject"] for each in postbox.mails]
        assert not [each for each in subjects if each.startswith("Balance due")]
        await due_in(service, 14)
        for _ in range(2):
            await drained(service)
        (sent,) = (each for each in postbox.mails if each["Subject"].startswith("Balance due"))
        assert sent["To"] == "alexa@example.test"
        assert f"USD {Decimal(rest):,.2f}" in part(sent, "plain")


async def test_a_late_balance_is_a_task_that_its_payment_ends(service: Service) -> None:
    agent, guest = await hire(service, Role.AGENT), service.guest()
    _, _, rest = await on_deposit(guest)
    await due_in(service, 0)
    await drained(service)
    assert await collecting(agent) == []
    await due_in(service, -1)
    for _ in range(2):
        await drained(service)
    (task,) = await collecting(agent)
    assert (task["facts"]["due"], task["facts"]["overdue"]) == (f"{rest} USD", "yes")
    assert (await guest.look()).body["state"] == "paid"
    assert (await guest.pay(guest.payment(rest))).status == 200
    assert await collecting(agent) == []


async def test_a_balance_received_elsewhere_is_answered_at_its_task(service: Service) -> None:
    agent, guest = await hire(service, Role.AGENT), service.guest()
    await on_deposit(guest)
    await due_in(service, -1)
    await drained(service)
    (task,) = await collecting(agent)
    assert (await agent.answer(task, "received")).status == 200
    assert (await guest.look()).body["booking"]["outstanding"] == "0.00"
    await drained(service)
    assert await collecting(agent) == []


async def collecting(agent: Clerk) -> list[Json]:
    """Return the open tasks to collect."""
    tasks = (await agent.call("GET", "tasks")).body["tasks"]
    return [task for task in tasks if task["kind"] == "collect_payment"]
