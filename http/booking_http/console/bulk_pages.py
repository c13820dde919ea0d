"""The same for every session of a list: begun from what was found, and watched as it goes on."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from booking_flow.staff.people import Role
from booking_http.console import find_page
from booking_http.console.auth import require_form, require_staff
from booking_http.console.forms import FormRejected, refused, understand
from booking_http.console.pages import go_to, render
from booking_http.staff import bulk_runs
from booking_http.staff.bulk_endpoints import read_run
from booking_http.staff.requests import BulkRequest, ReasonRequest
from booking_http.staff.session_search import id_of
from booking_http.web.problems import Problem
from booking_http.web.request_io import service_of
from persistence.tables.bulk import BulkAction

BULK: Final = "/console/bulk"
_FORM: Final = "bulk"


class BulkForm(ReasonRequest):
    """What is to be done to all, and why."""

    action: BulkAction


async def start(request: web.Request) -> web.Response:
    """Begin; what is missing is told beside the form, below the same list."""
    staff, fields = await require_form(request, Role.AGENT)
    try:
        staff_command, search = understand(fields, BulkForm, form=_FORM), find_page.asked(fields)
        ask = BulkRequest(action=staff_command.action, reason=staff_command.reason, search=search)
        run = await bulk_runs.start(service_of(request), staff, ask)
    except FormRejected as untaken:
        return await find_page.show_again(request, staff, untaken.form, status=422)
    except Problem as found:
        form = refused(fields, found, form=_FORM)
        return await find_page.show_again(request, staff, form, status=found.row.status)
    return go_to(f"{BULK}/{run.id}")


async def show_run(request: web.Request) -> web.Response:
    """Show how far a run has come, and where it did not work."""
    staff, service = await require_staff(request), service_of(request)
    run = await bulk_runs.run_of(service, id_of(request, "run_id"))
    return await render(request, "bulk.html", staff=staff, run=await read_run(service, staff, run))
