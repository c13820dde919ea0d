"""What the document says of a field that is sent is what is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from booking_flow.errors import Fault
from booking_http.web.models import Query, RequestModel
from booking_http.web.validation import faults_of
from tests.integration.http.test_openapi import DOCUMENT
from tests.support.service import Json, Service

SCHEMAS: Json = DOCUMENT["components"]["schemas"]


def models(kind: type[RequestModel] = RequestModel) -> Iterator[type[RequestModel]]:
    for each in kind.__subclasses__():
        if not issubclass(each, Query):
            yield each
            yield from models(each)


SENT = {each.__name__: each for each in models() if each.__name__ in SCHEMAS}


def options(schema: Json) -> list[Json]:
    """Return what a field may be, each kind by itself."""
    found = schema.get("anyOf") or schema.get("oneOf")
    return [part for each in found for part in options(each)] if found else [schema]


def texts() -> list[tuple[str, str, Json]]:
    return [
        (model, name, option)
        for model in SENT
        for name, schema in SCHEMAS[model].get("properties", {}).items()
        for option in options(schema)
        if option.get("type") == "string" and "const" not in option
    ]


def may_be_empty(model: str, name: str) -> bool:
    return {"const": "", "type": "string"} in options(SCHEMAS[model]["properties"][name])


def faults(model: str, name: str, value: Any) -> list[Fault]:
    """Return what is wrong with one field, whatever else is missing."""
    try:
        SENT[model].model_validate_json(json.dumps({name: value}))
    except ValidationError as error:
        return [fault for fault in faults_of(error) if fault.pointer == f"/{name}"]
    return []


def test_every_text_has_a_bound() -> None:
    bounds = {"maxLength", "pattern", "enum", "format"}
    assert [(model, name) for model, name, each in texts() if not bounds & set(each)] == []
    assert len(texts()) > 60


@pytest.mark.parametrize("model", SENT)
def test_lengths_are_those_of_the_document(model: str) -> None:
    for _, name, each in (found for found in texts() if found[0] == model):
        longest = each.get("maxLength")
        if longest is not None:
            assert faults(model, name, "ab" * longest), f"{name}: longer than it may be"
            told = [fault.detail for fault in faults(model, name, ("ab" * longest)[:longest])]
            assert [text for text in told if "at most" in text] == [], name
        if each.get("minLength") and not may_be_empty(model, name):
            assert faults(model, name, ""), f"{name}: shorter than it may be"


@pytest.mark.parametrize("model", SENT)
def test_what_is_no_word_of_the_document_is_refused(model: str) -> None:
    for _, name, each in (found for found in texts() if found[0] == model):
        pattern, words = each.get("pattern"), each.get("enum")
        if words is not None:
            assert faults(model, name, "~ ~"), name
        elif pattern is not None and not (model.endswith("PaymentRequest") and name != "code"):
            assert not re.search(pattern, "~ ~"), name
            assert faults(model, name, "~ ~"), name


CARD: Json = {"expiryMonth": 12, "expiryYear": 2031, "cvv": "123", "cardNumber": "4" * 16}


@pytest.mark.parametrize(
    "wrong",
    [
        *({"cvv": "12"}, {"cvv": "12345"}, {"cvv": "12a"}, {"cardNumber": "4" * 12}),
        *({"cardNumber": "4" * 20}, {"cardNumber": "4x" * 8}, {"expiryMonth": 13}),
        *({"expiryMonth": "00"}, {"expiryMonth": "0013"}, {"expiryYear": "20311"}),
    ],
    ids=str,
)
async def test_a_card_that_the_document_does_not_allow_is_refused(
    service: Service, wrong: Json
) -> None:
    """By the core, which has a code of its own for it; nothing is sent to the line."""
    ((name, value),) = wrong.items()
    schemas = options(SCHEMAS["PaymentRequest"]["properties"][name])
    assert not any(allows(each, value) for each in schemas)
    guest = service.guest()
    total = (await guest.to_basketed()).body["price"]["total"]
    refused = await guest.book(guest.booking(payment=guest.payment(total) | wrong))
    assert (refused.status, refused.code in ("card_invalid", "validation_failed")) == (422, True)
    assert (await service.simulator.ledger())["bookings"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        *({"adults": 0}, {"adults": 9}, {"adults": 1, "children": -1}),
        *({"adults": 1, "children": 8, "childAges": [1] * 8},),
        *({"adults": 1, "children": 1, "childAges": [18]},),
        *({"adults": 1, "children": 1, "childAges": [-1]},),
    ],
    ids=str,
)
async def test_a_party_that_the_document_does_not_allow_is_refused(
    service: Service, wrong: Json
) -> None:
    schema = SCHEMAS["PartyRequest"]["properties"]
    allowed = [
        allows(schema["adults"], wrong["adults"]),
        allows(schema["children"], wrong.get("children", 0)),
        *(allows(schema["childAges"]["items"], age) for age in wrong.get("childAges", ())),
    ]
    assert not all(allowed)
    party = {"children": 0, "childAges": []} | wrong
    body = {"cruiseId": "2190294", "passengerCount": party}
    refused = await service.call("POST", "/api/v1/booking/session", body)
    assert (refused.status, refused.code) == (422, "party_invalid")


def allows(schema: Json, value: Any) -> bool:
    """Whether a schema of one kind takes a value."""
    if schema["type"] == "integer":
        whole = isinstance(value, int)
        return whole and schema["minimum"] <= value <= schema["maximum"]
    return isinstance(value, str) and re.search(schema["pattern"], value) is not None
