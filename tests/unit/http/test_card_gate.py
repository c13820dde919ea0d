"""No card number is taken in any text, and none is written back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import ValidationError

import booking_http.routes
from booking_http.api.idempotency import KeyedHashes, bind, canonical, read_key, same_request
from booking_http.console.forms import Typed
from booking_http.web.models import RequestModel
from booking_http.web.problems import Problem
from booking_http.web.request_context import request_id_of
from booking_http.web.validation import problem_of

CARD = "4012 8888 8888 1881"
BARE = "4012888888881881"
BELONGS = {"cardNumber", "password", "newPassword", "sealed", "cursor"}
"""Where a card number is asked for, and what is looked at and never kept."""


def models(base: type[RequestModel] = RequestModel) -> Iterator[type[RequestModel]]:
    """Return every model of what is sent, by programs and by forms."""
    for model in base.__subclasses__():
        yield model
        yield from models(model)


def takes_text(kind: Any) -> bool:
    if get_origin(kind) in (Union, UnionType, Annotated):
        return any(takes_text(each) for each in get_args(kind))
    return kind is str


TEXTS = sorted(
    {
        (model, field.alias or name)
        for model in models()
        for name, field in model.model_fields.items()
        if takes_text(field.annotation) and (field.alias or name) not in BELONGS
    },
    key=lambda each: (each[0].__name__, each[1]),
)


@pytest.mark.parametrize(
    ("model", "field"), TEXTS, ids=lambda each: getattr(each, "__name__", each)
)
@pytest.mark.parametrize("typed", [CARD, BARE])
def test_every_text_refuses_a_card_number_at_its_own_place(
    model: type[RequestModel], field: str, typed: str
) -> None:
    with pytest.raises(ValidationError) as found:
        model.model_validate_json(json.dumps({field: typed}))
    problem = problem_of(found.value)
    assert f"/{field}" in {fault.pointer for fault in problem.errors}
    assert BARE not in repr(problem.errors).replace(" ", "")


def test_the_guard_looks_at_what_guests_and_staff_write() -> None:
    """Guards the guard: a search that finds no field proves nothing."""
    named = {field for _, field in TEXTS}
    assert {"firstName", "address", "specialRequests", "cardholderName", "reason", "query"} <= named
    assert {"TokenForm", "AuditQuery", "BulkForm"} <= {model.__name__ for model, _ in TEXTS}


@pytest.mark.parametrize("name", [f"x{BARE}", f"card_{BARE}", BARE])
def test_the_name_of_an_unknown_field_is_not_repeated_with_a_card_in_it(name: str) -> None:
    with pytest.raises(ValidationError) as found:
        booking_http.api.requests.CancelRequest.model_validate_json(json.dumps({name: 1}))
    assert [fault.pointer for fault in problem_of(found.value).errors] == [""]


@pytest.mark.parametrize("given", [BARE, f"order-{BARE}", "4012-8888-8888-1881"])
def test_a_request_id_with_a_card_number_is_replaced(given: str) -> None:
    assert request_id_of(given) != given
    assert request_id_of("shop-000000000000") == "shop-000000000000"


@pytest.mark.parametrize("key", [BARE, CARD])
def test_a_key_that_is_a_card_number_is_refused(key: str) -> None:
    with pytest.raises(Problem) as found:
        read_key(key)
    assert key not in str(found.value.detail)


def test_a_form_is_shown_again_without_the_field_that_held_a_card() -> None:
    assert Typed({"reason": f"paid by {CARD}", "amount": "9.00"}) == {"amount": "9.00"}


def test_a_fingerprint_is_made_without_the_number_of_a_card() -> None:
    body = {"payment": {"cardNumber": BARE, "cvv": "987", "expiryYear": 2031, "expiryMonth": 12}}
    made = canonical(body).decode()
    assert json.loads(made) == {
        "payment": {"cardBrand": "Visa", "cardLast4": "1881", "expiryMonth": 12}
    }


def test_two_cards_are_told_apart_by_what_may_be_kept() -> None:
    amex = {"cardNumber": "378282246310005"}
    assert canonical({"cardNumber": BARE}) != canonical(amex)
    assert canonical({"cardNumber": BARE}) != canonical({"cardNumber": "4111111111111111"})


def test_a_key_bound_by_the_release_before_is_still_known() -> None:
    """Both run side by side for a while: what the older wrote is compared as it was made."""
    hashes = KeyedHashes(key=b"k" * 32)
    body = {"amount": "9.00", "payment": {"cardNumber": BARE, "cvv": "123"}}
    held = b'{"amount":"9.00","payment":{"cardNumber":"4012888888881881"}}'
    older = hashes.digest("idempotency-body", b"POST /x", held)

    def bound(asked: object) -> Any:
        key = "a-wish-of-the-guest-0001"
        return bind(key, scope="s", route="POST /x", body=asked, success_status=200, hashes=hashes)

    binding = bound(body)
    assert same_request(older, binding)
    assert same_request(binding.fingerprint, binding)
    assert (binding.fingerprint[0], len(binding.fingerprint)) == (2, 33)
    assert not same_request(older, bound(body | {"amount": "8.00"}))
