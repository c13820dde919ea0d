"""What else can be chosen with the cabin: the time of dinner, and wishes for the line."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from booking_flow.errors import Refused
from booking_flow.ports import StoreUnavailable
from booking_http.api.endpoints import sessions
from booking_http.api.requests import DetailsRequest
from booking_http.shop.field_words import faults_of
from booking_http.shop.forms import ShopForm, ask, read_form
from booking_http.shop.guest_cookies import guest_of
from booking_http.shop.pages import body_of, go_to, problem_of, refuse, render, subject_body
from booking_http.shop.places import book_path, can, elsewhere
from booking_http.web.problems import Problem

NAMES: Final = ("dining", "specialRequests")


async def show_extras(request: web.Request) -> web.Response:
    """Ask for the time of dinner and for wishes."""
    guest = await guest_of(request)
    body = body_of(await sessions.show(guest))
    if not can(body, "book"):
        return elsewhere(guest, body)
    kept = {name: body["details"][name] or "" for name in NAMES}
    return render(request, "extras.html", body=body, form=ShopForm(typed=kept))


async def keep_extras(request: web.Request) -> web.Response:
    """Keep what was chosen and lead on to paying."""
    guest = await guest_of(request)
    fields = await read_form(request)
    try:
        kept = ask(DetailsRequest, {name: fields.get(name) for name in NAMES})
        body = body_of(await sessions.edit(guest, kept))
    except (Problem, Refused, StoreUnavailable) as error:
        found = problem_of(error)
        body_now = await subject_body(request)
        faults = faults_of(found.errors)
        page = "extras.html" if body_now and can(body_now, "book") else "problem.html"
        return refuse(request, found, page, body=body_now, faults=faults, typed=fields)
    return go_to(book_path(body["reference"], "pay"))
