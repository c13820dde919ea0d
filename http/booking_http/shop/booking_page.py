"""What became of it: the wait for an outcome, the confirmation, and bookings that have ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from booking_flow.model.session import Session
from booking_flow.model.task import TaskKind
from booking_flow.ports import StoredTask
from booking_http.api.endpoints import sessions
from booking_http.api.guest_request import GuestRequest
from booking_http.shop.calendar import calendar_of
from booking_http.shop.formats import moment_of
from booking_http.shop.guest_cookies import guest_of
from booking_http.shop.pages import Body, body_of, go_to, render
from booking_http.shop.places import (
    ENDED,
    RESERVED,
    asks_line,
    awaits_line,
    booking_path,
    can,
    place_of,
)
from booking_http.web.request_io import service_of

_CHOSEN: Final = frozenset({"basketed", "cabin_selected"})
_DOUBTS: Final = {TaskKind.BOOK_UNKNOWN: "booking", TaskKind.PAY_UNKNOWN: "payment"}
_NO: Final = ("refused", "not_booked", "not_paid")
"""What answers to a doubt begin with that are no good news."""


async def show_wait(request: web.Request) -> web.Response:
    """Say that the outcome is not known, and once it is, that nothing was booked, or lead on."""
    guest = await guest_of(request)
    body = body_of(await sessions.show(guest))
    if awaits_line(body):
        facts = wait_facts(request, guest.loaded.session, body)
        return render(request, "wait.html", body=body, **facts)
    if body["pending"] or body["state"] not in _CHOSEN or not body["price"]:
        return go_to(place_of(body))
    return render(request, "not_booked.html", body=body, refund=_refund(await _tasks(guest)))


def wait_facts(request: web.Request, session: Session, body: Body) -> dict[str, Any]:
    """Return since when a session waits for the line, by when it is told, and why it waits."""
    policy, since = service_of(request).settings.policy(), moment_of(body["pending"]["since"])
    return {
        "since": since,
        "most": since + policy.visibility_lag,
        "person": since + policy.task_time,
        "disputed": session.open_step is None,
        "asking": asks_line(body),
    }


async def show_booking(request: web.Request) -> web.Response:
    """Show a booking, or what ended without one; anything else is elsewhere."""
    guest = await guest_of(request)
    body = body_of(await sessions.show(guest))
    if awaits_line(body) or body["state"] not in RESERVED | ENDED:
        return go_to(place_of(body))
    page = "booking.html" if body["booking"] else "ended.html"
    tasks = await _tasks(guest)
    return render(
        request,
        page,
        body=body,
        can_pay=can(body, "pay"),
        can_cancel=can(body, "cancel"),
        refund=_refund(tasks),
        good_news=_good_news(tasks),
    )


async def _tasks(guest: GuestRequest) -> Sequence[StoredTask]:
    queued = await guest.service.support.queue.tasks_of(guest.loaded.session.id)
    return [each.task for each in queued]


def _refund(tasks: Sequence[StoredTask]) -> StoredTask | None:
    """Return the task to send back what was charged and is not due, open or done; None if none."""
    found = [task for task in tasks if task.kind is TaskKind.REFUND]
    return min(found, key=lambda task: task.closed_at is not None) if found else None


def _good_news(tasks: Sequence[StoredTask]) -> str | None:
    """Return what was in doubt last and turned out well: the booking or its payment."""
    doubts = [task for task in tasks if task.kind in _DOUBTS and task.answer]
    last = max(doubts, key=lambda task: task.opened_at, default=None)
    if last is None or (last.answer or "").startswith(_NO):
        return None
    return _DOUBTS[last.kind]


async def read_calendar(request: web.Request) -> web.Response:
    """Answer with the cruise as an entry of a calendar."""
    body = body_of(await sessions.show(await guest_of(request)))
    if not body["booking"]:
        return go_to(booking_path(body["reference"]))
    name = f"{body['reference']}.ics"
    return web.Response(
        text=calendar_of(body),
        content_type="text/calendar",
        charset="utf-8",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{name}"',
        },
    )
