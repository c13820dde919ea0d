"""The way in and out of the console."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_http.console.auth import CSRF, HOME, SIGN_IN, Fields, own_path, read_form, require_form
from booking_http.console.forms import EMPTY, ConsoleForm, FormRejected, Typed, understand
from booking_http.console.pages import go_to, render
from booking_http.staff import authentication
from booking_http.staff.oidc import OIDC
from booking_http.staff.passwords import new_secret
from booking_http.staff.requests import SignInRequest
from booking_http.staff.sign_in_endpoints import visitor_of
from booking_http.web.auth import csrf_token, is_csrf_token, staff_by_cookie
from booking_http.web.problems import EdgeCode, Problem
from booking_http.web.request_io import service_of

DOOR: Final = "console_door"
"""A cookie that proves only that the form to sign in by was asked for by the same browser."""
STALE: Final = "This page was open for too long. Please type it once more."


async def show_sign_in(request: web.Request) -> web.Response:
    """Ask who wants to come in; who is in already goes on."""
    back = own_path(request.query.get("next"))
    if await staff_by_cookie(request):
        return go_to(back)
    told = "You are signed out." if "out" in request.query else None
    return await _ask(request, EMPTY, back=back, told=told)


async def sign_in(request: web.Request) -> web.Response:
    """Let in who knows an account's password, and lead them to where they wanted to go."""
    fields = await read_form(request)
    back = own_path(fields.pop("next", None))
    if not of_this_browser(request, fields):
        return await _ask(request, _again(fields, STALE), back=back, status=403)
    try:
        ask = understand(fields, SignInRequest)
        came = await authentication.sign_in(
            service_of(request), visitor_of(request), ask.email, ask.password
        )
    except FormRejected as untaken:
        return await _ask(request, untaken.form, back=back, status=422)
    except Problem as found:
        return await _refuse(request, fields, found, back=back)
    response = go_to(back)
    came.keep(response)
    return response


async def sign_out(request: web.Request) -> web.Response:
    """End this sign-in, or every one of the account."""
    staff, fields = await require_form(request)
    await authentication.sign_out(service_of(request), staff, everywhere="everywhere" in fields)
    response = go_to(f"{SIGN_IN}?out")
    authentication.drop(response)
    return response


async def _refuse(
    request: web.Request, fields: Fields, found: Problem, *, back: str
) -> web.Response:
    known = {EdgeCode.UNAUTHENTICATED.value, RefusalCode.RATE_LIMITED.value}
    if found.code not in known:
        raise found
    said, wait = found.detail or found.row.title, found.headers.get("Retry-After")
    if wait is not None:
        said = f"Too many wrong passwords. Try again in {int(wait) // 60} minutes."
    response = await _ask(request, _again(fields, said), back=back, status=found.row.status)
    response.headers.update(found.headers)
    return response


async def show_sign_in_again(request: web.Request, found: Problem) -> web.Response:
    """Say why somebody was not let in, and ask once more."""
    form = ConsoleForm(typed=Typed(), said=found.detail or found.row.title)
    return await _ask(request, form, back=HOME, status=found.row.status)


def _again(fields: Fields, said: str) -> ConsoleForm:
    return ConsoleForm(typed=Typed({"email": fields.get("email", "")}), said=said)


def of_this_browser(request: web.Request, fields: Fields) -> bool:
    """Whether the form to come in by was drawn for the browser that sends it."""
    door, given = request.cookies.get(DOOR, ""), fields.pop(CSRF, "")
    return bool(door) and is_csrf_token(service_of(request), door, given)


async def _ask(
    request: web.Request,
    form: ConsoleForm,
    *,
    back: str,
    told: str | None = None,
    status: int = 200,
) -> web.Response:
    return await keep_door(
        request,
        lambda door: render(
            request,
            "sign_in.html",
            staff=None,
            status=status,
            door=door,
            next=back if back != HOME else "",
            told=told,
            form=form,
            oidc=OIDC if service_of(request).support.provider else None,
        ),
    )


async def keep_door(
    request: web.Request, draw: Callable[[str], Awaitable[web.Response]]
) -> web.Response:
    """Draw a form to come in by that only the browser which asked for it can send."""
    door = request.cookies.get(DOOR) or new_secret()
    response = await draw(csrf_token(service_of(request), door))
    response.set_cookie(
        DOOR, door, path=SIGN_IN, secure=True, httponly=True, samesite="Strict", max_age=3600
    )
    return response
