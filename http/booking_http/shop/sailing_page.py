"""One sailing: its days, its ship, and who wants to travel; sending the party opens a session."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from booking_flow.errors import RefusalCode, Refused
from booking_flow.ports import StoreUnavailable
from booking_http.api.endpoints.catalogue import show_cruise
from booking_http.api.endpoints.sessions import begin_session
from booking_http.api.requests import OpenSessionRequest
from booking_http.shop import guest_cookies
from booking_http.shop.forms import ShopForm, Wrong, ask, read_form
from booking_http.shop.pages import Body, body_of, go_to, problem_of, refuse, render
from booking_http.shop.party import MOST, OLDEST_CHILD, PartyChoice, party_of
from booking_http.shop.places import book_path
from booking_http.web.problems import Problem, problem
from booking_http.web.request_io import service_of


async def show_sailing(request: web.Request) -> web.Response:
    """Show a sailing that can be booked."""
    cruise = await _cruise(request)
    return render(request, "sailing.html", **_facts(cruise, party_of(request.query)))


async def open_session(request: web.Request) -> web.Response:
    """Open a session for the party and lead on to its prices."""
    fields = await read_form(request)
    party = party_of(fields)
    if fault := party.fault:
        return await _incomplete(request, party, fault)
    try:
        answer = await begin_session(request, _asked(request, party))
    except (Problem, Refused, StoreUnavailable) as error:
        return await _refused(request, party, problem_of(error))
    body = body_of(answer)
    response = go_to(book_path(body["reference"]))
    guest_cookies.keep_session(request, response, body)
    return response


def _asked(request: web.Request, party: PartyChoice) -> OpenSessionRequest:
    ages = tuple(age for age in party.ages if age is not None)
    count = {"adults": party.adults, "children": len(ages), "childAges": ages}
    return ask(
        OpenSessionRequest,
        {"cruiseId": request.match_info["cruise_id"], "passengerCount": count},
    )


async def _incomplete(request: web.Request, party: PartyChoice, fault: str) -> web.Response:
    missing = next((number for number, age in party.numbered if age is None), None)
    field = f"age{missing}" if missing else "adults"
    form = ShopForm(typed=party.fields, faults={field: Wrong(words=fault, facts={"most": MOST})})
    facts = _facts(await _cruise(request), party)
    return render(request, "sailing.html", status=422, **facts | {"form": form})


async def _refused(request: web.Request, party: PartyChoice, found: Problem) -> web.Response:
    """Show the sailing with what is wrong; where there is none any more, only that."""
    if found.code == RefusalCode.CRUISE_NOT_FOUND:
        raise found
    cruise = await _cruise(request)
    facts = _facts(cruise, party)
    return refuse(request, found, "sailing.html", body=None, **facts)


async def _cruise(request: web.Request) -> Body:
    cruise_id = request.match_info["cruise_id"]
    found = await show_cruise(service_of(request), cruise_id)
    if found is None:
        raise problem(RefusalCode.CRUISE_NOT_FOUND)
    return found.model_dump(mode="json", by_alias=True)


def _facts(cruise: Body, party: PartyChoice) -> dict[str, Any]:
    return {"cruise": cruise, "party": party, "most": MOST, "oldest_child": OLDEST_CHILD}
