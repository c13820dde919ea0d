"""What clients send, checked for shape; the core checks what it means."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError

from adapters.catalogue.search_statements import SortKey
from adapters.traveltek.printed_names import printed_name
from booking_flow.model.card import PaymentType
from booking_flow.model.party import MAX_CHILD_AGE, PartyRules, PassengerType
from booking_http.api.people import (
    BirthDate,
    CountryCode,
    MailAddress,
    Nationality,
    Phone,
    check_phone,
    check_postal_code,
    check_state,
    empty_is_none,
)
from booking_http.web.models import (
    AskedAmount,
    CardNumber,
    Code,
    Day,
    Line,
    Name,
    Note,
    Query,
    RateId,
    RequestModel,
    Word,
)

_GENDERS = {"M": "M", "MALE": "M", "F": "F", "FEMALE": "F", "X": "X"}


def _gender(value: Any) -> Any:
    found = _GENDERS.get(value.strip().upper()) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("gender", "must be M, F or X")
    return found


def _digits(value: Any) -> Any:
    return "".join(value.split()).replace("-", "") if isinstance(value, str) else value


def _number_of_date(value: Any) -> Any:
    """Take 9, "9" or "09": forms of cards are sent both ways everywhere."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 4:
        return int(value)
    return value


def _year(value: Any) -> Any:
    number = _number_of_date(value)
    short = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 100
    return 2000 + number if short else number


_MONTH_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": 12},
        {"type": "string", "pattern": "^(0{0,3}[1-9]|0{0,2}1[0-2])$"},
    ]
}
_YEAR_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": 9999},
        {"type": "string", "pattern": "^[0-9]{1,4}$"},
    ]
}
Gender = Annotated[
    str, BeforeValidator(_gender), WithJsonSchema({"type": "string", "enum": ["M", "F", "X"]})
]
Month = Annotated[int, BeforeValidator(_number_of_date), WithJsonSchema(_MONTH_SCHEMA)]
Year = Annotated[int, BeforeValidator(_year), WithJsonSchema(_YEAR_SCHEMA)]


def _printable_at_the_line(name: str) -> str:
    if not printed_name(name):
        raise PydanticCustomError(
            "not_printable", "must be written as in the passport's machine-readable line"
        )
    return name


def _up_to(longest: int) -> WithJsonSchema:
    """Return a text that may be empty, as forms send what nobody has typed."""
    return WithJsonSchema({"type": "string", "maxLength": longest})


OptionalName = Annotated[Name | None, BeforeValidator(empty_is_none), _up_to(80)]
OptionalWord = Annotated[Word | None, BeforeValidator(empty_is_none), _up_to(20)]
PrintableName = Annotated[Name, AfterValidator(_printable_at_the_line)]
Digits = Annotated[
    CardNumber,
    BeforeValidator(_digits),
    WithJsonSchema({"type": "string", "pattern": r"^[\s-]*(?:[0-9][\s-]*){13,19}$"}),
]
"""A card's number; blanks and hyphens are left out, and the core knows its brand and length."""
SecurityCode = Annotated[Word, WithJsonSchema({"type": "string", "pattern": r"^\s*[0-9]{3,4}\s*$"})]
"""Three digits, or four on some cards: the core knows on which."""


def _bounds(least: int, most: int) -> WithJsonSchema:
    """Return what the core bounds: what it refuses has a code of its own."""
    return WithJsonSchema({"type": "integer", "minimum": least, "maximum": most})


_MOST: Final = PartyRules().max_guests
Count = Annotated[int, Field(ge=-1000, le=1000)]
Adults = Annotated[Count, _bounds(1, _MOST)]
Children = Annotated[Count, _bounds(0, _MOST - 1)]
ChildAge = Annotated[Count, _bounds(0, MAX_CHILD_AGE)]


class PartyRequest(RequestModel):
    """How many travel; `childAges` are whole years on the sailing date."""

    adults: Adults
    children: Children = 0
    child_ages: tuple[ChildAge, ...] = Field(default=(), max_length=50)


class OpenSessionRequest(RequestModel):
    """Open a session for one sailing and one party."""

    max_bytes = 2 * 1024

    cruise_id: Code
    passenger_count: PartyRequest


