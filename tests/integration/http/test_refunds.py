"""Money after a cancellation: entries that add up, and what goes back to the guest."""

from __future__ import annotations

from decimal import Decimal

from booking_flow.staff.people import Role
from tests.integration.http.conftest import MakeService
from tests.support.console import Visitor, at_desk, page_of
from tests.support.service import Guest, Json, Service
from tests.support.staff import Clerk, hire

ENTRY = ("kind", "amount", "method", "last4")


async def paid(service: Service) -> tuple[Clerk, Guest, Decimal]:
    agent, guest = await hire(service, Role.AGENT), service.guest()
    total = (await guest.to_basketed()).body["price"]["total"]
    done = await guest.book(guest.booking(payment=guest.payment(total)))
    assert (done.status, done.body["state"]) == (201, "paid")
    return agent, guest, Decimal(total)


async def booking_of(guest: Guest) -> Json:
    """Return the booking, whose figures must add up."""
    body: Json = (await guest.look()).body["booking"]
    entries = sum((Decimal(each["amount"]) for each in body["payments"]), Decimal(0))
    assert entries == Decimal(body["paid"])
    assert Decimal(body["paid"]) + Decimal(body["outstanding"]) == Decimal(body["total"])
    return body


def shown(body: Json) -> list[tuple[object, ...]]:
    return [tuple(entry[name] for name in ENTRY) for entry in body["payments"]]


async def cancelled(agent: Clerk, guest: Guest) -> Json:
    """Have the line confirm that a booking is cancelled, and return the task that follows."""
    assert (await guest.cancel()).status == 202
    assert (await agent.answer(await agent.task(), "line_cancelled")).status == 200
    task: Json = await agent.task()
    return task


async def test_a_card_is_an_entry_from_the_first_answer_on(service: Service) -> None:
    _, guest, total = await paid(service)
    body = await booking_of(guest)
    assert shown(body) == [("payment", str(total), "card", "1111")]
    assert body["refund"] is None


async def test_a_cancelled_booking_is_refunded_but_for_what_the_line_keeps(
    service: Service,
) -> None:
    agent, guest, total = await paid(service)
    task = await cancelled(agent, guest)
    assert (task["kind"], task["answers"]) == ("cancellation_refund", ["refunded"])
    assert task["facts"]["received"] == f"{total} USD"
    waiting = {"status": "open", "received": str(total), "kept": None, "refunded": "0.00"}
    assert (await booking_of(guest))["refund"] == waiting | {"currency": "USD"}
    (made,) = (await service.simulator.ledger())["bookings"]
    await service.simulator.control("cancel", reservation=made["reservation"])

    assert (await agent.answer(task, "refunded")).pointers == ["/kept"]
    too_much = await agent.answer(task, "refunded", kept=str(total + 1))
    assert (too_much.status, too_much.pointers) == (422, ["/kept"])
    assert (await agent.answer(task, "refunded", kept="250.00")).status == 200
    body, back = await booking_of(guest), total - 250
    done = {"status": "done", "received": str(total), "kept": "250.00", "refunded": str(back)}
    assert body["refund"] == done | {"currency": "USD"}
    assert shown(body)[1:] == [("refund", str(-back), "outside", None)]
    assert (await agent.call("GET", "tasks")).body["tasks"] == []
    again = await agent.act(guest.uuid, "record-refund", kept="0.00")
    assert (again.status, again.code) == (409, "wrong_state")


async def test_staff_settle_the_money_on_the_page(service: Service) -> None:
    """On that of the session, which ends the task as well, and on that of the task."""
    visitor: Visitor = await at_desk(service, Role.AGENT)
    agent, guest, total = await paid(service)
    task = await cancelled(agent, guest)
    page = await visitor.get(f"/console/tasks/{task['taskId']}")
    assert "Refund a cancelled booking" in page.words
    path = f"/console/tasks/{task['taskId']}/answer"
    wrong = await visitor.send(page, path, reason="by telephone", kept="much")
    assert (wrong.status, 'id="kept-fault"' in wrong.html) == (422, True)
    done = await visitor.act(guest.uuid, "record-refund", reason="by telephone", kept="0.00")
    assert done.status == 303, done
    words = (await visitor.get(page_of(guest))).words
    assert f"-{total:,.2f}" in words
    assert "The line keeps0.00" in words
    assert (await agent.call("GET", "tasks")).body["tasks"] == []


async def test_a_part_that_was_paid_goes_back_too(service: Service) -> None:
    part = "40.00"
    agent, guest = await hire(service, Role.AGENT), service.guest()
    await guest.to_booked()
    done = await agent.act(guest.uuid, "record-payment", amount=part, currency="USD")
    assert done.status == 200
    task = await cancelled(agent, guest)
    assert task["facts"]["received"] == f"{part} USD"


async def test_figures_add_up_where_the_line_booked_at_another_total(
    make_service: MakeService,
) -> None:
    service: Service = await make_service(payment_channel="manual")
    agent, guest = await hire(service, Role.AGENT), service.guest()
    await guest.to_basketed()
    await service.simulator.fault("book.pl", "price_differs")
    booked = (await guest.book()).body
    assert booked["booking"]["total"] != booked["price"]["total"]
    for amount in ("500.00", booked["booking"]["total"]):
        left = (await booking_of(guest))["outstanding"]
        await agent.act(guest.uuid, "record-payment", amount=min(amount, left), currency="USD")
    await booking_of(guest)
