"""Corrections as they are asked for: which field, and what it should say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import (
    AfterValidator,
    Discriminator,
    StringConstraints,
    Tag,
    TypeAdapter,
    ValidationError,
)

from adapters.traveltek.printed_names import printed_name
from booking_flow.errors import Refusal, RefusalCode, Refused
from booking_flow.lifecycle.correct import CORRECTABLE, NameRequest
from booking_flow.model.party import Contact
from booking_http.api.people import MailAddress, Phone, check_phone, international
from booking_http.api.requests import AddressRequest, PrintableName
from booking_http.web.models import Line, Note, RequestModel
from booking_http.web.validation import faults_of

T = TypeVar("T")

_NAME: Final = re.compile(r"/passengers/([0-9]{1,2})/(firstName|lastName)")
_FIELDS: Final[Mapping[str, str]] = {public: name for name, public in CORRECTABLE.items()}
_EMAIL: Final[TypeAdapter[str]] = TypeAdapter(MailAddress)
_PRINTABLE: Final[TypeAdapter[str]] = TypeAdapter(PrintableName)
_ADDRESS: Final[TypeAdapter[AddressRequest]] = TypeAdapter(AddressRequest)
POINTER: Final = (
    rf"^(/contact|/contact/({'|'.join(_FIELDS)})|/passengers/[0-9]{{1,2}}/(firstName|lastName))$"
)
Pointer = Annotated[str, StringConstraints(pattern=POINTER)]


def _kind_of(value: Any) -> str:
    """Return which kind a value is read as; in brackets, so that it is no part of a pointer."""
    return "[address]" if isinstance(value, dict | AddressRequest) else "[text]"


Value = Annotated[
    Annotated[Literal[""] | Line, Tag("[text]")] | Annotated[AddressRequest, Tag("[address]")],
    Discriminator(_kind_of),
]


class CorrectionRequest(RequestModel):
    """Put right what was typed wrong.

    `pointer` names a field of `details` (RFC 6901), `value` is what it should say. A field of the
    contact is changed at once; `/contact` alone takes a whole address. A traveller's name is
    changed by the cruise line, which a person asks.
    """

    max_bytes = 8 * 1024

    pointer: Pointer
    value: Value
    reason: Note | None = None


def contact_with(contact: Contact, ask: CorrectionRequest) -> Contact:
    """Return the contact as it is to be.

    Raises:
        Refused: `validation_failed`, the value is none that the field takes.
    """
    field = ask.pointer.removeprefix("/contact").lstrip("/")
    if field == "email":
        return replace(contact, email=_checked(_EMAIL, ask.value))
    if field == "phone":
        return _with_phone(contact, ask.value)
    given = {**_address_of(contact), field: ask.value or None} if field else ask.value
    address = _checked(_ADDRESS, given, field)
    return replace(contact, **dict(address) | {"postal_code": address.postal_code or ""})


def _with_phone(contact: Contact, value: object) -> Contact:
    of_country = Annotated[Phone, AfterValidator(lambda phone: check_phone(phone, contact.country))]
    phone = _checked(TypeAdapter(of_country), value)
    return replace(contact, phone=phone, phone_e164=international(phone, contact.country))


def _address_of(contact: Contact) -> dict[str, object]:
    """Return the address as a client would send it."""
    known = AddressRequest.model_fields
    return {public: getattr(contact, name) for public, name in _FIELDS.items() if name in known}


def name_wish(ask: CorrectionRequest) -> NameRequest | None:
    """Return whose name should say what; None where it is the contact that is wrong.

    Raises:
        Refused: `validation_failed`, this is no name that the line can print.
    """
    found = _NAME.fullmatch(ask.pointer)
    if found is None:
        return None
    value = _checked(_PRINTABLE, ask.value)
    return NameRequest(
        guest=int(found[1]), field=found[2], value=value, printed=printed_name(value) or value
    )


def _checked(kind: TypeAdapter[T], value: Any, field: str = "") -> T:
    """Return a value as its field takes it; of an address, what is wrong with one field alone."""
    try:
        return kind.validate_python(value, strict=True)
    except ValidationError as error:
        raise Refused(_wrong(error, field)) from None


def _wrong(error: ValidationError, field: str) -> Refusal:
    faults = tuple(
        replace(fault, pointer="/value" if field else f"/value{fault.pointer}")
        for fault in faults_of(error)
    )
    return Refusal(code=RefusalCode.VALIDATION_FAILED, errors=faults)
