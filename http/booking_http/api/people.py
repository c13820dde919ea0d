"""What can be checked of people's telephones, countries, addresses and birthdays.

The checks are of well-kept libraries; none of them asks anybody over the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final

import phonenumbers
import pycountry
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from booking_flow.model.names import clean
from booking_http.web.models import no_card, printable

LONGEST_EMAIL: Final = 254
LONGEST_PHONE: Final = 40
OLDEST: Final = 120
"""Years; nobody has sailed who was older."""
_E164_DIGITS: Final = 15
_DIALLED_DIGITS: Final = _E164_DIGITS + 2
"""With what is dialled before them to leave a country."""
_KOSOVO: Final = "XK"
COUNTRIES: Final = frozenset(each.alpha_2 for each in pycountry.countries) | {_KOSOVO}
"""ISO 3166, and Kosovo by the code that its passports and the European Union use."""
STATELESS: Final = frozenset({"XXA", "XXB", "XXC", "XXX"})
"""ICAO 9303, part 3: stateless people, refugees by convention and others, and not stated."""
NATIONALITIES: Final = COUNTRIES | STATELESS
_HINTS: Final = MappingProxyType(
    {"UK": "GB", "EN": "GB", "EL": "GR", "SU": "RU", "TP": "TL", "BU": "MM", "AN": "CW"}
)
"""What is typed for a country, or was its code once."""
NO_POSTAL_CODES: Final = frozenset(
    (
        *("AE", "AG", "AO", "AW", "BF", "BI", "BJ", "BO", "BS", "BW", "BZ", "CD", "CF", "CG", "CI"),
        *("CK", "CM", "CW", "DJ", "DM", "ER", "FJ", "GA", "GD", "GM", "GQ", "GY", "HK", "JM", "KI"),
        *("KM", "KP", "ML", "MO", "MR", "MW", "NR", "NU", "QA", "RW", "SB", "SC", "SL", "SR", "ST"),
        *("SX", "SY", "TD", "TF", "TG", "TK", "TL", "TO", "TV", "UG", "VU", "YE", "ZW"),
    )
)
"""Countries without postal codes (Universal Postal Union, postal addressing systems)."""
OPTIONAL_POSTAL_CODES: Final = NO_POSTAL_CODES | {"GH", "IE", "KN", "LC", "PA", "TT", "VC", "TZ"}
"""There are codes, and few use them."""
WITH_STATES: Final = frozenset(each.country_code for each in pycountry.subdivisions)


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _known(code: str, codes: frozenset[str]) -> str:
    if code in codes:
        return code
    if code in _HINTS:
        hint = {"hint": _HINTS[code]}
        raise PydanticCustomError("country", "must be a code of ISO 3166; is {hint} meant?", hint)
    raise PydanticCustomError("country", "must be a country's code of ISO 3166")


def _country(code: str) -> str:
    return _known(code, COUNTRIES)


def _nationality(code: str) -> str:
    return _known(code, NATIONALITIES)


def _codes(codes: frozenset[str], description: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": sorted(codes), "description": description})


CountryCode = Annotated[
    str,
    Field(max_length=3),
    BeforeValidator(_upper),
    AfterValidator(_country),
    _codes(COUNTRIES, "ISO 3166-1 alpha-2, and XK."),
]
Nationality = Annotated[
    str,
    Field(max_length=3),
    BeforeValidator(_upper),
    AfterValidator(_nationality),
    _codes(
        NATIONALITIES,
        "ISO 3166-1 alpha-2, XK, and of ICAO 9303 XXA (stateless), XXB and XXC (refugees),"
        " XXX (not stated).",
    ),
]


def _birth_date(day: date) -> date:
    today = datetime.now(UTC).date()
    if not today.year - OLDEST <= day.year or day > today:
        raise PydanticCustomError(
            "birth_date", "must be a day of the last {years} years", {"years": OLDEST}
        )
    return day


BirthDate = AfterValidator(_birth_date)
"""A day on which somebody who travels may have been born, by the calendar in UTC."""


def _email(text: str) -> str:
    """Return an address that mail can be sent to by any relay: none of them needs SMTPUTF8."""
    try:
        found = validate_email(
            text,
            check_deliverability=False,
            globally_deliverable=False,
            allow_smtputf8=False,
            # Addresses below .test are nobody's; demos and tests use them.
            test_environment=True,
        )
    except EmailNotValidError:
        raise PydanticCustomError(
            "email", "must be one e-mail address, with a-z, 0-9 and signs before the @"
        ) from None
    if "." not in found.domain or found.ascii_email is None:
        raise PydanticCustomError("email", "must have a domain with a dot after the @")
    return found.normalized


def _cleaned(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


MailAddress = Annotated[
    str,
    BeforeValidator(_stripped),
    Field(max_length=LONGEST_EMAIL),
    AfterValidator(no_card),
    AfterValidator(_email),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": LONGEST_EMAIL}),
]


Phone = Annotated[
    str,
    BeforeValidator(_cleaned),
    Field(min_length=3, max_length=LONGEST_PHONE),
    AfterValidator(printable),
]
"""As it was typed; `check_phone` looks at it together with the country."""


def international(phone: str, country: str | None) -> str | None:
    """Return a telephone in E.164 as it is dialled from `country`; None where it is not known.

    Whether the number is given out is not asked: new ranges come before anybody knows of them.
    Without an area code it can be dialled from the same town only.
    """
    return next((_e164(found) for found in _possible(phone, country) if _whole(found)), None)


def _possible(phone: str, country: str | None) -> Iterator[PhoneNumber]:
    """Return what a telephone may be; 00 is tried as a plus, since not all countries dial it."""
    typed = phone.strip()
    for written in (typed, f"+{typed[2:]}" if typed.startswith("00") else ""):
        try:
            number = phonenumbers.parse(written, country)
        except NumberParseException:
            continue
        if phonenumbers.is_possible_number(number) and len(_e164(number)) <= 1 + _E164_DIGITS:
            yield number


def _whole(number: PhoneNumber) -> bool:
    possible = phonenumbers.is_possible_number_with_reason(number)
    return possible == ValidationResult.IS_POSSIBLE


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def check_phone(phone: str, country: str | None) -> str:
    """Refuse what is no telephone of a country, and what may be a card's number.

    A telephone may look like a card's number, but has no more digits than one can dial. Without
    a country, because that is wrong itself, only a number that begins with + is looked at.
    """
    known = country is not None or phone.startswith("+")
    found = any(True for _ in _possible(phone, country))
    if not (found and sum(map(str.isdecimal, phone)) <= _DIALLED_DIGITS):
        no_card(phone)
    if known and not found:
        raise PydanticCustomError(
            "phone",
            "must be a telephone number with its area code, or with + and the country's code",
        )
    return phone


def check_postal_code(code: str | None, country: str | None) -> str | None:
    """Refuse a missing code where there are codes, and any where there are none."""
    if country in NO_POSTAL_CODES and code:
        raise PydanticCustomError("postal_code", "must be left out: the country has none")
    if country is not None and country not in OPTIONAL_POSTAL_CODES and not code:
        raise PydanticCustomError("postal_code", "is required in this country")
    return code


def check_state(state: str | None, country: str | None) -> str | None:
    """Refuse a state where a country has none (ISO 3166-2)."""
    if state and country is not None and country not in WITH_STATES | {_KOSOVO}:
        raise PydanticCustomError("state", "must be left out: the country has none")
    return state


def empty_is_none(value: Any) -> Any:
    """Take an empty field of a form for none."""
    return None if isinstance(value, str) and not clean(value) else value
