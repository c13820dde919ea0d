"""The two kinds of model, what is asked and what is told, and the types they share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from booking_flow.model.card_numbers import holds_card_number
from booking_flow.model.names import clean, has_letter

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_BREAKS: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_BARE: Final = frozenset("0123456789 -")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def public_name(name: str) -> str:
    """Return what the API's document calls the model with this name."""
    return name.removesuffix("Response")


class RequestModel(BaseModel):
    """What a client sends: unknown fields, `"2"`, `2.0` and `true` for a number are refused."""

    max_bytes: ClassVar[int] = 16 * 1024
    """How large a body of this kind may be."""
    added_later: ClassVar[frozenset[str]] = frozenset()
    """Members that an older program does not know: left out, they are not in fingerprints."""

    def for_fingerprint(self) -> dict[str, object]:
        """Return the body by which two requests are told apart, whichever release compares."""
        body = self.model_dump(mode="json", by_alias=True)
        return {k: v for k, v in body.items() if v is not None or k not in self.added_later}

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        strict=True,
        frozen=True,
        hide_input_in_errors=True,
    )


class Query(RequestModel):
    """What a client puts into the query string; parameters we do not know are left alone."""

    model_config = ConfigDict(extra="ignore")


class ResponseModel(BaseModel):
    """What we answer: every key is always present, and null when there is nothing to say."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        serialize_by_alias=True,
        frozen=True,
        hide_input_in_errors=True,
        json_schema_serialization_defaults_required=True,
        model_title_generator=lambda model: public_name(model.__name__),
    )


def printable(text: str) -> str:
    """Refuse control characters."""
    if _CONTROL.search(text):
        raise PydanticCustomError("control_characters", "must not hold control characters")
    return text


def _printable_lines(text: str) -> str:
    if _CONTROL_BUT_BREAKS.search(text):
        raise PydanticCustomError("control_characters", "must not hold control characters")
    return text


def _cleaned(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _with_letter(text: str) -> str:
    if not has_letter(text):
        raise PydanticCustomError("no_letter", "must hold a letter that can be seen")
    return text


CARD_IN_TEXT: Final = "must not hold a card number"


def no_card(text: str) -> str:
    """Refuse a text with a card number in it: texts are kept, mailed and shown to staff."""
    if holds_card_number(text):
        raise PydanticCustomError("card_number", CARD_IN_TEXT)
    return text


def without_cards(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that hold no card number, neither in what they say nor in their names."""
    return {
        name: value
        for name, value in fields.items()
        if not (holds_card_number(value) or holds_card_number(name))
    }


def _no_bare_card(text: str) -> str:
    """Refuse a card number alone: what the supplier calls its rates is digits and dots, too."""
    return text if set(text) - _BARE else no_card(text)


def _iso_day(value: Any) -> Any:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("date_format", "must be a date such as 1985-11-15")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("date_format", "is not a day of the calendar") from None


def _line(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


# Lengths are looked at before card numbers, so that the search for these is bounded.
_TEXT: Final = (AfterValidator(printable), AfterValidator(no_card))
Word = Annotated[str, BeforeValidator(_cleaned), _line(20), *_TEXT]
Code = Annotated[str, _line(40), *_TEXT]
Name = Annotated[str, BeforeValidator(_cleaned), _line(80), *_TEXT, AfterValidator(_with_letter)]
"""The name of a person or a place, in any script."""
Line = Annotated[str, BeforeValidator(_cleaned), _line(200), *_TEXT]
RateId = Annotated[str, _line(200), AfterValidator(printable), AfterValidator(_no_bare_card)]
"""What the supplier calls a result, a grade or a rate; compared with what it offers."""
CardNumber = Annotated[str, _line(40), AfterValidator(printable)]
"""The only text in which a card number belongs."""
Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
    AfterValidator(_printable_lines),
    AfterValidator(no_card),
]
Day = Annotated[
    date, BeforeValidator(_iso_day), WithJsonSchema({"type": "string", "format": "date"})
]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]+$"
    ),
    AfterValidator(no_card),
]


def _amount(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,9}(\.\d{1,2})?", value, re.ASCII):
        raise PydanticCustomError("amount_format", "must be a decimal string such as 500.00")
    return Decimal(value)


AskedAmount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,9}(\.\d{1,2})?$", "examples": ["500.00"]}),
]


def _plain(amount: Decimal) -> str:
    return format(amount, ".2f")


Amount = Annotated[
    Decimal,
    PlainSerializer(_plain, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+\.\d{2}$", "examples": ["3006.56"]}),
]


def rfc3339(moment: datetime) -> str:
    """Render a moment in UTC with a Z, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


ClockTime = Annotated[
    time,
    PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{2}:\d{2}$", "examples": ["07:30"]}),
]


Moment = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
