"""What staff do to a session as requests: body and If-Match say what, the session comes back."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from booking_flow.model.session import Loaded
from booking_flow.staff.action import Action, StaffCommand
from booking_http.api.session_replies import tag
from booking_http.staff.requests import REQUESTS
from booking_http.staff.session_endpoints import present
from booking_http.staff.session_search import id_of
from booking_http.web.auth import Staff, staff_of
from booking_http.web.problems import EdgeCode, problem
from booking_http.web.request_io import expected_versions, json_response, read_body, service_of
from booking_http.web.route import Handler

_OPERATIONS: Final = {
    "note": "add_note",
    "cancel": "cancel_session",
    "correct": "correct_details",
    "move": "move_session",
}
"""What the API's document calls an operation, where the action's name alone says too little."""


def endpoint_of(action: Action[Any]) -> Handler:
    """Return what takes requests for an action; 202 while something must end first."""

    async def endpoint(request: web.Request) -> web.Response:
        staff = await staff_of(request, action.role)
        versions = named_versions(request)
        ask = await read_body(request, REQUESTS[action.name])
        order = StaffCommand(
            staff=staff.member,
            session_id=id_of(request, "session_uuid"),
            seen=versions,
            reason=ask.reason,
        )
        actions = service_of(request).support.actions
        loaded = await actions.perform(action, order, ask.parameters())
        status = 202 if action.waits(loaded.session) else 200
        return await tell_acted(request, staff, loaded, status=status)

    endpoint.__name__ = _OPERATIONS.get(action.name, action.name.replace("-", "_"))
    return endpoint


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
