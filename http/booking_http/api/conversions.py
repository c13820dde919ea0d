"""From what a client sent to what the core speaks of."""

from __future__ import annotations

from decimal import Decimal

from adapters.traveltek.printed_names import printed_name
from booking_flow.model.card import Card, Payment
from booking_flow.model.money import Money
from booking_flow.model.party import Contact, Passenger
from booking_flow.steps.book import BookRequest
from booking_flow.steps.select_cabin import CabinChoice
from booking_flow.supplier import RateKey
from booking_http.api import requests


def contact_of(ask: requests.ContactRequest) -> Contact:
    """Return the contact."""
    return Contact(**dict(ask))


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


def book_request_of(ask: requests.BookRequest, *, currency: str) -> BookRequest:
    """Return what the engine books by."""
    return BookRequest(
        passengers=passengers_of(ask.passengers),
        contact=contact_of(ask.contact),
        dining=ask.dining,
        payment=payment_of(ask.payment, currency=currency) if ask.payment else None,
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
    )


def rate_of(query: requests.RateQuery) -> RateKey:
    """Return the rate asked for."""
    return RateKey(result_no=query.result_no, grade_no=query.grade_no, rate_code=query.rate_code)


def changes_of(ask: requests.DetailsRequest) -> dict[str, object]:
    """Return only the details that were sent."""
    every: dict[str, object] = {
        "contact": contact_of(ask.contact) if ask.contact else None,
        "passengers": passengers_of(ask.passengers or ()),
        "dining": ask.dining,
        "special_requests": ask.special_requests,
    }
    return {name: every[name] for name in every if name in ask.model_fields_set}
