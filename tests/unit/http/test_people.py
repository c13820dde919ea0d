"""Telephones, countries, addresses, birthdays and mail, as people type them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.errors import MessageError

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.notifications.mail import read_address
from booking_flow.model.card_numbers import holds_card_number
from booking_flow.model.names import keys_of_query, search_keys
from booking_http.api.conversions import contact_of, passengers_of
from booking_http.api.people import COUNTRIES, NATIONALITIES, international
from booking_http.api.requests import ContactRequest, PassengerRequest
from booking_http.web.validation import faults_of
from tests.support.service import Json
from tests.unit.http.test_schemas import PASSENGER

CONTACT: Json = {
    "title": "Mrs",
    "firstName": "Ada",
    "lastName": "Example",
    "email": "ada@example.com",
    "phone": "+1 305 555 0100",
    "address": "1 Harbour Street",
    "city": "Miami",
    "state": "FL",
    "postalCode": "33101",
    "country": "US",
}
ABROAD: Json = {"state": None, "postalCode": "10115", "city": "Berlin", "country": "DE"}


def contact(**changes: object) -> ContactRequest:
    return ContactRequest.model_validate_json(json.dumps(CONTACT | changes))


def faults(**changes: object) -> dict[str, str]:
    with pytest.raises(ValidationError) as found:
        contact(**changes)
    return {fault.pointer: fault.detail for fault in faults_of(found.value)}


@pytest.mark.parametrize(
    ("country", "typed", "dialled"),
    [
        ("US", "+1 305 555 7328", "+13055557328"),
        ("US", "(305) 555-7328", "+13055557328"),
        ("US", "305-555-7328 ext. 12", "+13055557328"),
        ("US", "011 44 20 7946 0958", "+442079460958"),
        ("US", "0041 44 668 18 00", "+41446681800"),
        ("GB", "+44 (0)20 7946 0958", "+442079460958"),
        ("GB", "020 7946 0958", "+442079460958"),
        ("DE", "0049 30 901820", "+4930901820"),
        ("XK", "038 200 200", "+38338200200"),
        ("US", "+4111111111111", None),
        ("US", "555 0100", None),
    ],
)
def test_a_telephone_is_kept_as_typed_and_as_it_is_dialled(
    country: str, typed: str, dialled: str | None
) -> None:
    assert international(typed, country) == dialled


@pytest.mark.parametrize(
    "typed", ["n/a", "call my wife", "12", "+", "none", "0000000000000000000", "@@@"]
)
def test_what_is_no_telephone_is_refused(typed: str) -> None:
    assert list(faults(phone=typed)) == ["/phone"]


@pytest.mark.parametrize(
    "typed",
    [
        *("4012888888881881", "378282246310005", "305 555 7328 / 4012 8888 8888 1881"),
        *("4012-8888-8888-1881", "+1 305 555 7328 x4012888888881881"),
    ],
)
@pytest.mark.parametrize("country", ["US", "DE", "ZZ"])
def test_a_card_number_is_no_telephone(typed: str, country: str) -> None:
    found = faults(phone=typed, country=country)
    assert "/phone" in found
    assert typed not in repr(found)


def test_a_telephone_that_looks_like_a_card_is_one() -> None:
    """Whoever has this number cannot help it: an issuer's prefix, its length, a check digit."""
    assert holds_card_number("49 160 12345677")
    assert contact(phone="49 160 12345677", **ABROAD).phone


@pytest.mark.parametrize(("typed", "hint"), [("UK", "GB"), ("EN", "GB"), ("ZZ", ""), ("QQ", "")])
def test_a_code_that_is_no_country_is_refused_with_a_hint(typed: str, hint: str) -> None:
    assert hint in faults(country=typed)["/country"]
    with pytest.raises(ValidationError):
        PassengerRequest.model_validate_json(json.dumps(PASSENGER | {"nationality": typed}))


@pytest.mark.parametrize("code", ["XK", "XXA", "XXB", "XXC", "us", " GB "])
def test_whoever_travels_has_a_nationality_or_a_code_for_none(code: str) -> None:
    body = json.dumps(PASSENGER | {"nationality": code})
    assert PassengerRequest.model_validate_json(body).nationality == code.strip().upper()


def test_nobody_lives_in_no_country() -> None:
    assert "/country" in faults(country="XXA")
    assert {"US", "XK"} <= COUNTRIES < NATIONALITIES


@pytest.mark.parametrize(
    ("country", "city"),
    [("HK", "Hong Kong"), ("AE", "Dubai"), ("BS", "Nassau"), ("JM", "Kingston")],
)
@pytest.mark.parametrize("code", [None, "", "  "])
def test_where_there_are_no_postal_codes_none_is_given(
    country: str, city: str, code: str | None
) -> None:
    found = contact(country=country, city=city, state=None, postalCode=code)
    assert contact_of(found).postal_code == ""
    assert "/postalCode" in faults(country=country, city=city, state=None, postalCode="00000")


def test_where_there_are_postal_codes_one_is_needed() -> None:
    assert faults(postalCode=None)["/postalCode"] == "is required in this country"
    left_out = {name: value for name, value in CONTACT.items() if name != "postalCode"}
    with pytest.raises(ValidationError):
        ContactRequest.model_validate_json(json.dumps(left_out))
    assert contact(country="IE", city="Cork", state=None, postalCode=None).postal_code is None


