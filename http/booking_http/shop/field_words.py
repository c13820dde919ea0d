"""What fields are called, what is asked for where one is empty, and what a refusal says at one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from booking_flow.errors import Fault
from booking_http.shop.forms import Wrong
from booking_http.shop.texts import N_
from booking_http.web.models import CARD_IN_TEXT

TITLES: Final = ("Mr", "Mrs", "Ms", "Miss", "Mstr", "Dr")
GENDERS: Final = (("F", N_("Female (F)")), ("M", N_("Male (M)")), ("X", N_("Unspecified (X)")))

NO_NAME: Final = N_(
    "Enter the name as in the last two lines of the passport's page, with at most 80 characters."
)
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
        "cardNumber": N_("We cannot take this card number: check its digits, or use another card."),
        "expiryMonth": N_("This is no month: enter the expiry date as on the card, such as 09/29."),
        "expiryYear": N_("The card has expired."),
        "cvv": N_("The security code has 3 digits, or 4 on American Express."),
        "postalCode": N_("This is no postal code of the country above."),
        "state": N_("Enter the state, or nothing where the country has none."),
        "title": N_("Choose a title."),
        "firstName": NO_NAME,
        "lastName": NO_NAME,
        "value": NO_NAME,
        "cardholderName": N_("Enter the name on the card, with at most 200 characters."),
        "dateOfBirth": N_(
            "Nobody who travels can be born on this day. The lead guest is 18 or older."
        ),
        "gender": N_("Choose the sex as in the passport."),
        "nationality": N_("Choose the nationality."),
        "passengers": N_("The birth dates do not fit the ages for which the price is."),
        "passengerType": N_("The birth date does not fit the age for which the price is."),
        "country": N_("Choose the country."),
        "address": N_("Enter the street and number, with at most 200 characters."),
        "address2": N_("Enter the second line with at most 200 characters."),
        "city": N_("Enter the city with its letters and at most 80 characters."),
        "dining": N_("Choose one of the times."),
        "specialRequests": N_("Enter your wishes with at most 2,000 characters."),
        "reason": N_("Enter the reason with at most 2,000 characters."),
        "amount": N_("Choose what you pay now."),
        "paymentType": N_("Choose what you pay now."),
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
NO_CARD_HERE: Final = N_("This looks like the number of a card. Type it in the card's fields only.")
CHANGE_IT: Final = N_("This cannot be taken as it is typed. Change it.")


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
    """Return words of ours: what the API says is in English and meant for programs."""
    if fault.detail == CARD_IN_TEXT:
        return Wrong(words=NO_CARD_HERE)
    return Wrong(words=_REFUSED.get(fault.pointer.rpartition("/")[2], CHANGE_IT))


def restriction(name: str) -> str:
    """Return who a restricted rate is for."""
    return _RESTRICTIONS.get(name, name.replace("_", " "))
