"""traveltek.md, section 7: what book.pl wants, what it answers, and what it leaves behind."""

from contextlib import suppress
from datetime import datetime
from typing import Any

import aiohttp
import pytest

from adapters.simulator.faults import FAULTS
from tests.integration.simulator.conftest import Start
from tests.support.agency import VISA, Agency, Json, error

NEVER_BOOKED = (
    *("token_expired_200", "token_expired_401", "session_expired", "hold_lapsed", "unknown_status"),
)
"""Faults after which the item cannot be booked any more, or not with this token."""


def outcome(body: Json) -> tuple[str, str, Json]:
    """Return status, reservation and details of a booking answer."""
    (result,) = body["results"]
    details = result["bookingdetails"]
    return result["status"], details["bookingitems"][0]["cruisedetail"]["reservation"], details


async def test_without_a_card_it_is_a_real_reservation(agency: Agency) -> None:
    """The whole balance is outstanding; the hold has become a booking."""
    await agency.hold()
    status, reservation, details = outcome(await agency.book())
    assert (status, len(reservation), reservation.isdecimal()) == ("Booked", 7, True)
    assert details["outstandingbalance"] == details["totalprice"] > 0
    assert details["transactions"] == []
    assert details["passengers"][0]["specialservices"].startswith("ARRAY(0x")
    ledger = await agency.ledger()
    assert (ledger["holds"], ledger["charges"]) == ([], [])
    assert (await agency.get("basket.pl"))["results"][0]["basketitems"] == []


async def test_the_booking_precedes_the_transaction(agency: Agency) -> None:
    """A caller that times out in between leaves a live booking behind."""
    await agency.hold()
    details = outcome(await agency.book(agency.order(card=VISA)))[2]
    booked, charged = (
        datetime.fromisoformat(details[name]) for name in ("datebookedutc", "transactiondateutc")
    )
    assert booked < charged


@pytest.mark.parametrize("number", [VISA, "378282246310005", "5555555555554444"])
async def test_a_deposit_can_be_paid_by_card(agency: Agency, number: str) -> None:
    """With depositbooking 1 the deposit is taken, and an authcode of six digits proves it."""
    await agency.hold()
    details = outcome(await agency.book(agency.order(card=number, deposit=True)))[2]
    assert details["totaltransactionamount"] == 500
    assert details["outstandingbalance"] == pytest.approx(details["totalprice"] - 500)
    assert len(details["transactions"][0]["authcode"]) == 6


async def test_the_lead_passengers_title_is_201(agency: Agency) -> None:
    """Nothing is booked."""
    await agency.hold()
    order = agency.order()
    order["contact"]["title"] = ""
    assert error(await agency.book(order))[0] == 201
    assert (await agency.ledger())["bookings"] == []


@pytest.mark.parametrize("name", ["title", "nationality", "dob"])
async def test_a_passengers_missing_field_has_words_and_no_code(agency: Agency, name: str) -> None:
    """The words name the field."""
    await agency.hold()
    order = agency.order()
    order["passengers"]["2"][name] = ""
    code, text = error(await agency.book(order))
    assert code is None
    assert name in text


async def test_the_smoking_answer_is_required(agency: Agency) -> None:
    """It is part of the dining."""
    await agency.hold()
    order = agency.order()
    order["allocation"][agency.item["itemkey"]]["dining"]["smoking"] = ""
    code, text = error(await agency.book(order))
    assert (code, "smoking" in text) == (None, True)


def _list_of_passengers(order: Json) -> None:
    order["passengers"] = list(order["passengers"].values())


def _one_passenger(order: Json) -> None:
    del order["passengers"]["2"]


def _no_person(order: Json) -> None:
    order["passengers"]["2"] = "Alex"


def _wrong_amount(order: Json) -> None:
    order["ccard"]["amount"] = 1.00


def _no_number(order: Json) -> None:
    order["ccard"]["amount"] = "much"


