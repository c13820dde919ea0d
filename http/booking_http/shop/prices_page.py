"""Live prices of a session's sailing: four categories, their grades, and the rates of each.

The line takes up to fifteen seconds for its first price list, so the page is begun at once and
ended when the prices are there; that needs no script.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from aiohttp import web

from booking_http.api import offer_responses
from booking_http.api.endpoints import cabins, sessions
from booking_http.api.guest_request import GuestRequest
from booking_http.api.requests import CancelRequest, NothingRequest, RateQuery
from booking_http.shop import guest_cookies
from booking_http.shop.formats import moment_of
from booking_http.shop.forms import read_form
from booking_http.shop.guest_cookies import guest_of
from booking_http.shop.late_parts import answer_late
from booking_http.shop.pages import Body, body_of, go_to, render
from booking_http.shop.places import book_path, chooses, place_of
from booking_http.shop.price_changes import AGES_AFTER, changes_of

CATEGORIES: Final = ("inside", "outside", "balcony", "suite")
SEPARATOR: Final = ":"
"""Stands between a cabin code and a rate code."""


async def show_prices(request: web.Request) -> web.StreamResponse:
    """Show the prices, or lead to where the session is."""
    guest = await guest_of(request)
    body = body_of(await sessions.show(guest))
    if not chooses(body):
        return go_to(place_of(body))
    before = remembered(guest, body)

    async def part() -> dict[str, Any]:
        priced = body_of(await cabins.price(guest))
        return price_facts(priced) | {"changes": changes_of(before, priced)}

    return await answer_late(request, "prices.html", "parts/prices.html", part, body=body)


def price_facts(priced: Body) -> dict[str, Any]:
    """Return the price list by categories, and the rate that is chosen until the guest chooses."""
    groups = [(name, _of_category(priced["cabins"], name)) for name in CATEGORIES]
    lowest = {name: _lowest(grades) for name, grades in groups if grades}
    return {
        "body": priced,
        "groups": [(name, grades) for name, grades in groups if grades],
        "lowest": lowest,
        "preselected": preselected(priced["cabins"]),
        "people": _people(priced),
        "old_at": moment_of(priced["asOf"]) + AGES_AFTER,
    }


def _of_category(grades: Sequence[Body], category: str) -> list[Body]:
    found = [grade for grade in grades if grade["category"] == category]
    return sorted(found, key=lambda grade: (grade["accessible"], Decimal(grade["cheapest"])))


def _lowest(grades: Sequence[Body]) -> str:
    """Return the lowest total that anybody may pay; where there is none, the lowest of all."""
    rates = [(rate, grade) for grade in grades for rate in grade["rates"]]
    free = [rate for rate, grade in rates if not rate["restrictedTo"] and not grade["accessible"]]
    totals = [rate["total"] for rate in free or [rate for rate, _ in rates]]
    return str(min(totals, key=Decimal))


def _people(priced: Body) -> int:
    party = priced["passengerCount"]
    return int(party["adults"] + party["children"])


def preselected(grades: Sequence[Body]) -> str | None:
    """Return the cheapest rate that anybody may buy, of a cabin that is not kept for a need."""
    rates = [
        (Decimal(rate["total"]), name_of(grade, rate))
        for grade in grades
        if not grade["accessible"]
        for rate in grade["rates"]
        if not rate["restrictedTo"]
    ]
    return min(rates)[1] if rates else None


def name_of(grade: Body, rate: Body) -> str:
    """Return the name of a rate in addresses; it outlives the identifiers of a price list."""
    return f"{grade['cabinCode']}{SEPARATOR}{rate['rateCode']}"


def remembered(guest: GuestRequest, body: Body) -> Body:
    """Return the session with the prices that it was last shown, without asking the line."""
    session = sessions.model_of(guest)
    priced = offer_responses.priced(session, guest.loaded.session.quote)
    return body | priced.model_dump(mode="json", by_alias=True, include={"as_of", "cabins"})


def chosen_rate(priced: Body, name: str) -> tuple[Body, Body] | None:
    """Return the grade and rate of an address; None when they are not sold any more."""
    for grade in priced["cabins"]:
        for rate in grade["rates"]:
            if name_of(grade, rate) == name:
                return grade, rate
    return None


def query_of(rate: Body) -> RateQuery:
    """Return the identifiers of a rate."""
    names = ("resultNo", "gradeNo", "rateCode")
    return RateQuery.model_validate_strings({name: rate[name] for name in names})


async def show_items(request: web.Request) -> web.StreamResponse:
    """Show what a rate's price is made of, for each guest."""
    guest = await guest_of(request)
    body = body_of(await sessions.show(guest))
    found = chosen_rate(remembered(guest, body), request.query.get("rate", ""))
    if found is None:
        return go_to(book_path(body["reference"]))
    grade, rate = found

    async def part() -> dict[str, Any]:
        return {"items": body_of(await cabins.itemize(guest, query_of(rate)))}

    facts = {"body": body, "grade": grade, "rate": rate}
    return await answer_late(request, "items.html", "parts/items.html", part, **facts)


async def start_again(request: web.Request) -> web.Response:
    """Open a new session with the party and details of one that has ended."""
    guest = await guest_of(request)
    await read_form(request)
    body = body_of(await sessions.begin_again(guest, NothingRequest()))
    response = go_to(book_path(body["reference"]))
    guest_cookies.keep_session(request, response, body)
    return response


async def ask_cancel(request: web.Request) -> web.Response:
    """Ask once more before anything is cancelled."""
    guest = await guest_of(request)
    return render(request, "cancel.html", body=body_of(await sessions.show(guest)))


async def cancel(request: web.Request) -> web.Response:
    """Cancel, and show what has become of it."""
    guest = await guest_of(request)
    await read_form(request)
    body = body_of(await sessions.cancel_session(guest, CancelRequest()))
    return go_to(place_of(body))
