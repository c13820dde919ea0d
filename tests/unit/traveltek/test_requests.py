"""What is sent is, key by key, what the captured requests show."""

from datetime import date
from typing import Any

import pytest

from adapters.traveltek import requests, requests_booking
from booking_flow.model.party import (
    AgeBands,
    Contact,
    Details,
    Party,
    PartyRules,
    Passenger,
    PassengerType,
)
from booking_flow.model.sailing import Sailing
from tests.conftest import Samples
from tests.support import traveltek as kit

ALEX = Passenger(
    title="Mr",
    first_name="Alex",
    last_name="Tester",
    date_of_birth=date(1985, 11, 15),
    gender="M",
    nationality="US",
    passenger_type=PassengerType.ADULT,
)
CONTACT = Contact(
    title="Mr",
    first_name="Alex",
    last_name="Tester",
    email="pax1@example.com",
    phone="5550100000",
    address="1 Example St",
    city="City",
    state="OR",
    postal_code="00000",
    country="US",
)
SAILING = Sailing(
    cruise_id="1824282",
    name="Western Caribbean",
    line_id=8,
    line_name="Carnival",
    ship_id=1196,
    ship_name="Carnival Breeze",
    sailing_date=date(2021, 3, 7),
    nights=4,
)
DETAILS = Details(contact=CONTACT, passengers=(ALEX, ALEX))


def booking(**changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "session_key": "A0000002-0000k0000-0000-000000000002",
        "sailing": SAILING,
        "details": DETAILS,
    }
    order = kit.order(**(usual | changes))
    return requests_booking.booking(order, settings=kit.settings())


def test_a_booking_without_a_card_is_the_captured_one(samples: Samples) -> None:
    body = samples("book-request-nopayment")["body"]
    assert {"sid": "10001", **booking()} == body


def test_a_card_is_the_captured_one(samples: Samples) -> None:
    """`passthroughitem` is a number, `amount` too; month and year are text."""
    card = samples("book-request-ccard")["body"]["ccard"]
    sent = booking(paid=kit.payment("1125.24"))["ccard"]
    changed = {"nameoncard", "expirymonth", "expiryyear", "signature"}
    assert {k: v for k, v in sent.items() if k not in changed} == {
        k: v for k, v in card.items() if k not in changed
    }
    assert sent.keys() == card.keys()
    assert (sent["expirymonth"], sent["expiryyear"], sent["signature"]) == ("02", "2031", kit.CVV)


def test_a_payment_form_has_the_captured_fields(samples: Samples) -> None:
    form = samples("payment-request")["body"]
    sent = requests_booking.payment(kit.SESSION, DETAILS, kit.payment("1125.24"))
    assert {"requestid", *sent} == form.keys()
    assert all(isinstance(value, str) for value in sent.values())


def test_our_reference_goes_along_where_the_account_takes_one() -> None:
    settings = kit.settings(send_internal_reference=True)
    body = requests_booking.booking(kit.order(details=DETAILS), settings=settings)
    assert body["internalref"] == "BF-7K3Q9X2M"
    assert "internalref" not in booking()


def test_a_deposit_is_said_by_a_number() -> None:
    assert booking(deposit_booking=True)["depositbooking"] == 1


def test_a_state_may_be_missing() -> None:
    from dataclasses import replace  # noqa: PLC0415

    body = booking(details=replace(DETAILS, contact=replace(CONTACT, state=None)))
    assert body["contact"]["county"] == body["passengers"]["1"]["county"] == ""


def test_without_a_contact_nothing_is_built() -> None:
    with pytest.raises(ValueError, match="contact"):
        booking(details=Details())


def test_search_and_grades_name_the_same_party() -> None:
    """Grades asked with another party than the search give no results (traveltek.md, section 3)."""
    party = Party(adults=2, child_ages=(8, 4))
    ours = kit.settings()
    search = requests.search(kit.SAILING, party, "USD", settings=ours)
    grades = requests.grades(kit.SESSION, kit.SAILING, party, "USD", settings=ours)
    assert (search["adults"], search["children"], search["infants"]) == ("2", "2", "0")
    assert (grades["adults"], grades["children"]) == ("2", "2")
    assert (grades["paxtype-3"], grades["paxtype-4"]) == ("child", "child")
    assert search["childdob"] == f"{grades['dob-3']},{grades['dob-4']}"


def test_infants_are_counted_apart_by_the_bands_of_the_line() -> None:
    party = Party(adults=2, child_ages=(8, 1))
    none = PartyRules(lines={kit.SAILING.line_id: AgeBands(max_infant_age=0, max_child_age=12)})
    others = kit.settings(party=none)
    search = requests.search(kit.SAILING, party, "USD", settings=others)
    assert (search["children"], search["infants"]) == ("2", "0")
    ours = kit.settings()
    search = requests.search(kit.SAILING, party, "USD", settings=ours)
    grades = requests.grades(kit.SESSION, kit.SAILING, party, "USD", settings=ours)
    assert (search["children"], search["infants"]) == ("1", "1")
    assert (grades["children"], grades["infants"]) == ("1", "1")
    assert (grades["paxtype-3"], grades["paxtype-4"]) == ("child", "infant")


def test_the_search_asks_for_all_our_lines_in_a_window_around_the_sailing() -> None:
    """With the catalogue's line alone, a wrong line there would look like a sold-out sailing."""
    sent = requests.search(SAILING, Party(adults=2), "USD", settings=kit.settings())
    assert sent["lineid"] == "3,8,22"
    assert (sent["startdate"], sent["enddate"]) == ("2021-02-05", "2021-04-06")
    assert sent["codetocruiseid"] == "1824282"
    assert "childdob" not in sent


def test_a_cabin_number_is_sent_only_when_the_guest_chose_one() -> None:
    from dataclasses import replace  # noqa: PLC0415

    assert "cabinno" not in requests.basket_add(kit.SESSION, kit.SELECTION, "USD")
    chosen = replace(kit.SELECTION, cabin_number="11268")
    assert requests.basket_add(kit.SESSION, chosen, "USD")["cabinno"] == "11268"


def test_secrets_of_the_settings_are_masked() -> None:
    told = repr(kit.settings())
    assert "agency-secret" not in told
    assert "'agency'" not in told
