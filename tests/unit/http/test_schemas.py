"""What a client may send, and how what is wrong with it is told without repeating it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from booking_http.api.conversions import changes_of, payment_of
from booking_http.api.requests import (
    BookRequest,
    DetailsRequest,
    OpenSessionRequest,
    PassengerRequest,
    PaymentRequest,
    SelectCabinRequest,
)
from booking_http.web.models import RequestModel
from booking_http.web.problems import Problem
from booking_http.web.validation import problem_of
from tests.support.service import VISA, Json

PASSENGER: Json = {
    "title": "Mr",
    "firstName": "Alex",
    "lastName": "Example",
    "dateOfBirth": "1985-11-15",
    "gender": "M",
    "nationality": "US",
    "passengerType": "adult",
}
PAYMENT: Json = {
    "cardNumber": VISA,
    "expiryMonth": 12,
    "expiryYear": 2031,
    "cvv": "123",
    "cardholderName": "Alex Example",
    "amount": "500.00",
    "paymentType": "deposit",
}


def refused(model: type[RequestModel], body: Any) -> Problem:
    with pytest.raises(ValidationError) as found:
        model.model_validate_json(json.dumps(body))
    return problem_of(found.value)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"dateOfBirth": "15.11.1985"}, "/dateOfBirth"),
        ({"dateOfBirth": "1985-02-30"}, "/dateOfBirth"),
        ({"dateOfBirth": "1985-11-15T00:00:00"}, "/dateOfBirth"),
        ({"dateOfBirth": 500860800}, "/dateOfBirth"),
        ({"nationality": "USA"}, "/nationality"),
        ({"gender": "?"}, "/gender"),
        ({"passengerType": "dog"}, "/passengerType"),
        ({"firstName": ""}, "/firstName"),
        ({"firstName": "   "}, "/firstName"),
        ({"firstName": "A\u0000B"}, "/firstName"),
        ({"firstName": "x" * 81}, "/firstName"),
        ({"first_name": "Alex"}, "/first_name"),
    ],
    ids=str,
)
def test_a_traveller_that_is_not_understood_is_told_where(change: Json, pointer: str) -> None:
    problem = refused(PassengerRequest, PASSENGER | change)
    assert problem.code == "validation_failed"
    assert [fault.pointer for fault in problem.errors] == [pointer]


@pytest.mark.parametrize(
    "amount",
    [500, 500.0, "500,00", "-1.00", "1.001", "1e3", "", "NaN", "\u0665\u0660", None],
    ids=repr,
)
def test_money_is_a_decimal_string(amount: object) -> None:
    assert refused(PaymentRequest, PAYMENT | {"amount": amount}).errors[0].pointer == "/amount"


@pytest.mark.parametrize(("month", "year"), [(9, 2031), ("09", "2031"), ("9", "31"), (9, 31)])
def test_the_dates_of_cards_are_taken_as_forms_send_them(month: object, year: object) -> None:
    body = PAYMENT | {"expiryMonth": month, "expiryYear": year}
    ask = PaymentRequest.model_validate_json(json.dumps(body))
    assert (ask.expiry_month, ask.expiry_year) == (9, 2031)


def test_blanks_in_a_card_number_are_left_out_and_it_never_prints() -> None:
    body = PAYMENT | {"cardNumber": "4111 1111-1111 1111"}
    ask = PaymentRequest.model_validate_json(json.dumps(body))
    payment = payment_of(ask, currency="USD")
    assert payment.card.reveal_number() == VISA
    assert payment.amount.amount == Decimal("500.00")
    assert VISA not in repr(ask) + str(ask) + repr(payment)
    assert "123" not in repr(ask).replace("500.00", "")


@given(st.text(min_size=1), st.sampled_from(["cardNumber", "cvv", "cardholderName", "amount"]))
def test_what_is_wrong_with_a_card_is_never_repeated(typed: str, field: str) -> None:
    """Whatever was typed, the problem speaks of the field and not of its content."""
    hidden = f"{typed}~4000~{typed}" * 3
    problem = refused(PaymentRequest, PAYMENT | {field: [hidden]})
    assert hidden not in repr(problem.errors) + str(problem.detail)


def test_pointers_escape_what_json_pointers_must() -> None:
    problem = refused(OpenSessionRequest, {"cruiseId": 3, "passengerCount": {"adults": 1}})
    assert [fault.pointer for fault in problem.errors] == ["/cruiseId"]


def test_a_cabin_is_held_unless_the_guest_says_otherwise() -> None:
    key = {"resultNo": "1", "gradeNo": "2", "rateCode": "3"}
    assert SelectCabinRequest.model_validate_json(json.dumps(key)).add_to_basket is True
    assert (
        refused(SelectCabinRequest, key | {"addToBasket": "no"}).errors[0].pointer == "/addToBasket"
    )


def test_null_says_nothing_and_something_empty_clears() -> None:
    """A client that fills in null for what it was not given erases nothing."""
    nulls = {"contact": None, "passengers": None, "dining": None, "specialRequests": None}
    for sent, changes in (
        ({}, {}),
        (nulls, {}),
        (nulls | {"specialRequests": "Quiet."}, {"special_requests": "Quiet."}),
        (nulls | {"dining": "", "passengers": []}, {"dining": None, "passengers": ()}),
        ({"specialRequests": ""}, {"special_requests": None}),
    ):
        assert changes_of(DetailsRequest.model_validate_json(json.dumps(sent))) == changes, sent


def test_a_booking_names_everything_that_is_missing_at_once() -> None:
    problem = refused(BookRequest, {"passengers": [{}]})
    pointers = {fault.pointer for fault in problem.errors}
    assert {"/contact", "/passengers/0/title", "/passengers/0/nationality"} <= pointers


def test_a_text_that_may_be_empty_is_told_at_its_own_place() -> None:
    problem = refused(DetailsRequest, {"specialRequests": "a\u0000b"})
    found = [(fault.pointer, fault.detail) for fault in problem.errors]
    assert found == [("/specialRequests", "must not hold control characters")]