def test_a_state_belongs_to_a_country_that_has_some() -> None:
    assert "/state" in faults(country="HK", postalCode=None, city="Hong Kong", state="FL")
    assert contact(country="GB", state="Kent", postalCode="CT1 2EH", city="Canterbury").state


def test_an_address_may_have_a_second_line() -> None:
    assert contact_of(contact(address2="Apt 4")).address2 == "Apt 4"
    assert contact_of(contact()).address2 is None


@pytest.mark.parametrize(
    "typed",
    [
        *("ada,ben@example.com", "ada;ben@example.com", "<ada@example.com>", "a..b@example.com"),
        *(".ada@example.com", 'ada"@example.com', "ada@-example.com", "ada@exam_ple.com"),
        *("mailto:ada@example.com", "ada\u200b@example.com", "ada@example.com%0a", "jörg@x.com"),
        *("ada@localhost", "ada@example", "@example.com", "ada@", "ada", "ada@[127.0.0.1]"),
    ],
)
def test_an_address_that_no_mail_can_be_sent_to_is_refused(typed: str) -> None:
    assert list(faults(email=typed)) == ["/email"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ada+x@example.com", "ada+x@example.com"),
        ("  Ada@Example.COM ", "Ada@example.com"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("ada@münchen.example", "ada@münchen.example"),
    ],
)
def test_an_address_is_kept_as_mail_is_sent_to_it(typed: str, kept: str) -> None:
    assert contact(email=typed).email == kept
    assert read_address(kept).addr_spec.isascii()


TODAY = datetime.now(UTC).date()


@pytest.mark.parametrize(
    "born",
    ["0001-01-01", "0085-11-15", "1085-11-15", "1850-01-01", f"{TODAY + timedelta(days=2)}"],
)
def test_nobody_is_born_so_long_ago_or_not_yet(born: str) -> None:
    with pytest.raises(ValidationError) as found:
        PassengerRequest.model_validate_json(json.dumps(PASSENGER | {"dateOfBirth": born}))
    assert [fault.pointer for fault in faults_of(found.value)] == ["/dateOfBirth"]


@pytest.mark.parametrize("born", [f"{TODAY}", f"{TODAY.year - 110}-02-28", "2000-02-29"])
def test_the_oldest_and_the_youngest_may_sail(born: str) -> None:
    body = json.dumps(PASSENGER | {"dateOfBirth": born})
    assert PassengerRequest.model_validate_json(body).date_of_birth.isoformat() == born


@pytest.mark.parametrize(
    "name", ["\u200b\u200b", "\ufeff", "\u3164", "...", "-", "12345", "\U0001f6a2"]
)
@pytest.mark.parametrize("field", ["firstName", "lastName"])
def test_a_name_has_a_letter_that_can_be_seen(name: str, field: str) -> None:
    with pytest.raises(ValidationError) as found:
        PassengerRequest.model_validate_json(json.dumps(PASSENGER | {field: name}))
    assert [fault.pointer for fault in faults_of(found.value)] == [f"/{field}"]


def traveller(first: str, last: str) -> PassengerRequest:
    body = PASSENGER | {"firstName": first, "lastName": last}
    return PassengerRequest.model_validate_json(json.dumps(body))


def test_what_cannot_be_seen_in_a_name_is_dropped_and_all_scripts_are_welcome() -> None:
    assert traveller("Ada\u202e", "Van\u200bDyk").last_name == "VanDyk"
    (kept,) = passengers_of((traveller("小明", "王"),))
    assert (kept.last_name, kept.printed_last_name) == ("王", "Wang")


def accepted(**changes: object) -> ContactRequest | None:
    try:
        return contact(**changes)
    except ValidationError:
        return None


@given(
    st.emails() | st.text(max_size=60) | st.from_regex(r"\A[^@\s]{1,20}@[^@\s]{1,20}\.\w{2,6}\Z")
)
def test_any_address_that_is_taken_goes_through_the_mailer(typed: str) -> None:
    if found := accepted(email=typed):
        try:
            assert read_address(found.email).addr_spec.isascii()
        except (ValueError, MessageError) as error:
            raise AssertionError(f"{found.email!r} is taken and cannot be mailed to") from error


@given(st.from_regex(r"\A[+0-9() ./-]{3,30}\Z"), st.sampled_from(["US", "GB", "DE", "IT", "XK"]))
def test_any_telephone_that_is_taken_is_dialled_by_few_digits(typed: str, country: str) -> None:
    found = accepted(phone=typed, country=country, state=None)
    dialled = found and contact_of(found).phone_e164
    if dialled:
        assert dialled[0] == "+"
        assert dialled[1:].isdecimal()
        assert 3 < len(dialled) <= 16


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_name_that_is_taken_goes_to_the_line_and_is_found(first: str, last: str) -> None:
    try:
        asked = traveller(first, last)
    except ValidationError:
        return
    (kept,) = passengers_of((asked,))
    for printed in (kept.printed_first_name, kept.printed_last_name):
        assert printed
        assert printed.isascii()
    assert keys_of_query(kept.last_name) & search_keys(kept.first_name, kept.last_name)
