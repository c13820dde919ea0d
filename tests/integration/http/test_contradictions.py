"""Answers of the supplier that contradict themselves or what was asked: guest, staff and books."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from booking_flow.staff.people import Role
from tests.integration.http.conftest import MakeService
from tests.support.service import Guest, Json, Reply, Service
from tests.support.staff import Clerk, but_collecting, hire

DOUBTFUL_ITEMS = ("item_cancelled", "item_on_request", "item_waitlisted", "item_pending")
DOUBTFUL_MONEY = (
    "authcode_zeros",
    "authcode_declined",
    "red_with_authcode",
    "charged_too_little",
    "charged_in_other_currency",
)


async def booked_with(
    service: Service, fault: str, *, deposit: bool = False
) -> tuple[Guest, Reply]:
    """Let a guest book with a card while the supplier's answer is as the fault has it."""
    guest = service.guest()
    held = (await guest.to_basketed()).body
    await service.simulator.fault("book.pl", fault)
    amount = held["price"]["deposit" if deposit else "total"]
    payment = guest.payment(amount, deposit=deposit)
    return guest, await guest.book(guest.booking(payment=payment) | guest.consent(held))


def moment(value: str) -> datetime:
    """Read a moment as the API spells it."""
    return datetime.fromisoformat(value)


async def tasks_of(clerk: Clerk, guest: Guest) -> dict[str, Json]:
    """Return what staff are asked about a session, by kind, but to collect a payment."""
    session = await clerk.read(guest.uuid)
    return {task["kind"]: task for task in but_collecting(session["tasks"])}


@pytest.mark.parametrize("fault", DOUBTFUL_ITEMS)
async def test_another_word_of_status_at_any_level_is_not_booked(
    fault: str, service: Service, agent: Clerk
) -> None:
    """book.pl says Booked, and its item does not: nobody is told that it is paid, or refused."""
    guest, reply = await booked_with(service, fault)
    assert (reply.status, reply.body["state"]) == (202, "basketed"), reply
    assert reply.body["pending"]["outcome"] == "unknown"
    assert reply.body["booking"] is None
    tasks = await tasks_of(agent, guest)
    assert "Booked, " in tasks["book_unknown"]["facts"]["answer"]
    assert [row["status"] for row in (await service.simulator.ledger())["bookings"]] == ["Booked"]


async def test_the_words_that_mean_booked_are_a_setting(make_service: MakeService) -> None:
    service: Service = await make_service(booked_words=("Booked", "onrequest"))
    _, reply = await booked_with(service, "item_on_request")
    assert (reply.status, reply.body["state"]) == (201, "paid"), reply
    _, reply = await booked_with(service, "unknown_status")
    assert reply.status == 202, "a reservation is needed all the same"
    strict: Service = await make_service(booked_words=("OnRequest",))
    _, reply = await booked_with(strict, "item_on_request")
    assert (reply.status, reply.body["state"]) == (202, "basketed"), reply


@pytest.mark.parametrize("fault", DOUBTFUL_MONEY)
async def test_money_that_is_not_what_was_asked_for_is_not_paid(
    fault: str, service: Service, agent: Clerk
) -> None:
    """The cabin is booked; whether it is paid a person finds out, who sees what the line said."""
    guest, reply = await booked_with(service, fault)
    assert (reply.status, reply.body["state"]) == (202, "booked"), reply
    assert (reply.body["pending"]["step"], reply.body["pending"]["outcome"]) == ("pay", "unknown")
    assert reply.body["booking"]["paid"] == "0.00"
    task = (await tasks_of(agent, guest))["pay_unknown"]
    assert "reservation" in task["facts"]["answer"]
    charges = (await service.simulator.ledger())["charges"]
    total = reply.body["booking"]["total"]
    taken = {"authcode_declined": [], "charged_too_little": ["1.00"]}.get(fault, [total])
    assert [row["amount"] for row in charges] == taken


async def test_a_deposit_is_compared_with_the_deposit_that_was_asked(service: Service) -> None:
    guest = service.guest()
    held = (await guest.to_basketed()).body
    deposit = held["price"]["deposit"]
    payment = guest.payment(deposit, deposit=True)
    paid = await guest.book(guest.booking(payment=payment) | guest.consent(held))
    assert (paid.status, paid.body["booking"]["paid"]) == (201, deposit)
    _, doubtful = await booked_with(service, "charged_too_little", deposit=True)
    assert (doubtful.status, doubtful.body["state"]) == (202, "booked")


