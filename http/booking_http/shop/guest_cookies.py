"""What a guest's browser keeps: one cookie that proves forms, and one for each session it opened.

Addresses carry a session's reference; the cookie of that reference holds what opens it, so that
several sessions in one browser do not mix. Neither can be read by a script.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_http.api.endpoints import with_code
from booking_http.api.endpoints.lookup import COOKIE as LINK_COOKIE
from booking_http.api.endpoints.with_code import Holder
from booking_http.api.guest_request import GuestRequest, open_with
from booking_http.api.guest_token import parse
from booking_http.web.host_cookies import by_tls, name_of
from booking_http.web.problems import problem
from booking_http.web.request_io import service_of

VISIT: Final = "visit"
LANGUAGE: Final = "language"
_SESSION: Final = "booking-"
_REFERENCE: Final = re.compile(r"BF-[0-9A-Z]{4,20}")
_FORM: Final = "shop-form"
_SECONDS: Final = 24 * 3600
"""How long a browser keeps what opens a session; the mailed link opens a booking after that."""
_MOST: Final = 8
"""Sessions that one browser keeps: beyond them the oldest is let go, so that headers stay small."""
_VISIT: Final = web.RequestKey("shop_visit", str)


def visit_of(request: web.Request) -> str:
    """Return this browser's secret, by which its forms are proved."""
    if _VISIT not in request:
        kept = request.cookies.get(name_of(service_of(request), VISIT))
        request[_VISIT] = kept or secrets.token_urlsafe(32)
    return request[_VISIT]


def proof_of(request: web.Request) -> str:
    """Return what only a page drawn for this browser can send."""
    return service_of(request).hashes.digest(_FORM, visit_of(request).encode()).hex()


def ensure_proved(request: web.Request, given: str) -> None:
    """Believe a form only if it was drawn for the browser that sends it.

    Raises:
        Problem: `forbidden`.
    """
    kept = request.cookies.get(name_of(service_of(request), VISIT))
    hashes = service_of(request).hashes
    if not kept or not hashes.is_digest(given, _FORM, visit_of(request).encode()):
        raise problem(RefusalCode.FORBIDDEN)


def keep_visit(request: web.Request, response: web.StreamResponse) -> None:
    """Let the browser keep the secret of its forms."""
    _keep(request, response, VISIT, visit_of(request))


def keep_session(request: web.Request, response: web.StreamResponse, body: dict[str, str]) -> None:
    """Let the browser keep what opens a session, and let go of its oldest."""
    _keep(request, response, _SESSION + body["reference"], body["sessionId"])
    kept = {name: value for name, value in request.cookies.items() if _is_session(request, name)}
    # A session's key begins with the moment it was made.
    for name in sorted(kept, key=lambda each: kept[each], reverse=True)[_MOST - 1 :]:
        response.del_cookie(name, path="/")


def keep_language(request: web.Request, response: web.StreamResponse, language: str) -> None:
    """Let the browser keep the language chosen."""
    _keep(request, response, LANGUAGE, language)


def _is_session(request: web.Request, name: str) -> bool:
    return name.startswith(name_of(service_of(request), _SESSION))


def _keep(request: web.Request, response: web.StreamResponse, name: str, value: str) -> None:
    service = service_of(request)
    response.set_cookie(
        name_of(service, name),
        value,
        path="/",
        max_age=_SECONDS,
        httponly=True,
        secure=by_tls(service),
        samesite="Lax",
    )


class NotOpen(Exception):  # noqa: N818 - names what the session is to this browser
    """This browser has nothing that opens the session of an address."""


async def guest_of(request: web.Request) -> GuestRequest:
    """Return the guest of the session whose reference the address carries.

    Raises:
        NotOpen: the browser has no cookie that opens it.
    """
    reference = request.match_info["reference"]
    if not _REFERENCE.fullmatch(reference):
        raise NotOpen
    key = request.cookies.get(name_of(service_of(request), _SESSION + reference), "")
    if parse(key) is None:
        raise NotOpen
    guest = await open_with(request, key)
    if guest.loaded.session.reference != reference:
        raise NotOpen
    return guest


async def holder_of(request: web.Request) -> Holder:
    """Return who holds the session whose reference the address carries, or a link to it.

    Raises:
        NotOpen: the browser has neither.
    """
    try:
        guest = await guest_of(request)
    except NotOpen:
        return await _link_holder(request)
    return Holder(request=request, service=guest.service, loaded=guest.loaded, guest=guest)


async def _link_holder(request: web.Request) -> Holder:
    token = request.cookies.get(LINK_COOKIE)
    if token is None:
        raise NotOpen
    holder = await with_code.link_holder(request, token)
    if holder.loaded.session.reference != request.match_info["reference"]:
        raise NotOpen
    return holder
