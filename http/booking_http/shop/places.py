"""Where in the shop a session is: the page that shows what can be done next."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_flow.flow import BEFORE_HOLD
from booking_http.api.guest_request import GuestRequest
from booking_http.shop.pages import Body, go_to
from booking_http.web.problems import problem

RESERVED: Final = frozenset({"booked", "paid"})
ENDED: Final = frozenset({"expired", "cancelled"})
_EFFECTS: Final = frozenset({"book", "pay"})


def book_path(reference: str, step: str = "") -> str:
    """Return the address of a step before the booking."""
    return f"/book/{reference}/{step}".rstrip("/")


def booking_path(reference: str) -> str:
    """Return the address of a booking, or of what ended without one."""
    return f"/booking/{reference}"


def manage_path(reference: str, act: str = "") -> str:
    """Return the address of what can be done about a booking, or of one thing that can."""
    return f"/booking/{reference}/manage/{act}".rstrip("/")


def awaits_line(body: Body) -> bool:
    """Whether a booking or payment was sent whose outcome is not known."""
    pending = body["pending"]
    return pending is not None and pending["step"] in _EFFECTS


def asks_line(body: Body) -> bool:
    """Whether the line is being asked right now, so that its answer may still come by itself."""
    return awaits_line(body) and body["pending"]["outcome"] == "in_progress"


def chooses(body: Body) -> bool:
    """Whether a guest still looks at prices and chooses, and nothing is asked of the line."""
    return body["state"] in BEFORE_HOLD and not body["pending"]


def place_of(body: Body) -> str:
    """Return the address at which a session goes on."""
    reference = body["reference"]
    if awaits_line(body):
        return book_path(reference, "wait")
    if body["state"] in RESERVED | ENDED:
        return booking_path(reference)
    return book_path(reference, "" if body["state"] in BEFORE_HOLD else "guests")


def elsewhere(guest: GuestRequest, body: Body) -> web.Response:
    """Lead on to where a session is; one whose hold has ended is told so first.

    Raises:
        Problem: `hold_lapsed`.
    """
    if body["state"] == "cabin_selected" and guest.loaded.session.basket is not None:
        raise problem(RefusalCode.HOLD_LAPSED)
    return go_to(place_of(body))


def can(body: Body, action: str) -> bool:
    """Whether the API would allow this now."""
    return any(each["name"] == action for each in body["allowedActions"])
