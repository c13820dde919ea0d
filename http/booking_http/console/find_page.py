"""The first page: one box for anything the caller has, and what needs somebody now."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from aiohttp import web

from booking_flow.flow import STATES
from booking_http.console import result_addresses
from booking_http.console.auth import HOME, Fields, require_form, require_staff
from booking_http.console.forms import EMPTY, ConsoleForm, FormRejected, Typed, refused, understand
from booking_http.console.pages import go_to, render
from booking_http.service import Service
from booking_http.staff.requests import SearchRequest
from booking_http.staff.session_search import Page, search, wanted_of
from booking_http.staff.views import hit_view
from booking_http.web.auth import Staff
from booking_http.web.problems import Problem
from booking_http.web.request_io import service_of

SESSIONS: Final = "/console/sessions"
_OLD: Final = ConsoleForm(
    typed=Typed(), said="This list is not kept any longer. Please search again."
)
_DAYS: Final = {"from": timedelta(), "to": timedelta(days=1)}


async def show_first_page(request: web.Request) -> web.Response:
    """Show the box, and the latest sessions that need somebody."""
    staff, filters = await require_staff(request), _filters(request)
    if not filters:
        page = await search(service_of(request), staff, SearchRequest(attention=True))
        return await _show(request, staff, EMPTY, page)
    try:
        page = await search(service_of(request), staff, understand(filters, SearchRequest))
    except FormRejected as untaken:
        return await _show(request, staff, untaken.form, None, status=422)
    return await _show(request, staff, ConsoleForm(typed=Typed(filters)), page, searched=True)


def _filters(request: web.Request) -> Fields:
    """Return what a link narrows the list down to; nothing of a guest may lie in an address."""
    known = {each.alias or name for name, each in SearchRequest.model_fields.items()} - {"query"}
    return {name: value for name, value in request.query.items() if name in known and value}


async def find(request: web.Request) -> web.Response:
    """Lead on to what is found: to the only session that has the key, or to the list.

    The list has an address of its own, so that one can go back to it.
    """
    staff, fields = await require_form(request)
    service = service_of(request)
    try:
        ask = asked(fields)
        if "query" in fields and "cursor" not in fields and await _is_only_one(service, ask):
            page = await search(service, staff, ask)
            return go_to(f"{SESSIONS}/{page.hits[0].session.id}" if page.hits else HOME)
    except FormRejected as untaken:
        return await _show(request, staff, untaken.form, None, status=422)
    except Problem as found:
        return await _show(request, staff, refused(fields, found), None, status=found.row.status)
    return go_to(result_addresses.address_of(service.support.vault, staff.account.id, fields))


async def _is_only_one(service: Service, ask: SearchRequest) -> bool:
    return len(await service.support.search.find(wanted_of(ask))) == 1


async def show_found(request: web.Request) -> web.Response:
    """Show the list that a search led to, as it is now."""
    staff, service = await require_staff(request), service_of(request)
    token = request.match_info["token"]
    fields = result_addresses.search_at(service.support.vault, staff.account.id, token)
    if fields is None:
        return await _show(request, staff, _OLD, None, status=410)
    page = await search(service, staff, asked(fields))
    typed = {name: value for name, value in fields.items() if name != "cursor"}
    return await _show(request, staff, ConsoleForm(typed=Typed(typed)), page, searched=True)


def asked(fields: Fields) -> SearchRequest:
    """Read the form; days begin and end at midnight UTC, the last one included; times stay."""
    exact = dict(fields)
    for name, more in _DAYS.items():
        if name in exact and "T" not in exact[name]:
            exact[name] = f"{_day(fields, name) + more}T00:00:00Z"
    return understand(exact, SearchRequest)


async def show_again(
    request: web.Request, staff: Staff, form: ConsoleForm, *, status: int
) -> web.Response:
    """Show the list that a form below it was sent from."""
    page = await search(service_of(request), staff, asked(form.typed))
    return await _show(request, staff, form, page, searched=True, status=status)


def _day(fields: Fields, name: str) -> date:
    try:
        return date.fromisoformat(fields[name])
    except ValueError:
        faults = {name: "must be a day such as 2026-11-22"}
        raise FormRejected(ConsoleForm(typed=Typed(fields), faults=faults)) from None


async def _show(
    request: web.Request,
    staff: Staff,
    form: ConsoleForm,
    page: Page | None,
    *,
    searched: bool = False,
    status: int = 200,
) -> web.Response:
    hits = [hit_view(hit, masked=not staff.sees_all) for hit in page.hits] if page else []
    facts: dict[str, Any] = {"more": page.next if page else None, "searched": searched}
    return await render(
        request,
        "find.html",
        staff=staff,
        status=status,
        form=form,
        hits=hits,
        states=STATES,
        **facts,
    )
