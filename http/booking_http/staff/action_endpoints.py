"""The acts of staff as requests: what the body and If-Match say, and the session afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web

from booking_flow.model.session import Loaded, Session
from booking_http.api.session_replies import tag
from booking_http.service import Service
from booking_http.staff import actions, allowed_actions, course_changes
from booking_http.staff.actions import StaffCommand
from booking_http.staff.allowed_actions import Action
from booking_http.staff.requests import (
    ExtendRequest,
    MoveRequest,
    ReasonRequest,
    RecordRequest,
    RedactRequest,
)
from booking_http.staff.session_endpoints import present
from booking_http.staff.session_search import id_of
from booking_http.web.auth import Staff, staff_of
from booking_http.web.problems import EdgeCode, problem
from booking_http.web.request_io import expected_versions, json_response, read_body, service_of

A = TypeVar("A", bound=ReasonRequest)
CarryOut = Callable[[Service, StaffCommand], Awaitable[Loaded]]


async def add_note(request: web.Request) -> web.Response:
    """Write something into the history."""
    return await _act(request, allowed_actions.NOTE, actions.add_note)


async def reconcile(request: web.Request) -> web.Response:
    """Find out now about a step whose end is not known."""
    return await _act(request, allowed_actions.RECONCILE, actions.reconcile)


async def retry_undo(request: web.Request) -> web.Response:
    """Try now to let go what the supplier may still hold for nobody."""
    return await _act(request, allowed_actions.RETRY_UNDO, actions.retry_undo)


async def release_hold(request: web.Request) -> web.Response:
    """Let the held cabin go; 202 while the supplier has not said that it is."""
    return await _act(
        request,
        allowed_actions.RELEASE,
        actions.release_hold,
        waits=lambda after: bool(after.open_step),
    )


async def cancel_session(request: web.Request) -> web.Response:
    """Cancel for the guest; 202 while something must end first."""
    return await _act(
        request, allowed_actions.CANCEL, actions.cancel_session, waits=lambda after: not after.ended
    )


async def erase_guest(request: web.Request) -> web.Response:
    """Make what the guest typed unreadable for ever."""
    return await _act(request, allowed_actions.ERASE, actions.erase_guest)


async def redact(request: web.Request) -> web.Response:
    """Take a text out for good."""
    staff, staff_command, ask = await _read(request, allowed_actions.REDACT, RedactRequest)
    loaded = await actions.redact(service_of(request), staff_command, text=ask.text)
    return await tell_acted(request, staff, loaded)


async def extend_deadline(request: web.Request) -> web.Response:
    """Give the guest more time."""
    staff, staff_command, ask = await _read(request, allowed_actions.EXTEND, ExtendRequest)
    loaded = await course_changes.extend_deadline(
        service_of(request), staff_command, deadline=ask.deadline, until=ask.until
    )
    return await tell_acted(request, staff, loaded)


async def record_payment(request: web.Request) -> web.Response:
    """Enter money that was received outside."""
    staff, staff_command, ask = await _read(request, allowed_actions.RECORD, RecordRequest)
    loaded = await course_changes.record_payment(
        service_of(request), staff_command, amount=ask.money
    )
    return await tell_acted(request, staff, loaded)


async def resend_confirmation(request: web.Request) -> web.Response:
    """Mail once more how the booking stands; 202, since it is sent by and by."""
    return await _act(
        request, allowed_actions.RESEND, course_changes.resend_confirmation, waits=lambda _: True
    )


async def confirm_cancellation(request: web.Request) -> web.Response:
    """End a booking that the line has cancelled."""
    return await _act(
        request, allowed_actions.CONFIRM_CANCELLATION, course_changes.confirm_cancellation
    )


async def refuse_cancellation(request: web.Request) -> web.Response:
    """Let a booking go on that the line does not cancel."""
    return await _act(
        request, allowed_actions.REFUSE_CANCELLATION, course_changes.refuse_cancellation
    )


async def move_session(request: web.Request) -> web.Response:
    """Move a session to another state by hand."""
    staff, staff_command, ask = await _read(request, allowed_actions.MOVE, MoveRequest)
    loaded = await course_changes.move_session(
        service_of(request),
        staff_command,
        to=ask.to,
        override=ask.override,
        not_undone=frozenset(each.value for each in ask.not_undone),
    )
    return await tell_acted(request, staff, loaded)


async def _act(
    request: web.Request,
    action: Action,
    carry_out: CarryOut,
    *,
    waits: Callable[[Session], bool] = lambda _: False,
) -> web.Response:
    staff, staff_command, _ = await _read(request, action, ReasonRequest)
    loaded = await carry_out(service_of(request), staff_command)
    return await tell_acted(request, staff, loaded, status=202 if waits(loaded.session) else 200)


async def _read(
    request: web.Request, action: Action, model: type[A]
) -> tuple[Staff, StaffCommand, A]:
    """Return who asks, what about the session of the path, and the rest of what they sent."""
    staff = await staff_of(request, action.role)
    versions, ask = named_versions(request), await read_body(request, model)
    session_id = id_of(request, "session_uuid")
    return (
        staff,
        StaffCommand(staff=staff, session_id=session_id, seen=versions, reason=ask.reason),
        ask,
    )


async def tell_acted(
    request: web.Request, staff: Staff, loaded: Loaded, *, status: int = 200
) -> web.Response:
    """Answer with the session as it is now."""
    body = await present(service_of(request), staff, loaded)
    return json_response(body, status=status, headers=tag(loaded.session))


def named_versions(request: web.Request) -> frozenset[int]:
    """Return the versions If-Match names.

    Raises:
        Problem: `precondition_required`; `*` would be to act on what one has not seen.
    """
    versions = expected_versions(request)
    if versions is None:
        raise problem(EdgeCode.PRECONDITION_REQUIRED, "Send the ETag that you have seen.")
    return versions
