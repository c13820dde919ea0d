"""The pages behind a mailed link: a button first, since mail scanners open links by themselves."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from booking_flow.model.session import Session
from booking_http.notifications.booking_facts import groups
from booking_http.notifications.mail_texts import CONFIRMED, environment

_CSP: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_UNBOOKED: Final = "It is not booked at the cruise line yet."
_ENDED: Final = "It was not booked at the cruise line, and this search for a cabin has ended."
_UNKNOWN: Final = (
    "We are checking with the cruise line. Do not book or pay again: nothing is sent twice."
)


def wants_page(request: web.Request) -> bool:
    """Whether a browser asks, which says that it takes HTML; programs take JSON or anything."""
    return "text/html" in request.headers.get("Accept", "")


def ask_page() -> web.Response:
    """Show the button that opens the link."""
    return _page("ask", {"subject": "Your booking"})


def booking_page(session: Session) -> web.Response:
    """Show the facts on the session, as a confirmation has them."""
    booked = session.booking is not None and session.state in CONFIRMED
    lead = CONFIRMED[session.state].lead if booked else _unbooked(session)
    facts = {"reference": session.reference, "lead": lead, "groups": groups(session)}
    return _page("booking", {"subject": f"Your booking {session.reference}", **facts})


def _unbooked(session: Session) -> str:
    """Tell apart what is not known, what has ended, and what is yet to come."""
    if session.open_step is not None or session.disputed_since is not None:
        return _UNKNOWN
    return _ENDED if session.ended else _UNBOOKED


def gone_page() -> web.Response:
    """Say that the link has ended."""
    return _page("gone", {"subject": "This link has ended"}, status=404)


def _page(name: str, facts: dict[str, Any], *, status: int = 200) -> web.Response:
    return web.Response(
        text=environment().get_template(f"lookup/{name}.html").render(facts),
        status=status,
        content_type="text/html",
        headers={"Cache-Control": "no-store", "Content-Security-Policy": _CSP},
    )
