"""From what a client sent to what the core speaks of."""

from __future__ import annotations

from decimal import Decimal

from adapters.traveltek.printed_names import printed_name
from booking_flow.model.card import Card, Payment
from booking_flow.model.money import Money
from booking_flow.model.party import Contact, Passenger
from booking_flow.steps.book import BookingDetails, Consent
from booking_flow.steps.cabin_choice import CabinChoice
from booking_flow.supplier import RateKey
from booking_http.api import requests
from booking_http.api.people import international


def contact_of(ask: requests.ContactRequest) -> Contact:
    """Return the contact."""
    given = dict(ask) | {"postal_code": ask.postal_code or ""}
    return Contact(**given, phone_e164=international(ask.phone, ask.country))


def passengers_of(given: tuple[requests.PassengerRequest, ...]) -> tuple[Passenger, ...]:
    """Return the travellers, the lead first."""
    return tuple(
        Passenger(
            **dict(passenger),
            printed_first_name=printed_name(passenger.first_name),
            printed_last_name=printed_name(passenger.last_name),
        )
        for passenger in given
    )


def payment_of(ask: requests.PaymentRequest, *, currency: str) -> Payment:
    """Return the payment; its card prints masked from here on."""
    card = Card(
        number=ask.card_number,
        cvv=ask.cvv,
        expiry_month=ask.expiry_month,
        expiry_year=ask.expiry_year,
        holder=ask.cardholder_name,
    )
    amount: Decimal = ask.amount
    return Payment(card=card, amount=Money(amount, currency), payment_type=ask.payment_type)


def booking_details_of(ask: requests.BookRequest, *, currency: str) -> BookingDetails:
    """Return what the engine books by."""
    return BookingDetails(
        passengers=passengers_of(ask.passengers),
        contact=contact_of(ask.contact),
        dining=ask.dining,
        payment=payment_of(ask.payment, currency=currency) if ask.payment else None,
        consent=Consent(
            total=None if ask.expected_total is None else Money(ask.expected_total, currency),
            cabin_code=ask.cabin_code,
            rate_code=ask.rate_code,
        ),
    )


def choice_of(ask: requests.SelectCabinRequest) -> CabinChoice:
    """Return the cabin and rate chosen."""
    return CabinChoice(
        result_no=ask.result_no,
        grade_no=ask.grade_no,
        rate_code=ask.rate_code,
        cabin_code=ask.cabin_code,
        cabin_result=ask.cabin_result,
        cabin_number=ask.cabin_number,
        expected_price=ask.expected_price,
        declared=tuple(ask.declared),
    )


def rate_of(query: requests.RateQuery) -> RateKey:
    """Return the rate asked for."""
    return RateKey(result_no=query.result_no, grade_no=query.grade_no, rate_code=query.rate_code)


def changes_of(ask: requests.DetailsRequest) -> dict[str, object]:
    """Return only the details that were said: null says nothing, something empty clears.

    Clients that are made by generators send null for every field they know of and were not given.
    """
    said: dict[str, object] = {}
    if ask.contact is not None:
        said["contact"] = contact_of(ask.contact)
    if ask.passengers is not None:
        said["passengers"] = passengers_of(ask.passengers)
    if ask.dining is not None:
        said["dining"] = ask.dining or None
    if ask.special_requests is not None:
        said["special_requests"] = ask.special_requests or None
    return said
