"""The two kinds of model, what is asked and what is told, and the types they share."""

from __future__ import annotations

import re
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

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_BREAKS: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def public_name(name: str) -> str:
    """Return what the API's document calls the model with this name."""
    return name.removesuffix("Response")


class RequestModel(BaseModel):
    """What a client sends: unknown fields, `"2"`, `2.0` and `true` for a number are refused."""

    max_bytes: ClassVar[int] = 16 * 1024
    """How large a body of this kind may be."""

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


def _printable(text: str) -> str:
    if _CONTROL.search(text):
        raise PydanticCustomError("control_characters", "must not hold control characters")
    return text


def _printable_lines(text: str) -> str:
    if _CONTROL_BUT_BREAKS.search(text):
        raise PydanticCustomError("control_characters", "must not hold control characters")
    return text


def _iso_day(value: Any) -> Any:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("date_format", "must be a date such as 1985-11-15")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("date_format", "is not a day of the calendar") from None


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _line(longest: int, *, shortest: int = 1) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=longest)


Word = Annotated[str, _line(20), AfterValidator(_printable)]
Code = Annotated[str, _line(40), AfterValidator(_printable)]
Name = Annotated[str, _line(80), AfterValidator(_printable)]
Phone = Annotated[str, _line(40, shortest=3), AfterValidator(_printable)]
Line = Annotated[str, _line(200), AfterValidator(_printable)]
Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
    AfterValidator(_printable_lines),
]
Day = Annotated[
    date, BeforeValidator(_iso_day), WithJsonSchema({"type": "string", "format": "date"})
]
CountryCode = Annotated[str, BeforeValidator(_upper), StringConstraints(pattern=r"^[A-Z]{2}$")]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]+$"
    ),
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
