"""Check your answers, and pay: the card leaves with the booking and is drawn nowhere again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from aiohttp import web

from booking_flow.errors import RefusalCode, Refused
from booking_flow.ports import StoreUnavailable
from booking_http.api.endpoints import bookings, sessions
from booking_http.api.guest_request import GuestRequest
from booking_http.api.requests import (
    BookRequest,
    ContactRequest,
    PassengerRequest,
    PaymentRequest,
)
from booking_http.shop.field_words import asked_for, faults_of
from booking_http.shop.forms import Fields, ShopForm, Wrong, ask, read_form
from booking_http.shop.guest_cookies import guest_of
from booking_http.shop.guests_page import travellers_of
from booking_http.shop.pages import Body, body_of, go_to, problem_of, refuse, render, subject_body
from booking_http.shop.places import book_path, can, elsewhere, place_of
from booking_http.shop.texts import N_
from booking_http.web.models import RequestModel
from booking_http.web.problems import Problem
from booking_http.web.request_io import service_of

CARD: Final = ("cardNumber", "expiry", "cvv", "cardholderName")
"""The fields of the card component, `templates/parts/card.html`; `payment-` stands before each."""
SHOWN: Final = ("expectedTotal", "cabinCode", "rateCode")
FULL, DEPOSIT = "full_payment", "deposit"
_EXPIRY: Final = re.compile(r"(\d{1,2})\s*[/.-]?\s*(\d{4}|\d{2})")
NO_EXPIRY: Final = N_("Enter the expiry date as on the card, such as 09/29.")


async def show_payment(request: web.Request) -> web.Response:
    """Show all answers, what is due, and the card's fields."""
    guest = await guest_of(request)
    body = body_of(await sessions.show(guest))
    if not can(body, "book") and not can(body, "pay"):
        return elsewhere(guest, body)
    if leads_away := _elsewhere(body):
        return go_to(leads_away)
    return render(request, "pay.html", **_facts(request, body))


def _elsewhere(body: Body) -> str | None:
    """Return where a session belongs that cannot be paid for now."""
    if can(body, "pay"):
        return None
    if not can(body, "book"):
        return place_of(body)
    named = len(body["details"]["passengers"]) == len(travellers_of(body))
    complete = named and body["details"]["contact"] is not None
    return None if complete else book_path(body["reference"], "guests")


def _facts(request: web.Request, body: Body) -> dict[str, Any]:
    cards = service_of(request).settings.max_cards
    return {"body": body, "booked": body["booking"] is not None, "max_cards": cards}


async def pay(request: web.Request) -> web.Response:
    """Book and pay with the card that was typed, or say what is missing."""
    guest = await guest_of(request)
    fields = await read_form(request)
    body = body_of(await sessions.show(guest))
    # A form that comes a second time is answered by what became of the first.
    if not can(body, "book") and not can(body, "pay"):
        return elsewhere(guest, body)
    if faults := dict(_missing(fields, booked=body["booking"] is not None)):
        facts = _facts(request, body) | {"form": ShopForm(typed=fields, faults=faults)}
        return render(request, "pay.html", status=422, **facts)
    try:
        done = body_of(await _carry_out(guest, body, fields))
    except (Problem, Refused, StoreUnavailable) as error:
        return await _refused(request, fields, problem_of(error))
    return go_to(place_of(done))


def _missing(fields: Fields, *, booked: bool) -> Iterator[tuple[str, Wrong]]:
    if "paymentType" not in fields:
        yield "paymentType", asked_for("amount")
    for name in CARD:
        typed = fields.get(f"payment-{name}")
        if typed is None:
            yield f"payment-{name}", asked_for(name)
        elif name == "expiry" and not _EXPIRY.fullmatch(typed):
            yield "payment-expiry", Wrong(words=NO_EXPIRY)
    if not booked and "terms" not in fields:
        yield "terms", asked_for("terms")


async def _carry_out(guest: GuestRequest, body: Body, fields: Fields) -> web.Response:
    payment = _payment(body, fields)
    if body["booking"] is not None:
        return await bookings.pay_booked(guest, ask(PaymentRequest, payment))
    return await bookings.book_held(guest, _book_request(body, payment, fields))


def _book_request(body: Body, payment: Mapping[str, object], fields: Fields) -> BookRequest:
    details = body["details"]
    return ask(
        BookRequest,
        {
            "passengers": [_sent(PassengerRequest, each) for each in details["passengers"]],
            "contact": _sent(ContactRequest, details["contact"]),
            "dining": details["dining"],
            "payment": payment,
            # What the page showed: another tab may hold another cabin by now.
            **{name: fields[name] for name in SHOWN if name in fields},
        },
    )


def _sent(model: type[RequestModel], shown: Body) -> Body:
    """Return what the API takes of what it shows; it shows more than was typed."""
    names = [each.alias or name for name, each in model.model_fields.items()]
    return {name: shown[name] for name in names if name in shown}


def _payment(body: Body, fields: Fields) -> dict[str, object]:
    expiry = _EXPIRY.fullmatch(fields["payment-expiry"])
    month, year = expiry.groups() if expiry else ("", "")
    return {
        "cardNumber": fields["payment-cardNumber"],
        "expiryMonth": month,
        "expiryYear": year,
        "cvv": fields["payment-cvv"],
        "cardholderName": fields["payment-cardholderName"],
        "amount": fields.get("amount-" + fields["paymentType"], amount_due(body, fields)),
        "paymentType": fields["paymentType"],
    }


def amount_due(body: Body, fields: Fields) -> str:
    """Return the amount that the guest consents to: the one the page showed."""
    if body["booking"] is not None:
        return str(body["booking"]["outstanding"])
    name = "deposit" if fields["paymentType"] == DEPOSIT else "total"
    return str(body["price"][name])


async def _refused(request: web.Request, fields: Fields, found: Problem) -> web.Response:
    body = await subject_body(request)
    if body is None or found.code == RefusalCode.IN_PROGRESS or _elsewhere(body):
        if body is not None and found.code == RefusalCode.IN_PROGRESS:
            return go_to(place_of(body))
        return refuse(request, found, "problem.html", body=body)
    faults = faults_of(found.errors)
    facts = _facts(request, body)
    return refuse(request, found, "pay.html", faults=faults, typed=_harmless(fields), **facts)


def _harmless(fields: Fields) -> Fields:
    """Return what was typed without the card."""
    return {name: value for name, value in fields.items() if not name.startswith("payment-")}
