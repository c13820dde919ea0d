"""Who looks at a page, and whether a form was ours: by the cookie and a field beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from booking_flow.model.card_numbers import holds_card_number
from booking_flow.staff.people import Role
from booking_http.web.auth import Staff, staff_by_cookie, verify_csrf
from booking_http.web.problems import EdgeCode, problem
from booking_http.web.request_io import read_bytes, service_of

HOME: Final = "/console"
SIGN_IN: Final = "/console/sign-in"
SECOND_FACTOR: Final = "/console/account/second-factor"
STAFF: Final = web.RequestKey("console_staff", Staff)
CSRF: Final = "csrf"
_OURS: Final = re.compile(r"/console(/[A-Za-z0-9_-]{1,64}){0,4}")
_FORM: Final = "application/x-www-form-urlencoded"
_LARGEST_FORM: Final = 32 * 1024
_MOST_FIELDS: Final = 50
_EXACT: Final = frozenset({"password", "newPassword"})
"""Fields in which a space at either end means something."""
_TYPED: Final = ("reason", "reservation", "amount")
Fields = dict[str, str]


class SignInFirst(Exception):  # noqa: N818 - names what is to be done
    """Nobody is signed in, or not any more."""


class EnrolFirst(SignInFirst):
    """Somebody is signed in who must set up a second factor before anything else."""


async def require_staff(
    request: web.Request, role: Role = Role.VIEWER, *, enrolling: bool = False
) -> Staff:
    """Return who looks at a page; `enrolling` is one that leads to a second factor.

    Raises:
        SignInFirst: the cookie opens nothing.
        EnrolFirst: a second factor is needed before.
        Problem: `forbidden`, the role does not suffice.
    """
    staff = await staff_by_cookie(request)
    if staff is None:
        raise SignInFirst
    if staff.must_enrol and not enrolling:
        raise EnrolFirst
    request[STAFF] = staff
    staff.member.ensure(role)
    return staff


async def require_form(
    request: web.Request, role: Role = Role.VIEWER, *, enrolling: bool = False
) -> tuple[Staff, Fields]:
    """Return who sent a form of ours, and what they typed into it.

    Raises:
        SignInFirst: the cookie opens nothing.
        EnrolFirst: a second factor is needed before.
        Problem: `forbidden`, the form was not drawn for this sign-in, or the role does not suffice.
    """
    staff = await require_staff(request, role, enrolling=enrolling)
    fields = await read_form(request)
    verify_csrf(service_of(request), staff, fields.pop(CSRF, ""))
    return staff, fields


async def read_form(request: web.Request) -> Fields:
    """Return the fields of a form that hold anything."""
    if request.content_type != _FORM:
        raise problem(EdgeCode.UNSUPPORTED_MEDIA_TYPE, "This takes forms only.")
    raw, charset = await read_bytes(request, most=_LARGEST_FORM), request.charset or "utf-8"
    try:
        text = raw.rstrip().decode(charset)
        sent = parse_qsl(text, encoding=charset, max_num_fields=_MOST_FIELDS)
    except (LookupError, ValueError):
        raise problem(EdgeCode.BAD_REQUEST, "The form cannot be read.") from None
    cleaned = ((name, value if name in _EXACT else value.strip()) for name, value in sent)
    return {name: value for name, value in cleaned if value}


async def unsent_input(request: web.Request) -> Fields:
    """Return what somebody had typed into a form that came after their sign-in had ended.

    It is for their eyes: what another site sends in their name is not shown.
    """
    ours = request.headers.get("Sec-Fetch-Site") == "same-origin"
    if request.method != "POST" or request.content_type != _FORM or not ours:
        return {}
    fields = without_cards(await read_form(request))
    return {name: fields[name] for name in _TYPED if name in fields}


def without_cards(fields: Mapping[str, str]) -> Fields:
    """Return the fields that hold no card number."""
    return {name: value for name, value in fields.items() if not holds_card_number(value)}


def sign_in_href(request: web.Request) -> str:
    """Return the way to sign in and come back; a form's address leads to the page it was on."""
    path = request.path if request.method == "GET" else request.path.rpartition("/")[0]
    back = own_path(path)
    return SIGN_IN if back == HOME else f"{SIGN_IN}?{urlencode({'next': back})}"


def own_path(path: str | None) -> str:
    """Return a path of ours to go on to; anything else leads to the first page."""
    ours = path is not None and _OURS.fullmatch(path) and not path.startswith(SIGN_IN)
    ours = ours and not holds_card_number(path or "")
    return path if ours and path else HOME
