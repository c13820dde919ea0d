"""Bookings that are not paid: a deadline, a task to collect, and ways on for staff and guest."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from booking_flow.staff.people import Role
from booking_http.web.metrics import Metrics
from booking_http.worker.main import Worker
from tests.integration.http.conftest import MakeService
from tests.support.console import at_desk, page_of
from tests.support.service import Guest, Json, Service
from tests.support.staff import Clerk, hire, rows

KIND = "collect_payment"


async def drained(service: Service) -> None:
    await Worker(service.parts, metrics=Metrics()).drain()


async def open_tasks(clerk: Clerk) -> list[Json]:
    tasks: list[Json] = (await clerk.call("GET", "tasks")).body["tasks"]
    return tasks


async def unpaid(service: Service) -> tuple[Clerk, Guest]:
    agent, guest = await hire(service, Role.AGENT), service.guest()
    await guest.to_booked()
    return agent, guest


async def test_an_unpaid_booking_has_a_deadline_and_a_task(service: Service) -> None:
    agent, guest = await unpaid(service)
    body = (await guest.look()).body
    by = datetime.fromisoformat(body["booking"]["paymentDueAt"])
    within = by - datetime.fromisoformat(body["serverTime"])
    assert timedelta(hours=23) < within <= timedelta(hours=24)
    (task,) = await open_tasks(agent)
    assert (task["kind"], datetime.fromisoformat(task["dueAt"])) == (KIND, by)
    assert task["answers"] == ["received", "cancel_booking"]
    assert task["facts"]["due"] == f"{body['price']['deposit']} USD"


async def test_the_deadline_escalates_the_task_and_cancels_nothing(service: Service) -> None:
    agent, guest = await unpaid(service)
    await rows(service, "UPDATE staff_tasks SET told_at = booking_now() RETURNING 1")
    await service.advance(hours=25)
    await drained(service)
    await drained(service)
    body = (await guest.look()).body
    assert (body["state"], body["cancellation"]) == ("booked", None)
    (task,) = await open_tasks(agent)
    assert (task["kind"], task["overdue"], task["facts"]["overdue"]) == (KIND, True, "yes")
    assert [row.told_at for row in await rows(service, "SELECT told_at FROM staff_tasks")] == [None]
    events = (await agent.call("GET", f"sessions/{guest.uuid}/history")).body["events"]
    assert [each["reason"] for each in events].count(events[-1]["reason"]) == 1

    until = (datetime.fromisoformat(body["serverTime"]) + timedelta(hours=5)).isoformat()
    later = await agent.act(guest.uuid, "extend-deadline", deadline="payment", until=until)
    assert later.status == 200, later
    (task,) = await open_tasks(agent)
    assert (task["overdue"], "overdue" in task["facts"]) == (False, False)


async def test_what_was_received_answers_the_task_and_pays_the_booking(service: Service) -> None:
    agent, guest = await unpaid(service)
    deposit = (await guest.look()).body["price"]["deposit"]
    done = await agent.answer(await agent.task(), "received")
    assert done.status == 200, done
    body = (await guest.look()).body
    assert (body["state"], body["booking"]["paid"]) == ("paid", deposit)
    assert await open_tasks(agent) == []


@pytest.mark.parametrize("way", ["answer", "page"])
async def test_what_a_line_booked_in_another_currency_is_received_in_that(
    service: Service, way: str
) -> None:
    await service.simulator.fault("book.pl", "other_currency")
    clerk, guest = await unpaid(service)
    booking = (await guest.look()).body["booking"]
    assert booking["currency"] == "GBP"
    (task,) = [each for each in await open_tasks(clerk) if each["kind"] == KIND]
    assert task["facts"]["due"] == f"{booking['total']} GBP"
    if way == "answer":
        assert (await clerk.answer(task, "received")).status == 200
    else:
        agent = await at_desk(service, Role.AGENT)
        entered = {"reason": "by transfer", "amount": booking["total"]}
        assert (await agent.act(guest.uuid, "record-payment", **entered)).status == 303
    body = (await guest.look()).body
    assert (body["state"], body["booking"]["outstanding"]) == ("paid", "0.00")
    assert [each["kind"] for each in await open_tasks(clerk)] == ["price_mismatch"]


async def test_who_will_not_pay_is_cancelled_by_staff_and_the_line(service: Service) -> None:
    agent, guest = await unpaid(service)
    assert (await agent.answer(await agent.task(), "cancel_booking")).status == 200
    assert (await guest.look()).body["cancellation"]["status"] == "requested"
    (task,) = await open_tasks(agent)
    assert task["kind"] == "cancel_with_line"
    assert (await agent.answer(task, "line_refused")).status == 200
    (task,) = await open_tasks(agent)
    assert task["kind"] == KIND


async def test_a_payment_entered_on_the_page_ends_the_task(service: Service) -> None:
    """Once all that is due now has come; a part of it leaves the task."""
    await unpaid(service)
    clerk, guest = await unpaid(service)
    agent = await at_desk(service, Role.AGENT)
    deposit = (await guest.look()).body["price"]["deposit"]
    assert "Collect a payment" in (await agent.get(page_of(guest))).words
    part = await agent.act(guest.uuid, "record-payment", reason="at the desk", amount="1.00")
    assert part.status == 303
    assert len(await open_tasks(clerk)) == 2
    rest = f"{float(deposit) - 1:.2f}"
    await agent.act(guest.uuid, "record-payment", reason="at the desk", amount=rest)
    assert (await guest.look()).body["state"] == "paid"
    assert len(await open_tasks(clerk)) == 1


@pytest.mark.parametrize("answer", ["not_paid", "paid"])
async def test_a_card_in_doubt_leads_on_from_either_answer(service: Service, answer: str) -> None:
    """While it is in doubt nobody collects and nothing is cancelled; afterwards there is a way."""
    agent, guest = await hire(service, Role.AGENT), service.guest()
    total = (await guest.to_basketed()).body["price"]["total"]
    await service.simulator.fault("book.pl", "authcode_declined")
    doubt = await guest.book(guest.booking(payment=guest.payment(total)))
    assert (doubt.status, doubt.body["state"]) == (202, "booked")
    assert [task["kind"] for task in await open_tasks(agent)] == ["pay_unknown"]
    await service.advance(hours=30)
    await drained(service)
    assert [task["kind"] for task in await open_tasks(agent)] == ["pay_unknown"]
    assert (await agent.answer(await agent.task(), answer)).status == 200
    body, tasks = (await guest.look()).body, await open_tasks(agent)
    if answer == "paid":
        assert (body["state"], KIND in [task["kind"] for task in tasks]) == ("paid", False)
    else:
        assert (body["state"], [task["kind"] for task in tasks]) == ("booked", [KIND])
        assert body["booking"]["paymentDueAt"] is not None


async def test_a_booking_stored_by_an_earlier_release_is_collected_too(service: Service) -> None:
    agent, guest = await unpaid(service)
    await rows(service, "DELETE FROM staff_tasks RETURNING 1")
    await rows(service, "UPDATE bookings SET collect_by = NULL RETURNING 1")
    await drained(service)
    (task,) = await open_tasks(agent)
    assert task["kind"] == KIND
    assert (await guest.look()).body["booking"]["paymentDueAt"] is not None
    await drained(service)
    assert len(await open_tasks(agent)) == 1


async def test_a_guest_pays_where_the_channel_allows_it(make_service: MakeService) -> None:
    service: Service = await make_service(payment_channel="supplier_payment")
    agent, guest = await unpaid(service)
    deposit = (await guest.look()).body["price"]["deposit"]
    declined: Any = guest.payment(deposit, card="4000000000000002", deposit=True)
    assert (await guest.pay(declined)).code == "card_declined"
    assert [task["kind"] for task in await open_tasks(agent)] == [KIND]
    assert (await guest.pay(guest.payment(deposit, deposit=True))).body["state"] == "paid"
    assert KIND not in [task["kind"] for task in await open_tasks(agent)]
    charges = (await service.simulator.ledger())["charges"]
    assert [f"{float(each['amount']):.2f}" for each in charges] == [deposit]
