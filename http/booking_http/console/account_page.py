"""What somebody of the staff may change about their own account: the password and the tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from aiohttp import web
from pydantic import Field

from booking_flow.errors import RefusalCode
from booking_http.console.auth import require_form, require_staff
from booking_http.console.forms import EMPTY, ConsoleForm, FormRejected, Typed, understand
from booking_http.console.pages import go_to, render
from booking_http.staff.authentication import count_attempt
from booking_http.staff.passwords import SHORTEST, hash_password, new_secret
from booking_http.staff.sign_in_endpoints import visitor_of
from booking_http.web.auth import Staff
from booking_http.web.models import RequestModel
from booking_http.web.problems import problem
from booking_http.web.request_io import service_of
from persistence.staff import folded
from persistence.staff_changes import StaffChanges

ACCOUNT: Final = "/console/account"


class PasswordForm(RequestModel):
    """The password that was, and the one that is to be."""

    password: str = ""
    new_password: str = Field(min_length=SHORTEST, max_length=200)


class TokenForm(RequestModel):
    """What a token is for, and for how many days."""

    name: str = Field(min_length=1, max_length=60)
    days: int = Field(ge=1, le=3650)


async def show_account(request: web.Request) -> web.Response:
    """Show one's own account."""
    return await _show(request, await require_staff(request))


async def change_password(request: web.Request) -> web.Response:
    """Take another password of who knows the present one, or came by a link just now."""
    staff, fields = await require_form(request)
    try:
        ask = understand(fields, PasswordForm, form="password")
    except FormRejected as untaken:
        return await _show(request, staff, untaken.form, status=422)
    if not await _may_change(request, staff, ask.password):
        form = ConsoleForm(typed=Typed(), said="The present password is wrong.", name="password")
        return await _show(request, staff, form, status=422)
    hashed = hash_password(ask.new_password)
    changes = _changes(request, staff)
    await changes.set_password(staff.account.email, hashed, keep=staff.cookie or "")
    return go_to(f"{ACCOUNT}?done=password")


async def make_token(request: web.Request) -> web.Response:
    """Make an API token and show it, once."""
    staff, fields = await require_form(request)
    try:
        ask = understand(fields, TokenForm, form="token")
    except FormRejected as untaken:
        return await _show(request, staff, untaken.form, status=422)
    token = new_secret()
    life = timedelta(days=ask.days)
    await _changes(request, staff).grant_token(staff.account.email, token, name=ask.name, life=life)
    return await _show(request, staff, made=token)


async def revoke_token(request: web.Request) -> web.Response:
    """End one of the own tokens."""
    staff, _ = await require_form(request)
    number = request.match_info["number"]
    known = number.isascii() and number.isdecimal() and len(number) < 19
    if not known or not await _changes(request, staff).revoke_token(
        staff.account.email, int(number)
    ):
        raise problem(RefusalCode.NOT_FOUND, "You have no such token that is open.")
    return go_to(f"{ACCOUNT}?done=token")


async def _may_change(request: web.Request, staff: Staff, password: str) -> bool:
    """Whether they know the password; guessing it here counts as it does at the sign-in."""
    service = service_of(request)
    if await service.support.staff.came_by_link(staff.cookie or ""):
        return True
    email = staff.account.email
    counted = await count_attempt(service, visitor_of(request), "staff-email", folded(email))
    found = await service.support.staff.find(email)
    right = await service.support.passwords.is_right(
        password, found.password_hash if found else None
    )
    if right:
        await counted.forgive()
    return right


def _changes(request: web.Request, staff: Staff) -> StaffChanges:
    return StaffChanges(service_of(request).support.database, staff.member)


async def _show(
    request: web.Request,
    staff: Staff,
    form: ConsoleForm = EMPTY,
    *,
    made: str = "",
    status: int = 200,
) -> web.Response:
    accounts = service_of(request).support.staff
    return await render(
        request,
        "account.html",
        staff=staff,
        status=status,
        form=form,
        made=made,
        done=request.query.get("done", ""),
        by_link=await accounts.came_by_link(staff.cookie or ""),
        tokens=await accounts.tokens(staff.account.email),
        shortest=SHORTEST,
    )