class AddressRequest(RequestModel):
    """Where letters go; `state` is for countries that have states or the like.

    `postalCode` may be left out where the country has none.
    """

    # The country stands before what is checked by it.
    country: CountryCode
    address: Line
    address2: Line | None = None
    city: Name
    state: OptionalName = None
    postal_code: OptionalWord = Field(default=None, validate_default=True)

    @field_validator("state")
    @classmethod
    def _where_there_are_states(cls, state: str | None, info: ValidationInfo) -> str | None:
        return check_state(state, info.data.get("country"))

    @field_validator("postal_code")
    @classmethod
    def _where_there_are_codes(cls, code: str | None, info: ValidationInfo) -> str | None:
        return check_postal_code(code, info.data.get("country"))


class ContactRequest(AddressRequest):
    """Who the agency and the cruise line write to.

    `phone` is a telephone of `country`, or begins with + and a country's code. `postalCode` may be
    left out where the country has none, `state` is for countries that have states or the like.
    """

    title: Word
    first_name: PrintableName
    last_name: PrintableName
    email: MailAddress
    phone: Phone

    @field_validator("phone")
    @classmethod
    def _of_the_country(cls, phone: str, info: ValidationInfo) -> str:
        return check_phone(phone, info.data.get("country"))


class PassengerRequest(RequestModel):
    """One traveller, as on their passport.

    Somebody with one name gives it as `lastName` and `FNU` (first name unknown) as `firstName`.
    What the line prints is `printedFirstName` and `printedLastName` of the session's `details`.
    """

    title: Word
    first_name: PrintableName
    last_name: PrintableName
    date_of_birth: Annotated[Day, BirthDate]
    gender: Gender
    nationality: Nationality
    passenger_type: PassengerType


class DetailsRequest(RequestModel):
    """Draft details; a field that is left out or null stays as it is, an empty one is cleared."""

    max_bytes = 32 * 1024

    contact: ContactRequest | None = None
    passengers: tuple[PassengerRequest, ...] | None = Field(default=None, max_length=20)
    dining: Literal[""] | Code | None = None
    special_requests: Literal[""] | Note | None = None


class SelectCabinRequest(RequestModel):
    """Choose a rate, and a cabin unless the line may assign one."""

    max_bytes = 4 * 1024

    result_no: RateId
    grade_no: RateId
    rate_code: RateId
    cabin_code: Code | None = None
    cabin_result: RateId | None = None
    cabin_number: Word | None = None
    expected_price: AskedAmount | None = None
    declared: list[Word] = Field(default=[], max_length=10)
    add_to_basket: bool = True


class PaymentRequest(RequestModel):
    """A card and the amount its holder consents to pay with it."""

    max_bytes = 4 * 1024

    card_number: Digits = Field(repr=False)
    expiry_month: Month = Field(repr=False)
    expiry_year: Year = Field(repr=False)
    cvv: SecurityCode = Field(repr=False)
    cardholder_name: Line = Field(repr=False)
    amount: AskedAmount
    payment_type: PaymentType


class BookRequest(RequestModel):
    """Book the held cabin; with `payment` the card goes through in the same supplier call.

    Where the card belongs to the booking, one without it is refused: `payment_required`.
    """

    max_bytes = 32 * 1024

    added_later = frozenset({"expectedTotal", "cabinCode", "rateCode"})

    passengers: tuple[PassengerRequest, ...] = Field(max_length=20)
    contact: ContactRequest
    dining: Code | None = None
    payment: PaymentRequest | None = None
    expected_total: AskedAmount | None = None
    """What the guest was shown; with grade and rate it names what a deposit is for."""
    cabin_code: Code | None = None
    rate_code: RateId | None = None


class CancelRequest(RequestModel):
    """Cancel, with a reason if the guest gave one."""

    reason: Note | None = None


class NothingRequest(RequestModel):
    """An empty body, or an empty object."""


class RateQuery(Query):
    """The three identifiers of a rate, carried together as they were shown."""

    result_no: RateId
    grade_no: RateId
    rate_code: RateId


class CruisesQuery(Query):
    """Which sailings to list, and in what order."""

    q: Name | None = None
    line: int | None = Field(default=None, ge=0, le=2**31 - 1)
    ship: int | None = Field(default=None, ge=0, le=2**31 - 1)
    month: Annotated[str, StringConstraints(pattern=r"^2\d{3}-(0[1-9]|1[0-2])$")] | None = None
    nights_min: int | None = Field(default=None, ge=0, le=1000)
    nights_max: int | None = Field(default=None, ge=0, le=1000)
    port: Name | None = None
    embark_port: Name | None = None
    sort: SortKey = SortKey.DATE
    cursor: Line | None = None
    limit: int = Field(default=20, ge=1, le=100)
