"""What fields are called, what is asked for where one is empty, and what a refusal says at one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from booking_flow.errors import Fault
from booking_http.shop.forms import Wrong
from booking_http.shop.texts import N_

TITLES: Final = ("Mr", "Mrs", "Ms", "Miss", "Mstr", "Dr")
GENDERS: Final = (("F", N_("Female (F)")), ("M", N_("Male (M)")), ("X", N_("Unspecified (X)")))

_ASKED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "title": N_("Choose a title."),
        "firstName": N_("Enter the first and middle names as in the passport."),
        "lastName": N_("Enter the last name as in the passport."),
        "dateOfBirth": N_("Enter the birth date as three numbers: day, month and year."),
        "gender": N_("Choose the sex as in the passport."),
        "nationality": N_("Choose the nationality."),
        "email": N_("Enter the e-mail address to which we send the confirmation."),
        "phone": N_("Enter a telephone number, with its country code."),
        "country": N_("Choose the country."),
        "address": N_("Enter the street and number."),
        "city": N_("Enter the city."),
        "postalCode": N_("Enter the postal code."),
        "cardNumber": N_("Enter the card number."),
        "expiry": N_("Enter the expiry date as on the card, such as 09/29."),
        "cvv": N_("Enter the security code."),
        "cardholderName": N_("Enter the name on the card."),
        "terms": N_("Tick that you have read the conditions. Without that nobody can book."),
        "amount": N_("Choose what you pay now."),
    }
)
_REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "email": N_("This is no e-mail address such as ada@example.com."),
        "phone": N_("This is no telephone number such as +1 305 555 0100."),
        "cardNumber": N_("This is no card number: check its digits."),
        "expiryMonth": N_("This is no month: enter the expiry date as on the card, such as 09/29."),
        "expiryYear": N_("The card has expired."),
        "cvv": N_("The security code has 3 digits, or 4 on American Express."),
        "postalCode": N_("This is no postal code of the country above."),
        "state": N_("Enter the state."),
    }
)
_PLACES: Final = {"expiryMonth": "expiry", "expiryYear": "expiry", "dateOfBirth": "dateOfBirth-day"}
"""Fields of a page that go by another name than the member they become."""
_RESTRICTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "military": N_("members of the armed forces"),
        "senior": N_("guests of 55 years or more"),
        "past_guest": N_("guests who have sailed with this line before"),
        "interline": N_("people who work for airlines or travel companies"),
        "resident": N_("residents of certain states"),
    }
)
CHECK: Final = N_("Check this: %(detail)s.")


def asked_for(name: str) -> Wrong:
    """Return what is said at a field that is empty."""
    return Wrong(words=_ASKED[name])


def faults_of(errors: Iterable[Fault]) -> dict[str, Wrong]:
    """Return what a refusal says, by the fields of the page; the first of each field counts."""
    found: dict[str, Wrong] = {}
    for fault in errors:
        found.setdefault(_field(fault.pointer), _wrong(fault))
    return found


def _field(pointer: str) -> str:
    *before, name = pointer.strip("/").split("/")
    return "-".join((*before, _PLACES.get(name, name)))


def _wrong(fault: Fault) -> Wrong:
    words = _REFUSED.get(fault.pointer.rpartition("/")[2])
    return Wrong(words=words) if words else Wrong(words=CHECK, facts={"detail": fault.detail})


def restriction(name: str) -> str:
    """Return who a restricted rate is for."""
    return _RESTRICTIONS.get(name, name.replace("_", " "))
