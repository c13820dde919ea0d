"""The first page: sailings that can be booked live, narrowed down by what stands in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from pydantic import ValidationError

from booking_flow.errors import Refused
from booking_flow.model.card_numbers import holds_card_number
from booking_flow.ports import StoreUnavailable
from booking_http.api.endpoints.catalogue import find_cruises
from booking_http.api.requests import CruisesQuery
from booking_http.shop import guest_cookies
from booking_http.shop.formats import moment_of
from booking_http.shop.pages import Body, go_to, problem_facts, problem_of, render
from booking_http.shop.party import party_of
from booking_http.shop.texts import LANGUAGES, N_
from booking_http.web.models import without_cards
from booking_http.web.problems import Problem
from booking_http.web.request_io import service_of

STEP: Final = 20
"""Sailings that are shown more at a time."""
_MOST: Final = 100
NIGHTS: Final = (
    ("1-5", N_("Up to 5 nights")),
    ("6-8", N_("6 to 8 nights")),
    ("9-99", N_("9 nights and more")),
)
SORTS: Final = (
    ("date", N_("Soonest first")),
    ("price", N_("Cheapest first")),
    ("nights", N_("Shortest first")),
)
OTHERS: Final = (
    ("month", N_("Nearest:")),
    ("embarkPort", N_("From other ports:")),
    ("nights", N_("Shorter or longer:")),
    ("line", N_("Of other lines:")),
    ("ship", N_("Of other ships:")),
    ("port", N_("By other ports:")),
)
_OTHERS: Final = 6
"""Other choices of one filter that are offered where nothing was found."""
_FRESH: Final = timedelta(days=1)
FILTERS: Final = ("q", "month", "embarkPort", "nights", "line", "ship", "port", "sort")
_PARTY: Final = ("adults", "children", *(f"age{number}" for number in range(1, 8)))
KEPT: Final = (*FILTERS, *_PARTY)
"""What of an address is carried from page to page; nothing in it is about a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """Other choices of a filter, where the one that was made finds nothing."""

    name: str
    words: str
    options: list[Body]


async def show_first_page(request: web.Request) -> web.Response:
    """Show the sailings that fit."""
    if request.query.get("language") in LANGUAGES:
        return _speak(request)
    query = without_cards(request.query)
    chosen = _understood({name: query[name] for name in KEPT if query.get(name)})
    try:
        now = await service_of(request).store.now()
        found, shown = await _found(request, chosen, today=now.date())
    except (Problem, Refused, StoreUnavailable) as error:
        return _without_list(request, chosen, problem_of(error))
    facts = _facts(chosen) | {
        "instead": instead_of(found, chosen),
        "old_since": _old_since(found, now),
    }
    return render(request, "find.html", **facts, found=found, shown=shown)


def _old_since(found: Body, now: datetime) -> str | None:
    """Return since when the catalogue has not been brought up to date, if that is long."""
    updated: str | None = found["updatedAt"]
    return updated if updated and now - moment_of(updated) > _FRESH else None


def instead_of(found: Body, chosen: Mapping[str, str]) -> list[Instead]:
    """Return the other choices of each filter that find something; those of months by nearness."""
    if found["cruises"]:
        return []
    facets = found["facets"]
    options = {
        "month": _nearest(facets["months"], chosen.get("month", "")),
        "embarkPort": facets["embarkPorts"],
        "nights": [{"value": value, "count": _within(facets, value)} for value, _ in NIGHTS],
        "line": facets["lines"],
        "ship": facets["ships"],
        "port": facets["ports"],
    }
    some = {name: [each for each in options[name] if each["count"]] for name in options}
    return [
        Instead(name=name, words=words, options=some[name][:_OTHERS])
        for name, words in OTHERS
        if name in chosen and some[name]
    ]


def _nearest(months: list[Body], month: str) -> list[Body]:
    """Return months by how far they are from one, such as 2027-03; the earlier of two first."""
    return sorted(months, key=lambda each: abs(_number(each["value"]) - _number(month)))


def _number(month: str) -> int:
    year, _, number = month.partition("-")
    return int(year or 0) * 12 + int(number or 0)


def _within(facets: Body, span: str) -> int:
    least, _, most = span.partition("-")
    lengths = [each for each in facets["nights"] if int(least) <= int(each["value"]) <= int(most)]
    return sum(each["count"] for each in lengths)


def _understood(chosen: Mapping[str, str]) -> Mapping[str, str]:
    """Return the choices; where the API would not take one of them, the party alone."""
    try:
        CruisesQuery.model_validate_strings(query_of(chosen))
    except ValidationError:
        return {name: value for name, value in chosen.items() if name in _PARTY}
    return chosen


def _facts(chosen: Mapping[str, str]) -> dict[str, Any]:
    return {
        "chosen": chosen,
        "party": party_of(chosen),
        "nights": NIGHTS,
        "sorts": SORTS,
        "step": STEP,
        "link": _linker(chosen),
        "instead": [],
        "old_since": None,
    }


def _linker(chosen: Mapping[str, str]) -> Any:
    def link(**changes: object) -> str:
        """Return the address of the list with some of its choices changed; None takes one away."""
        merged = {**chosen, **changes}
        return "/?" + urlencode({name: value for name, value in merged.items() if value})

    return link


async def _found(
    request: web.Request, chosen: Mapping[str, str], *, today: date
) -> tuple[Body, int]:
    """Return the sailings, and how many were asked for."""
    shown = _shown(request.query.get("shown", ""))
    asked = query_of(chosen) | {"limit": str(shown)}
    query = CruisesQuery.model_validate_strings(asked)
    answer = await find_cruises(service_of(request), query, today=today, asked=asked)
    return answer.model_dump(mode="json", by_alias=True), shown


def query_of(chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the API's query for the choices of the page."""
    asked = {name: chosen[name] for name in FILTERS if name in chosen and name != "nights"}
    least, dash, most = chosen.get("nights", "").partition("-")
    return asked | ({"nightsMin": least, "nightsMax": most} if dash else {})


def _shown(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else STEP
    return max(STEP, min(number, _MOST))


def _without_list(request: web.Request, chosen: Mapping[str, str], found: Problem) -> web.Response:
    facts = problem_facts(request, found, body=None)
    return render(
        request,
        "find.html",
        status=found.row.status,
        headers=dict(found.headers),
        **_facts(chosen) | facts,
        found=None,
        shown=STEP,
    )


def _speak(request: web.Request) -> web.Response:
    """Keep the language chosen, and go back to the page on which it was."""
    back = request.query.get("back", "/")
    ours = back.startswith("/") and not back.startswith(("//", "/\\"))
    ours = ours and not holds_card_number(back)
    response = go_to(back if ours else "/")
    guest_cookies.keep_language(request, response, request.query["language"])
    return response