def _negative(order: Json) -> None:
    order["ccard"]["amount"] = -5


def _card_of_text(order: Json) -> None:
    order["ccard"] = "visa"


@pytest.mark.parametrize(
    "spoil",
    [
        _list_of_passengers,
        _one_passenger,
        _no_person,
        _wrong_amount,
        _no_number,
        _negative,
        _card_of_text,
    ],
)
async def test_values_that_cannot_be_are_111(agency: Agency, spoil: Any) -> None:
    """Passengers are an object, one for each guest; the amount is the total or the deposit."""
    await agency.hold()
    order = agency.order(card=VISA)
    spoil(order)
    assert error(await agency.book(order))[0] == 111
    assert (await agency.ledger())["bookings"] == []


async def test_items_not_in_the_basket_are_152(agency: Agency) -> None:
    """Neither for the dining nor for the card."""
    await agency.hold()
    order = agency.order(card=VISA)
    order["ccard"]["passthroughitem"] = 1
    assert error(await agency.book(order))[0] == 152
    order = agency.order()
    order["allocation"]["1"] = order["allocation"][agency.item["itemkey"]]
    assert error(await agency.book(order))[0] == 152
    await agency.get("basketremove.pl", basketkey=agency.item["itemkey"])
    assert error(await agency.book())[0] == 152


async def test_missing_parts_are_110(agency: Agency) -> None:
    """Of the body and of the card."""
    await agency.hold()
    assert error(await agency.book(agency.order() | {"allocation": {}}))[0] == 110
    order = agency.order(card=VISA)
    del order["ccard"]["expiryyear"]
    assert error(await agency.book(order))[0] == 110
    answer = await agency.http.post(
        "/2.1/json/book.pl", data=b"{", headers={"requestid": agency.token}
    )
    assert error(await answer.json())[0] == 110


@pytest.mark.parametrize(
    "change",
    [
        {"cardnumber": "4111111111111112"},
        {"cardtype": "AMX"},
        {"expiryyear": "2020"},
        {"expiryyear": "soon"},
    ],
)
async def test_a_card_that_cannot_be_real_is_declined(agency: Agency, change: Json) -> None:
    """Failed with a booking id and Red, HTTP 200 and no error; totals are zero."""
    await agency.hold()
    order = agency.order(card=VISA)
    order["ccard"] |= change
    body = await agency.book(order)
    status, reservation, details = outcome(body)
    assert (body["errors"], status, reservation) == ([], "Failed", "")
    assert (details["totalprice"], details["outstandingbalance"]) == (0, 0)
    assert details["transactions"][0]["authcode"] == ""
    assert details["transactions"][0]["fraudcategory"] == "Red"
    assert outcome(await agency.book(agency.order(card=VISA)))[0] == "Booked"


@pytest.mark.parametrize("policy", ["error", "reprice", "success"])
async def test_booking_after_the_hold_has_lapsed(start: Start, policy: str) -> None:
    """Error, a new price, or as if nothing had been: a policy."""
    agency = Agency(await start(book_after_release=policy))
    await agency.hold()
    await agency.control("clock", advanceSeconds=890)
    body = await agency.book()
    if policy == "error":
        assert error(body)[0] == 152
    else:
        dearer = outcome(body)[2]["totalprice"] > agency.basket["totalprice"]
        assert dearer is (policy == "reprice")


@pytest.mark.parametrize("policy", ["error", "same", "duplicate"])
async def test_a_second_book_for_the_same_item(start: Start, policy: str) -> None:
    """Error, the same booking, or another one: a policy."""
    agency = Agency(await start(second_book=policy))
    await agency.hold()
    order = agency.order(card=VISA)
    first, second = await agency.book(order), await agency.book(order)
    ledger = await agency.ledger()
    if policy == "error":
        assert error(second)[0] == 152
    else:
        same = first["results"][0]["bookingid"] == second["results"][0]["bookingid"]
        assert same is (policy == "same")
    assert len(ledger["bookings"]) == len(ledger["charges"]) == (2 if policy == "duplicate" else 1)


