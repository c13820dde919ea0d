"""Answers about another sailing, party or cabin: nobody pays for the wrong voyage."""

from __future__ import annotations

import pytest

from booking_flow.staff.people import Role
from tests.integration.http.conftest import MakeService
from tests.integration.http.test_contradictions import booked_with, tasks_of
from tests.support.service import Guest, Reply, Service
from tests.support.staff import Clerk, hire

OF_SAILING = ("other_date", "other_ship")
OF_HOLD = ("other_sailing", "other_date", "other_ship", "other_grade", "fewer_guests")
OF_BOOKING = ("other_sailing", "other_date", "other_grade", "fewer_guests")


async def selected_with(service: Service, fault: str) -> tuple[Guest, Reply]:
    guest = service.guest()
    await guest.to_priced()
    await service.simulator.fault("basketadd.pl", fault)
    return guest, await guest.select()


@pytest.mark.parametrize("fault", OF_SAILING)
async def test_a_search_that_finds_another_sailing_opens_no_session(
    fault: str, service: Service
) -> None:
    await service.simulator.fault("cruiseresults.pl", fault)
    reply = await service.guest().open()
    assert (reply.status, reply.code) == (409, "sailing_mismatch"), reply
    assert reply.pointers == [{"other_date": "/sailingDate", "other_ship": "/shipId"}[fault]]
    assert "ours" in reply.body["errors"][0]["detail"]


async def test_a_search_that_tells_other_nights_opens_a_session(service: Service) -> None:
    """Nights alone are no other voyage; they are a task when it is booked."""
    await service.simulator.fault("cruiseresults.pl", "other_nights")
    assert (await service.guest().open()).status == 201


async def test_prices_of_another_sailing_are_refused(service: Service) -> None:
    guest = service.guest()
    await guest.open()
    await service.simulator.fault("cruisecabingrades.pl", "other_sailing")
    refused = await guest.price()
    assert (refused.status, refused.code) == (409, "sailing_mismatch"), refused


@pytest.mark.parametrize("fault", OF_HOLD)
async def test_a_hold_of_something_else_is_refused_and_given_back(
    fault: str, service: Service
) -> None:
    guest, reply = await selected_with(service, fault)
    assert (reply.status, reply.code) == (409, "sailing_mismatch"), reply
    assert all(" ours " in each["detail"] for each in reply.body["errors"])
    assert (await guest.look()).body["state"] == "cabin_selected"
    assert await service.simulator.received("book.pl") == 0


async def test_a_hold_of_something_else_may_go_on_with_a_task(make_service: MakeService) -> None:
    service: Service = await make_service(sailing_check="task")
    agent = await hire(service, Role.AGENT)
    guest, reply = await selected_with(service, "other_date")
    assert (reply.status, reply.body["state"]) == (200, "basketed"), reply
    task = (await tasks_of(agent, guest))["sailing_mismatch"]
    assert task["facts"]["differs"].startswith("sailingDate ours")


@pytest.mark.parametrize("fault", OF_BOOKING)
async def test_a_booking_of_something_else_is_never_told_as_paid(
    fault: str, service: Service, agent: Clerk
) -> None:
    guest, reply = await booked_with(service, fault)
    assert (reply.status, reply.body["state"]) == (202, "booked"), reply
    assert reply.body["pending"]["step"] == "pay"
    tasks = await tasks_of(agent, guest)
    assert {"sailing_mismatch", "pay_unknown"} <= set(tasks)
    assert " ours " in tasks["sailing_mismatch"]["facts"]["differs"]
    ledger = await service.simulator.ledger()
    assert [row["status"] for row in ledger["bookings"]] == ["Booked"]


async def test_nights_alone_are_a_task_and_no_refusal(service: Service, agent: Clerk) -> None:
    guest, reply = await booked_with(service, "other_nights")
    assert (reply.status, reply.body["state"]) == (201, "paid"), reply
    task = (await tasks_of(agent, guest))["sailing_mismatch"]
    assert task["facts"]["differs"].startswith("nights ours")


async def test_a_guarantee_that_gets_a_number_is_right(service: Service) -> None:
    _, reply = await booked_with(service, "other_cabin")
    assert (reply.status, reply.body["state"]) == (201, "paid"), reply


@pytest.mark.parametrize(
    ("fault", "pointer"),
    [("other_date", "/sailing date"), ("other_ship", "/ship"), ("fewer_guests", "/guests")],
)
async def test_a_reservation_of_another_voyage_is_a_supervisors(
    fault: str, pointer: str, service: Service, agent: Clerk
) -> None:
    guest, _ = await booked_with(service, "http_500_after")
    reservation = (await service.simulator.ledger())["bookings"][-1]["reservation"]
    await service.simulator.fault("cruiseimportbooking.pl", fault)
    task = (await tasks_of(agent, guest))["book_unknown"]
    refused = await agent.answer(task, "reservation", reservation=reservation)
    assert refused.pointers == [pointer], refused


async def test_what_cannot_be_read_of_a_sailing_is_counted(service: Service) -> None:
    """An unreadable date is silence, and a metric says how often."""
    await service.simulator.fault("cruiseresults.pl", "unreadable_date")
    assert (await service.guest().open()).status == 201
    metrics = (await service.call("GET", "/metrics")).body
    assert 'booking_supplier_unread_total{member="saildate"} 1.0' in metrics
