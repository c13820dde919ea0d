"""Guests' details for who may read them, and for who may only recognise them."""

from __future__ import annotations

from booking_flow.model.party import Contact, Correction, Details, Passenger
from booking_http.api.responses import ContactResponse
from booking_http.staff import responses as tell

HIDDEN = "•••"


def details_of(details: Details, *, masked: bool) -> tell.StaffDetailsResponse:
    """Return a guest's details."""
    return tell.StaffDetailsResponse(
        masked=masked,
        contact=_contact(details.contact, masked=masked) if details.contact else None,
        passengers=[_passenger(each, masked=masked) for each in details.passengers],
        dining=details.dining,
        special_requests=None if masked else details.special_requests,
        cancel_reason=None if masked else details.cancel_reason,
        corrections=[_correction(each, masked=masked) for each in details.corrections],
    )


def _correction(correction: Correction, *, masked: bool) -> tell.StaffCorrectionResponse:
    return tell.StaffCorrectionResponse(
        pointer=correction.pointer,
        requested_at=correction.requested_at,
        status=correction.status,
        value=None if masked else correction.value,
        reason=None if masked else correction.reason,
    )


def guest_of(details: Details, *, masked: bool) -> tell.GuestResponse | None:
    """Return whom to speak to: the contact, or before there is one the lead traveller."""
    someone = details.contact or next(iter(details.passengers), None)
    if someone is None:
        return None
    contact = details.contact
    first, last = someone.first_name, someone.last_name
    return tell.GuestResponse(
        name=f"{initial(first)} {initial(last)}" if masked else f"{first} {last}",
        email=contact and (masked_email(contact.email) if masked else contact.email),
        phone=contact and (masked_phone(contact.phone) if masked else contact.phone),
    )


def initial(word: str) -> str:
    """Return the first letter of a name."""
    return word[:1] + HIDDEN


def masked_email(email: str) -> str:
    """Return an address of which only the first letter and the ending are told."""
    local, _, domain = email.rpartition("@")
    return f"{initial(local)}@{HIDDEN}.{domain.rpartition('.')[2]}"


def masked_phone(phone: str) -> str:
    """Return the end of a number."""
    return HIDDEN + phone[-2:]


def _contact(contact: Contact, *, masked: bool) -> ContactResponse:
    told = ContactResponse.model_validate(contact, from_attributes=True)
    if not masked:
        return told
    hidden = dict.fromkeys(("address", "city", "postal_code"), HIDDEN)
    names = {"first_name": initial(contact.first_name), "last_name": initial(contact.last_name)}
    ways = {"email": masked_email(contact.email), "phone": masked_phone(contact.phone)}
    gone = dict.fromkeys(("state", "address2", "phone_e164"))
    return told.model_copy(update={**hidden, **names, **ways, **gone})


def _passenger(passenger: Passenger, *, masked: bool) -> tell.StaffPassengerResponse:
    told = tell.StaffPassengerResponse.model_validate(passenger, from_attributes=True)
    if not masked:
        return told
    names = {"first_name": initial(passenger.first_name), "last_name": initial(passenger.last_name)}
    printed = dict.fromkeys(("printed_first_name", "printed_last_name"))
    return told.model_copy(update={**names, **printed, "date_of_birth": None})
