"""traveltek.md, section 8: payment, retrieval by the line's number, ships; no way to cancel."""

from typing import Any

import pytest

from tests.integration.simulator.conftest import Start
from tests.support.agency import Agency, Json, error


async def booked(agency: Agency, **more: Any) -> str:
    """Book without a card and return the reservation."""
    await agency.hold()
    body = await agency.book(agency.order() | more)
    cruise = body["results"][0]["bookingdetails"]["bookingitems"][0]["cruisedetail"]
    return str(cruise["reservation"])


async def imported(agency: Agency, reservation: str, **changes: Any) -> Json:
    agency.session = ""
    return await agency.get(
        "cruiseimportbooking.pl",
        **({"lineid": 22, "bookingreference": reservation, "viewonly": 1} | changes),
    )


async def test_payment_pays_the_sessions_booking(agency: Agency) -> None:
    """It names no booking; the authcode is the proof."""
    await booked(agency)
    (result,) = (await agency.pay())["results"]
    (charge,) = (await agency.ledger())["charges"]
    assert result["transactions"][0]["authcode"] == charge["authCode"]
    assert charge["amount"] == "500.00"


async def test_payment_refuses_what_is_not_due(agency: Agency) -> None:
    """No booking, too much, no card number."""
    await agency.hold()
    assert error(await agency.pay())[0] is None
    await agency.book()
    assert error(await agency.pay(amount="99999"))[0] == 111
    assert error(await agency.pay(cardnumber=""))[0] == 110


@pytest.mark.parametrize(
    ("policy", "charges"), [("transaction", 1), ("declined", 0), ("empty", 1), ("error", 0)]
)
async def test_the_answer_of_payment_is_a_policy(start: Start, policy: str, charges: int) -> None:
    """One of them charges and tells nothing."""
    agency = Agency(await start(payment_answer=policy))
    await booked(agency)
    body = await agency.pay()
    assert len((await agency.ledger())["charges"]) == charges
    assert bool(body["results"]) is (policy in ("transaction", "declined"))
    assert bool(body["errors"]) is (policy == "error")


async def test_a_reservation_can_be_read_without_a_session(agency: Agency) -> None:
    """Passengers, sailing, cabin and what the line received."""
    reservation = await booked(agency)
    await agency.pay()
    (result,) = (await imported(agency, reservation))["results"]
    cruise = result["cruiseitem"]
    assert (cruise["reservation"], cruise["status"]) == (reservation, "Booked")
    assert cruise["codetocruiseid"] == 2190294
    assert cruise["cabin"]["number"] == "GUAR"
    assert cruise["paymentinfo"]["receivedtotal"] == 500
    first, rest = cruise["paymentinfo"]["paymentschedule"]
    assert first["amount"] + rest["amount"] == pytest.approx(cruise["price"])
    assert [one["lastname"] for one in result["passengers"]] == ["Tester", "Tester"]


@pytest.mark.parametrize("shown", [True, False])
async def test_the_clients_own_number_is_told_again_where_the_account_does(
    start: Start, shown: bool
) -> None:
    agency = Agency(await start(internal_reference_shown=shown))
    reservation = await booked(agency, internalref="BF-7K3Q9X2M")
    (result,) = (await imported(agency, reservation))["results"]
    assert result.get("internalref") == ("BF-7K3Q9X2M" if shown else None)


async def test_only_some_lines_can_be_read(agency: Agency) -> None:
    """Carnival cannot; a number of another line is not found."""
    reservation = await booked(agency)
    assert "not supported" in error(await imported(agency, reservation, lineid=8))[1]
    assert "not be found" in error(await imported(agency, reservation, lineid=3))[1]


async def test_a_booking_may_become_visible_late(start: Start) -> None:
    """The lag and the schedule are policies."""
    agency = Agency(await start(import_lag=60.0, payment_schedule_shown=False))
    reservation = await booked(agency)
    assert (await imported(agency, reservation))["errors"]
    await agency.control("clock", advanceSeconds=60)
    (result,) = (await imported(agency, reservation))["results"]
    assert "paymentschedule" not in result["cruiseitem"]["paymentinfo"]


async def test_an_unpaid_option_may_expire(start: Start) -> None:
    """A no-card booking is cancelled by the line after the policy's time."""
    agency = Agency(await start(option_seconds=3600))
    reservation = await booked(agency)
    await agency.control("clock", advanceSeconds=3600)
    (result,) = (await imported(agency, reservation))["results"]
    assert result["cruiseitem"]["status"] == "Cancelled"


async def test_people_at_the_line_can_cancel(agency: Agency) -> None:
    """There is no call for it; the control API stands for the telephone."""
    reservation = await booked(agency)
    await agency.control("cancel", reservation=reservation)
    (booking,) = (await agency.ledger())["bookings"]
    assert booking["status"] == "Cancelled"
    answer = await agency.http.post("/_control/cancel", json={"reservation": "none"})
    assert answer.status == 400


async def test_ship_details_need_no_session(agency: Agency) -> None:
    """Decks with their plans."""
    await agency.log_in()
    (ship,) = (await agency.get("cruiseshipdetails.pl", shipid=2411))["results"]
    assert ship["name"] == "Wonder of the Seas"
    assert ship["decks"][0]["imageurl"].endswith(".svg")
    assert error(await agency.get("cruiseshipdetails.pl", shipid=1))[0] == 111


async def test_a_booking_outlives_its_session(agency: Agency) -> None:
    """Sessions long over are forgotten, but never one that something was booked in."""
    reservation = await booked(agency)
    other = Agency(agency.http)
    await agency.control("policy", token_seconds=90_000)
    await agency.control("clock", advanceSeconds=20_000)
    await other.log_in()
    for _ in range(499):
        await other.search(codetocruiseid=2190294)
    agency.token = other.token
    (result,) = (await imported(agency, reservation))["results"]
    assert result["cruiseitem"]["status"] == "Booked"
