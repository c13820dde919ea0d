"""What a guest reads at a field that was refused: words of the pages, never the API's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from booking_flow.errors import Fault
from booking_http.api.lookup_models import GuestCorrectionRequest
from booking_http.api.requests import (
    AddressRequest,
    ContactRequest,
    DetailsRequest,
    PassengerRequest,
    PaymentRequest,
)
from booking_http.shop.field_words import CHANGE_IT, NO_CARD_HERE, faults_of
from booking_http.shop.texts import LANGUAGES, catalogue
from booking_http.web.models import CARD_IN_TEXT

MODELS = (AddressRequest, ContactRequest, DetailsRequest, PassengerRequest, PaymentRequest)
ELSEWHERE = {"contact", "printedFirstName", "printedLastName"}
"""What is no field of a page."""


def fields(model: type[BaseModel]) -> Iterator[str]:
    for name, each in model.model_fields.items():
        yield each.alias or name


def told(pointer: str, detail: str = "is something in English") -> str:
    (wrong,) = faults_of([Fault(pointer=pointer, detail=detail)]).values()
    assert not wrong.facts
    return wrong.words


@pytest.mark.parametrize("name", sorted({f for m in MODELS for f in fields(m)} - ELSEWHERE))
def test_every_field_that_can_be_refused_has_words_of_its_own(name: str) -> None:
    words = told(f"/x/{name}")
    assert words != CHANGE_IT
    for language in LANGUAGES[1:]:
        assert catalogue(language).gettext(words) != words


def test_a_field_that_nobody_knows_is_refused_in_words_as_well() -> None:
    assert "value" in fields(GuestCorrectionRequest)
    assert told("/news") == CHANGE_IT


def test_a_card_number_in_a_text_is_told_as_one() -> None:
    assert told("/specialRequests", CARD_IN_TEXT) == NO_CARD_HERE