@pytest.mark.parametrize("fault", ["charged_too_little", "authcode_zeros", "red_with_authcode"])
async def test_a_later_payment_is_judged_in_the_same_way(
    fault: str, make_service: MakeService
) -> None:
    service: Service = await make_service(payment_channel="supplier_payment")
    agent, guest = await hire(service, Role.AGENT), service.guest()
    total = (await guest.to_booked()).body["booking"]["total"]
    await service.simulator.fault("payment.pl", fault)
    reply = await guest.pay(guest.payment(total))
    assert (reply.status, reply.body["state"]) == (202, "booked"), reply
    assert reply.body["pending"]["step"] == "pay"
    assert (await tasks_of(agent, guest))["pay_unknown"]


async def test_a_booking_without_a_total_is_shown_to_a_person(
    service: Service, agent: Clerk
) -> None:
    guest, reply = await booked_with(service, "total_missing")
    assert (reply.status, reply.body["state"]) == (201, "paid"), reply
    task = (await tasks_of(agent, guest))["price_mismatch"]
    assert "total" not in task["facts"]["answer"]
    assert task["facts"]["total"].startswith(reply.body["booking"]["total"])


async def test_a_deposit_or_hold_beyond_reason_is_not_believed(service: Service) -> None:
    guest = service.guest()
    await guest.to_priced()
    await service.simulator.fault("basketadd.pl", "deposit_too_large")
    price = (await guest.select()).body["price"]
    assert price["deposit"] == price["total"]
    guest = service.guest()
    await guest.to_priced()
    await service.simulator.fault("basketadd.pl", "hold_endless")
    body = (await guest.select()).body
    left = moment(body["hold"]["expiresAt"]) - moment(body["serverTime"])
    assert timedelta(0) < left <= timedelta(minutes=30), body


async def test_results_within_results_are_unreadable_and_not_sold_out(service: Service) -> None:
    guest = service.guest()
    await service.simulator.fault("cruiseresults.pl", "nested_results", times=None)
    opened = await guest.open()
    assert (opened.status, opened.code) == (502, "supplier_error"), opened
    await service.simulator.control("reset")
    guest, reply = await booked_with(service, "nested_results")
    assert (reply.status, reply.body["pending"]["step"]) == (202, "book"), reply


@pytest.mark.parametrize("fault", ["price_without_taxes", "second_shape"])
async def test_a_reservation_is_taken_whichever_way_the_line_spells_it(
    fault: str, service: Service, agent: Clerk
) -> None:
    guest, reply = await booked_with(service, "http_500_after")
    assert reply.status == 202
    reservation = (await service.simulator.ledger())["bookings"][-1]["reservation"]
    await service.simulator.fault("cruiseimportbooking.pl", fault)
    task = (await tasks_of(agent, guest))["book_unknown"]
    answered = await agent.answer(task, "reservation", reservation=reservation)
    assert answered.status == 200, answered
    assert (await guest.look()).body["booking"]["reservation"] == reservation


@pytest.mark.parametrize("fault", DOUBTFUL_ITEMS)
async def test_a_reservation_that_is_not_booked_is_a_supervisors(
    fault: str, service: Service, agent: Clerk
) -> None:
    guest, _ = await booked_with(service, "http_500_after")
    reservation = (await service.simulator.ledger())["bookings"][-1]["reservation"]
    await service.simulator.fault("cruiseimportbooking.pl", fault)
    task = (await tasks_of(agent, guest))["book_unknown"]
    refused = await agent.answer(task, "reservation", reservation=reservation)
    assert (refused.status, refused.code) == (409, "wrong_state"), refused
    assert refused.pointers == ["/status"]


async def test_commission_in_what_was_received_is_no_reason_for_a_refund(
    make_service: MakeService,
) -> None:
    service: Service = await make_service(payment_channel="supplier_payment")
    agent, guest = await hire(service, Role.AGENT), service.guest()
    total = (await guest.to_booked()).body["booking"]["total"]
    await service.simulator.fault("cruiseimportbooking.pl", "commission_received", times=None)
    reply = await guest.pay(guest.payment(total))
    assert (reply.status, reply.body["state"]) == (200, "paid"), reply
    assert Decimal(reply.body["booking"]["outstanding"]) == 0
    assert not await tasks_of(agent, guest)
