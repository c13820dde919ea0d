"""The flow for reviewers: its pictures and tables, and whether every stored history still folds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.client_exceptions import ClientConnectionResetError

from booking_flow.flow import FLOW, FLOW_VERSION, STATES
from booking_flow.saga import SAGA
from booking_flow.staff.people import Role
from booking_http.console.auth import require_form, require_staff
from booking_http.console.pages import environment, render
from booking_http.diagrams.drawn import flow_picture, saga_picture
from booking_http.service import Service
from booking_http.web.auth import write_audit
from booking_http.web.request_io import service_of
from persistence.history_check import Broken, check_all

FLOW_PAGE: Final = "/console/flow"
MARK: Final = "<!--found-->"
"""Where the page stops until the check has found something."""
MOST_SHOWN: Final = 100
"""Broken histories that are named; the command line names all."""
_OFTEN: Final = 10_000
"""Sessions between two lines of progress."""


async def show_flow(request: web.Request) -> web.Response:
    """Show what reviewers read in `diagrams/`, as this process has it."""
    staff = await require_staff(request)
    return await render(
        request,
        "flow.html",
        staff=staff,
        version=FLOW_VERSION,
        states=STATES,
        flow=FLOW,
        saga=SAGA,
        flow_picture=flow_picture(),
        saga_picture=saga_picture(),
    )


async def check(request: web.Request) -> web.StreamResponse:
    """Fold every stored history through the flow, and tell how it goes while it goes."""
    staff, _ = await require_form(request, Role.AGENT)
    service = service_of(request)
    await write_audit(service, staff, "check_histories")
    page = await render(request, "flow_check.html", staff=staff, version=FLOW_VERSION)
    head, _, tail = (page.text or "").partition(MARK)
    response = web.StreamResponse(headers=page.headers)
    await response.prepare(request)
    try:
        await response.write(head.encode())
        async for piece in _pieces(service):
            await response.write(piece.encode())
        await response.write_eof(tail.encode())
    except (ClientConnectionResetError, ConnectionResetError):
        pass
    return response


@dataclass(slots=True)
class StateTally:
    """What the check has found so far."""

    sessions: int = 0
    events: int = 0
    number: int = 0
    broken: tuple[Broken, ...] = ()
    done: bool = False

    def add(self, sessions: int, events: int, broken: Sequence[Broken]) -> None:
        """Count another page."""
        self.sessions += sessions
        self.events += events
        self.number += len(broken)
        self.broken = (*self.broken, *broken)[:MOST_SHOWN]


async def _pieces(service: Service) -> AsyncIterator[str]:
    """Return lines of progress and, in the end, what was found."""
    template, tally, told = environment().get_template("flow_found.html"), StateTally(), 0
    async for checked in check_all(service.support.database):
        tally.add(checked.sessions, checked.events, checked.broken)
        if tally.sessions - told >= _OFTEN:
            told = tally.sessions
            yield template.render(tally=tally)
    tally.done = True
    yield template.render(tally=tally, version=FLOW_VERSION)
