"""Building book.pl and payment.pl, key by key as in the samples (traveltek.md, sections 7 and 8).

These bodies are the only place where a card goes out.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from adapters.traveltek.printed_names import printed_first, printed_last, printed_name
from adapters.traveltek.requests import Params
from adapters.traveltek.settings import TraveltekSettings
from booking_flow.model.card import Payment
from booking_flow.model.party import Contact, Details, Passenger
from booking_flow.supplier import BookOrder

Body = dict[str, object]

_SHARED: Final = ("city", "county", "postcode", "country", "email", "telephone")


def booking(order: BookOrder, *, settings: TraveltekSettings) -> Body:
    """Build the body of book.pl, without the account."""
    contact = _given(order.details)
    sailing_date = order.sailing.sailing_date
    dining = {
        "seating": order.dining,
        "tablesize": settings.table_size,
        "smoking": settings.smoking,
    }
    travellers = enumerate(order.details.passengers, start=1)
    return {
        "sessionkey": order.session_key,
        "depositbooking": int(order.deposit_booking),
        **({"internalref": order.reference} if settings.send_internal_reference else {}),
        "contact": _contact(contact),
        "passengers": {
            str(n): _passenger(n, each, contact, sailing_date) for n, each in travellers
        },
        "allocation": {order.item_key: {"dining": dining}},
        **({"ccard": _card(order.payment, contact, order.item_key)} if order.payment else {}),
    }


def payment(session_key: str, details: Details, paid: Payment) -> Params:
    """Build the form of payment.pl; it names no booking and leans on the session."""
    contact, card = _given(details), paid.card
    return {
        "sessionkey": session_key,
        "cardtype": _card_type(paid),
        "cardnumber": card.reveal_number(),
        "expirymonth": f"{card.expiry_month:02}",
        "expiryyear": str(card.expiry_year),
        "nameoncard": card.holder,
        "cvv": card.reveal_cvv(),
        "amount": str(paid.amount.amount),
        "address1": _street(contact),
        "city": contact.city,
        "postcode": contact.postal_code,
        "country": contact.country,
    }


def _given(details: Details) -> Contact:
    if details.contact is None:
        raise ValueError("a booking or payment needs a contact")
    return details.contact


def _street(contact: Contact) -> str:
    """Return both lines of an address as one: book.pl has one for it."""
    return ", ".join(line for line in (contact.address, contact.address2) if line)


def _card_type(paid: Payment) -> str:
    if paid.card.brand is None:
        raise ValueError("a card needs a brand the supplier knows")
    return paid.card.brand.value


def _contact(contact: Contact) -> Params:
    return {
        "title": contact.title,
        "firstname": printed_name(contact.first_name),
        "middlename": "",
        "lastname": printed_name(contact.last_name),
        "address1": _street(contact),
        "city": contact.city,
        "county": contact.state or "",
        "postcode": contact.postal_code,
        "country": contact.country,
        "email": contact.email,
        "telephone": contact.phone_e164 or contact.phone,
    }


def _passenger(number: int, traveller: Passenger, contact: Contact, sailing_date: date) -> Body:
    shared = _contact(contact)
    return {
        "paxno": str(number),
        "paxtype": traveller.passenger_type.value,
        "travelling": "",
        "title": traveller.title,
        "firstname": printed_first(traveller),
        "middlename": "",
        "lastname": printed_last(traveller),
        "address": _street(contact),
        **{key: shared[key] for key in _SHARED},
        "gender": traveller.gender,
        "dob": traveller.date_of_birth.isoformat(),
        "age": str(traveller.age_on(sailing_date)),
        "nationality": traveller.nationality,
        "emergencyname": None,
        "emergencyemail": None,
        "emergencyphone": None,
        "specialservices": [],
    }


def _card(paid: Payment, contact: Contact, item_key: str) -> Body:
    """Build the card that passes through to the cruise line for this item."""
    card = paid.card
    return {
        "passthroughitem": int(item_key) if item_key.isdecimal() else item_key,
        "amount": float(paid.amount.amount),
        "nameoncard": card.holder,
        "cardtype": _card_type(paid),
        "cardnumber": card.reveal_number(),
        "expirymonth": f"{card.expiry_month:02}",
        "expiryyear": str(card.expiry_year),
        "signature": card.reveal_cvv(),
        "title": contact.title,
        "firstname": contact.first_name,
        "lastname": contact.last_name,
        "postcode": contact.postal_code,
        "address1": contact.address,
        "address2": contact.address2 or "",
        "homecity": contact.city,
        "county": contact.state or "",
        "country": contact.country,
    }
