"""Answers that contradict what was asked: the answer is another, the books are not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.simulator.contradictions import BENDS
from adapters.simulator.faults import FAULTS
from tests.integration.simulator.test_odd_texts import odd_answer
from tests.support.agency import VISA, Agency

NOT_CHARGED = "authcode_declined"
CELLS = [
    (endpoint, fault)
    for fault in BENDS
    for endpoint in sorted(FAULTS[fault].endpoints)
    if fault != "nested_results" or endpoint in ("cruiseresults.pl", "book.pl")
]


def told(body: Any, name: str) -> list[Any]:
    """Return every value of a member, wherever in an answer it stands."""
    if isinstance(body, list):
        return [found for item in body for found in told(item, name)]
    if not isinstance(body, dict):
        return []
    here = [body[name]] if name in body else []
    return here + [found for item in body.values() for found in told(item, name)]


MEMBERS = {
    "item_cancelled": ("status", "Cancelled"),
    "item_on_request": ("status", "OnRequest"),
    "item_waitlisted": ("status", "Waitlisted"),
    "item_pending": ("status", "Pending"),
    "authcode_zeros": ("authcode", "000000"),
    "authcode_declined": ("authcode", "DECLINED"),
    "red_with_authcode": ("fraudcategory", "Red"),
    "charged_in_other_currency": ("currency", "SEK"),
    "total_missing": ("totalprice", ""),
    "deposit_too_large": ("totaldeposit", 999_999),
    "hold_endless": ("releasetime", "2099-12-31 23:59:59"),
    "commission_received": ("commission", {"amount": 100}),
}
"""What an answer says by these faults; the others change what every answer says differently."""


@pytest.mark.parametrize(("endpoint", "fault"), CELLS)
async def test_an_answer_says_what_its_fault_makes_of_it(
    agency: Agency, endpoint: str, fault: str
) -> None:
    body = json.loads(await odd_answer(agency, endpoint, fault))
    assert body["errors"] == []
    if fault == "nested_results":
        assert isinstance(body["results"][0], list)
    elif fault in MEMBERS:
        name, value = MEMBERS[fault]
        assert value in told(body["results"], name)
    if endpoint == "book.pl":
        ledger = await agency.ledger()
        assert [one["status"] for one in ledger["bookings"]] == ["Booked"]
        assert len(ledger["charges"]) == (0 if fault == NOT_CHARGED else 1)


@pytest.mark.parametrize("endpoint", ["book.pl", "payment.pl"])
async def test_a_card_may_be_charged_less_than_was_asked(agency: Agency, endpoint: str) -> None:
    body = json.loads(await odd_answer(agency, endpoint, "charged_too_little"))
    assert told(body["results"], "transactions")[0][0]["amount"] == 1
    assert [one["amount"] for one in (await agency.ledger())["charges"]] == ["1.00"]


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("other_sailing", "codetocruiseid"),
        ("other_date", "saildate"),
        ("other_nights", "nights"),
        ("other_cabin", "cabinno"),
        ("other_grade", "cabincode"),
        ("fewer_guests", "passengers"),
    ],
)
async def test_a_booking_may_be_told_as_another(agency: Agency, fault: str, name: str) -> None:
    await agency.hold()
    true = await agency.book(agency.order(card=VISA))
    said = json.loads(await odd_answer(agency, "book.pl", fault))
    assert told(said["results"], name) != told(true["results"], name)
