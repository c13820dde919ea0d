"""The way in and out of the console."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_http.console.auth import CSRF, HOME, SIGN_IN, Fields, own_path, read_form, require_form
from booking_http.console.forms import EMPTY, ConsoleForm, FormRejected, Typed, understand
from booking_http.console.pages import go_to, render
from booking_http.staff import authentication
from booking_http.staff.authentication import FirstFactor
from booking_http.staff.oidc import OIDC
from booking_http.staff.passwords import new_secret
from booking_http.staff.requests import SignInRequest, TotpCode
from booking_http.staff.sign_in_endpoints import visitor_of
from booking_http.web.auth import csrf_token, is_csrf_token, staff_by_cookie
from booking_http.web.host_cookies import cookie_of, set_cookie
from booking_http.web.models import RequestModel
from booking_http.web.problems import EdgeCode, Problem
from booking_http.web.request_io import service_of

BROWSER: Final = "console_browser"
"""A cookie that proves only that the form to sign in by was asked for by the same browser."""
STALE: Final = "This page was open for too long. Please type it once more."
CODE_LIFE: Final = timedelta(minutes=5)
"""How long somebody may take for the code, once the password was right."""


class CodeForm(RequestModel):
    """The code that an authenticator shows."""

    code: TotpCode


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
        proven = await authentication.prove_password(
            service_of(request), visitor_of(request), ask.email, ask.password
        )
    except FormRejected as untaken:
        return await _ask(request, untaken.form, back=back, status=422)
    except Problem as found:
        return await _refuse(request, fields, found, back=back)
    return await go_in(request, proven, back=back)


async def sign_out(request: web.Request) -> web.Response:
    """End this sign-in, or every one of the account."""
    staff, fields = await require_form(request, enrolling=True)
    await authentication.sign_out(service_of(request), staff, everywhere="everywhere" in fields)
    response = go_to(f"{SIGN_IN}?out")
    authentication.drop(request, response)
    return response


async def go_in(request: web.Request, proven: FirstFactor, *, back: str) -> web.Response:
    """Let in who has proved the first factor, or ask for the code that the account needs."""
    if proven.account.has_second_factor:
        return await _ask_code(request, _seal(request, proven), back=back)
    came = await authentication.enter(service_of(request), visitor_of(request), proven)
    return lead_in(request, came, back)


def lead_in(request: web.Request, came: authentication.SignedIn, back: str) -> web.Response:
    """Go on to the page that was wanted, with the cookies that open it."""
    response = go_to(back)
    came.keep(request, response)
    return response


async def _refuse(
    request: web.Request, fields: Fields, found: Problem, *, back: str
) -> web.Response:
    known = {EdgeCode.UNAUTHENTICATED.value, RefusalCode.RATE_LIMITED.value}
    if found.code not in known:
        raise found
    response = await _ask(
        request, _again(fields, why_refused(found)), back=back, status=found.row.status
    )
    response.headers.update(found.headers)
    return response


def why_refused(found: Problem) -> str:
    """Say why somebody was not let in, and when it is worth while to try again."""
    wait = found.headers.get("Retry-After")
    if wait is None:
        return found.detail or found.row.title
    return f"{found.detail} Try again in {int(wait) // 60} minutes."


async def show_sign_in_again(request: web.Request, found: Problem) -> web.Response:
    """Say why somebody was not let in, and ask once more."""
    form = ConsoleForm(typed=Typed(), said=found.detail or found.row.title)
    return await _ask(request, form, back=HOME, status=found.row.status)


def _again(fields: Fields, said: str) -> ConsoleForm:
    return ConsoleForm(typed=Typed({"email": fields.get("email", "")}), said=said)


def of_this_browser(request: web.Request, fields: Fields) -> bool:
    """Whether the form to come in by was drawn for the browser that sends it."""
    browser, given = cookie_of(request, BROWSER), fields.pop(CSRF, "")
    return bool(browser) and is_csrf_token(service_of(request), browser, given)


async def _ask(
    request: web.Request,
    form: ConsoleForm,
    *,
    back: str,
    told: str | None = None,
    status: int = 200,
) -> web.Response:
    return await for_this_browser(
        request,
        "sign_in.html",
        status=status,
        next=back if back != HOME else "",
        told=told,
        form=form,
        oidc=OIDC if service_of(request).support.provider else None,
    )


async def for_this_browser(
    request: web.Request, name: str, *, status: int = 200, **facts: Any
) -> web.Response:
    """Draw a form to come in by that only the browser which asked for it can send."""
    browser = cookie_of(request, BROWSER) or new_secret()
    csrf = csrf_token(service_of(request), browser)
    response = await render(request, name, staff=None, status=status, csrf=csrf, **facts)
    set_cookie(request, response, BROWSER, browser, seconds=3600, samesite="Strict")
    return response


async def sign_in_by_code(request: web.Request) -> web.Response:
    """Let in who has proved the first factor lately and shows the code of their authenticator."""
    fields = await read_form(request)
    back, sealed = own_path(fields.pop("next", None)), fields.get("sealed", "")
    if not of_this_browser(request, fields):
        return await _ask(request, _again(fields, STALE), back=back, status=403)
    proven = await _proven(request, sealed)
    if proven is None:
        return await _ask(request, _again(fields, STALE), back=back, status=401)
    try:
        ask = understand(fields, CodeForm)
        came = await authentication.enter(
            service_of(request), visitor_of(request), proven, code=ask.code
        )
    except FormRejected as untaken:
        return await _ask_code(request, sealed, back=back, form=untaken.form, status=422)
    except Problem as found:
        form = ConsoleForm(typed=Typed(), said=why_refused(found))
        return await _ask_code(request, sealed, back=back, form=form, status=found.row.status)
    return lead_in(request, came, back)


def _seal(request: web.Request, proven: FirstFactor) -> str:
    """Return what the page for the code carries of who has proved the first factor."""
    vault = service_of(request).support.vault
    return vault.seal_for_a_while(f"{proven.account.id} {proven.by}".encode())


async def _proven(request: web.Request, sealed: str) -> FirstFactor | None:
    """Return who has proved the first factor; None where that was too long ago, or never."""
    support = service_of(request).support
    plain = support.vault.open_while_fresh(sealed, life=CODE_LIFE)
    if plain is None:
        return None
    number, _, by = plain.decode().partition(" ")
    account = await support.staff.by_id(UUID(number))
    if account is None or account.disabled_at is not None:
        return None
    return FirstFactor(account=account, by=by)


async def _ask_code(
    request: web.Request, sealed: str, *, back: str, form: ConsoleForm = EMPTY, status: int = 200
) -> web.Response:
    return await for_this_browser(
        request,
        "code.html",
        status=status,
        next=back if back != HOME else "",
        sealed=sealed,
        form=form,
    )