async def test_a_yellow_failure_may_turn_booked_later(start: Start) -> None:
    """Whether it does is a policy; then a reservation and a charge appear by themselves."""
    agency = Agency(await start(failed_yellow_turns_booked=True))
    await agency.hold()
    await agency.book(agency.order(card="4000000000009995"))
    assert [one["status"] for one in (await agency.ledger())["bookings"]] == ["Failed"]
    await agency.control("clock", advanceSeconds=120)
    ledger = await agency.ledger()
    (booking,) = ledger["bookings"]
    assert (booking["status"], bool(booking["reservation"])) == ("Booked", True)
    assert len(ledger["charges"]) == 1
    assert ledger["holds"] == []


@pytest.mark.parametrize("card", [VISA, None])
@pytest.mark.parametrize("seconds", [None, 60])
async def test_a_yellow_failure_that_turns_booked_by_fault(
    agency: Agency, seconds: int | None, card: str | None
) -> None:
    """At once after the answer or later, with or without a card, which alone is charged."""
    await agency.hold()
    await agency.fault("book.pl", "yellow_turns_booked", seconds=seconds)
    status, reservation, details = outcome(await agency.book(agency.order(card=card)))
    assert (status, reservation, details["totalprice"]) == ("Failed", "", 0)
    assert details["transactions"][0]["fraudcategory"] == "Yellow"
    assert details["transactions"][0]["authcode"] == ""
    if seconds:
        assert [one["status"] for one in (await agency.ledger())["bookings"]] == ["Failed"]
        await agency.control("clock", advanceSeconds=seconds)
    ledger = await agency.ledger()
    (booking,) = ledger["bookings"]
    assert (booking["bookingId"], booking["status"]) == (str(details["bookingid"]), "Booked")
    assert len(ledger["charges"]) == (1 if card else 0)
    body = await agency.get(
        "cruiseimportbooking.pl", lineid=22, bookingreference=booking["reservation"]
    )
    assert body["results"][0]["cruiseitem"]["status"] == "Booked"


async def test_a_yellow_failure_without_a_card_may_turn_booked_by_policy(start: Start) -> None:
    """With the whole balance outstanding."""
    agency = Agency(await start(failed_yellow_turns_booked=True))
    await agency.hold()
    await agency.fault("book.pl", "failed_yellow")
    assert outcome(await agency.book())[0] == "Failed"
    await agency.control("clock", advanceSeconds=120)
    ledger = await agency.ledger()
    assert [one["status"] for one in ledger["bookings"]] == ["Booked"]
    assert ledger["bookings"][0]["total"] == f"{agency.basket['totalprice']:.2f}"
    assert ledger["charges"] == []


@pytest.mark.parametrize(
    "fault", [one.name for one in FAULTS.values() if "book.pl" in one.endpoints]
)
async def test_a_booking_that_was_sent_no_card_is_never_charged(start: Start, fault: str) -> None:
    """Whatever goes wrong with it, though it comes twice, and also when it turns Booked later."""
    agency = Agency(await start(second_book="duplicate", failed_yellow_turns_booked=True))
    await agency.hold()
    await agency.fault("book.pl", fault, times=2, seconds=0.01)
    for _ in range(3):
        with suppress(aiohttp.ClientError, ValueError, RecursionError):
            await agency.book()
    await agency.control("clock", advanceSeconds=1000)
    ledger = await agency.ledger()
    assert ledger["charges"] == []
    assert "Booked" in {one["status"] for one in ledger["bookings"]} or fault in NEVER_BOOKED


async def test_the_body_is_needed_in_the_header_of_the_token(agency: Agency) -> None:
    """book.pl takes the token from a header and nowhere else."""
    await agency.hold()
    answer = await agency.http.post(
        f"/2.1/json/book.pl?requestid={agency.token}", json=agency.order()
    )
    assert "no request id" in error(await answer.json())[1]
