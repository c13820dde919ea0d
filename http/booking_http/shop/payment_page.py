"""Check your answers, and pay: the card leaves with the booking and is drawn nowhere again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from aiohttp import web

from booking_flow.channels import Channel, channel_of
from booking_flow.errors import RefusalCode, Refused
from booking_flow.ports import StoreUnavailable
from booking_http.api.endpoints import bookings, sessions
from booking_http.api.requests import (
    BookRequest,
    ContactRequest,
    PassengerRequest,
)
from booking_http.shop.card_fields import DEPOSIT, FULL, missing_in_card, payment_in, without_card
from booking_http.shop.field_words import asked_for, faults_of
from booking_http.shop.forms import Fields, ShopForm, Wrong, ask, read_form
from booking_http.shop.guest_cookies import guest_of
from booking_http.shop.guests_page import travellers_of
from booking_http.shop.pages import Body, body_of, go_to, problem_of, refuse, render, subject_body
from booking_http.shop.places import book_path, can, elsewhere, place_of
from booking_http.web.models import RequestModel
from booking_http.web.problems import Problem
from booking_http.web.request_io import service_of

SHOWN: Final = ("expectedTotal", "cabinCode", "rateCode")


async def show_payment(request: web.Request) -> web.Response:
    """Show all answers and what is due, with the card's fields where the booking takes a card."""
    guest = await guest_of(request)
    body = body_of(await sessions.show(guest))
    if not can(body, "book"):
        return elsewhere(guest, body)
    if not _complete(body):
        return go_to(book_path(body["reference"], "guests"))
    return render(request, "pay.html", **_facts(request, body))


def _complete(body: Body) -> bool:
    """Whether all is known that a booking takes."""
    named = len(body["details"]["passengers"]) == len(travellers_of(body))
    return named and body["details"]["contact"] is not None


def _facts(request: web.Request, body: Body) -> dict[str, Any]:
    policy = service_of(request).settings.policy()
    channel = channel_of(policy)
    return {"body": body, "channel": channel, "max_cards": policy.max_cards}


async def pay(request: web.Request) -> web.Response:
    """Book, and pay with the card that was typed, or say what is missing."""
    guest = await guest_of(request)
    fields = await read_form(request)
    body = body_of(await sessions.show(guest))
    # A form that comes a second time is answered by what became of the first.
    if not can(body, "book"):
        return elsewhere(guest, body)
    facts = _facts(request, body)
    if faults := dict(_missing(fields, facts["channel"])):
        form = ShopForm(typed=without_card(fields), faults=faults)
        return render(request, "pay.html", status=422, **facts | {"form": form})
    try:
        done = body_of(
            await bookings.book_held(guest, _book_request(body, fields, facts["channel"]))
        )
    except (Problem, Refused, StoreUnavailable) as error:
        return await _refused(request, fields, problem_of(error))
    return go_to(place_of(done))


def _missing(fields: Fields, channel: Channel) -> Iterator[tuple[str, Wrong]]:
    if channel.card_with_booking:
        yield from missing_in_card(fields)
    if "terms" not in fields:
        yield "terms", asked_for("terms")


def _book_request(body: Body, fields: Fields, channel: Channel) -> BookRequest:
    details, price = body["details"], body["price"]
    amounts = {FULL: price["total"], DEPOSIT: price["deposit"]}
    return ask(
        BookRequest,
        {
            "passengers": [_sent(PassengerRequest, each) for each in details["passengers"]],
            "contact": _sent(ContactRequest, details["contact"]),
            "dining": details["dining"],
            "payment": payment_in(fields, amounts) if channel.card_with_booking else None,
            # What the page showed: another tab may hold another cabin by now.
            **{name: fields[name] for name in SHOWN if name in fields},
        },
    )


def _sent(model: type[RequestModel], shown: Body) -> Body:
    """Return what the API takes of what it shows; it shows more than was typed."""
    names = [each.alias or name for name, each in model.model_fields.items()]
    return {name: shown[name] for name in names if name in shown}


async def _refused(request: web.Request, fields: Fields, found: Problem) -> web.Response:
    body = await subject_body(request)
    if body is not None and found.code == RefusalCode.IN_PROGRESS:
        return go_to(place_of(body))
    if body is None or not can(body, "book") or not _complete(body):
        return refuse(request, found, "problem.html", body=body)
    faults = faults_of(found.errors)
    facts = _facts(request, body)
    return refuse(request, found, "pay.html", faults=faults, typed=without_card(fields), **facts)
