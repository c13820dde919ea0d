"""The accounts of the staff, for supervisors: who may come in, as what, and by which means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_flow.staff.people import Role
from booking_http.api.guest_token import new_uuid
from booking_http.console.auth import require_form, require_staff
from booking_http.console.forms import EMPTY, ConsoleForm, FormRejected, Typed, understand
from booking_http.console.pages import go_to, render
from booking_http.staff.passwords import hash_password, new_secret
from booking_http.staff.sign_in_links import grant_link
from booking_http.web.auth import Staff
from booking_http.web.models import Email, Line, RequestModel
from booking_http.web.problems import problem
from booking_http.web.request_io import service_of
from persistence.staff import Account
from persistence.staff_changes import StaffChanges

ACCOUNTS: Final = "/console/staff"
ONE: Final = f"{ACCOUNTS}/{{account_id}}"
_CHANGED: Final = {
    "role": "The role is changed.",
    "disable": "Nobody comes in by this account any more.",
    "enable": "The account is open again; make a link to come in by.",
    "factor": "The second factor is reset, and every sign-in has ended.",
    "token": "The token opens nothing any more.",
}
Change = Callable[[StaffChanges, Account], Awaitable[bool]]


class AccountForm(RequestModel):
    """A new account."""

    name: Line
    email: Email
    role: Role


class RoleForm(RequestModel):
    """What somebody is from now on."""

    role: Role


async def show_accounts(request: web.Request) -> web.Response:
    """List every account."""
    return await _show_all(request, await require_staff(request, Role.SUPERVISOR))


async def add_account(request: web.Request) -> web.Response:
    """Add an account whose password nobody knows, so that its owner chooses one by a link."""
    staff, fields = await require_form(request, Role.SUPERVISOR)
    try:
        ask = understand(fields, AccountForm)
    except FormRejected as untaken:
        return await _show_all(request, staff, untaken.form, status=422)
    account_id = new_uuid()
    added = await _changes(request, staff).add(
        account_id,
        email=ask.email,
        name=ask.name,
        role=ask.role,
        password_hash=hash_password(new_secret()),
    )
    if not added:
        form = ConsoleForm(typed=Typed(fields), said="There is an account with this address.")
        return await _show_all(request, staff, form, status=409)
    return go_to(f"{ACCOUNTS}/{account_id}")


async def show_account(request: web.Request) -> web.Response:
    """Show one account."""
    staff = await require_staff(request, Role.SUPERVISOR)
    return await _show_one(request, staff, await _account(request))


async def change_role(request: web.Request) -> web.Response:
    """Let somebody be of another role, from their next request on."""
    staff, fields = await require_form(request, Role.SUPERVISOR)
    try:
        ask = understand(fields, RoleForm)
    except FormRejected as untaken:
        account = await _account(request)
        return await _show_one(request, staff, account, form=untaken.form, status=422)
    return await _change(
        request, staff, "role", lambda changes, account: changes.set_role(account.email, ask.role)
    )


async def disable_account(request: web.Request) -> web.Response:
    """Shut an account with all that opens it."""
    staff, _ = await require_form(request, Role.SUPERVISOR)
    return await _change(
        request, staff, "disable", lambda changes, account: changes.disable(account.email)
    )


async def enable_account(request: web.Request) -> web.Response:
    """Open an account again."""
    staff, _ = await require_form(request, Role.SUPERVISOR)
    return await _change(
        request, staff, "enable", lambda changes, account: changes.enable(account.email)
    )


async def reset_factor(request: web.Request) -> web.Response:
    """Ask somebody for no codes any more; where their role needs them they set up others."""
    staff, _ = await require_form(request, Role.SUPERVISOR)
    return await _change(
        request, staff, "factor", lambda changes, account: changes.reset_factor(account.email)
    )


async def revoke_token(request: web.Request) -> web.Response:
    """End one API token of an account."""
    staff, _ = await require_form(request, Role.SUPERVISOR)
    number = request.match_info["number"]
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise problem(RefusalCode.NOT_FOUND)
    return await _change(
        request,
        staff,
        "token",
        lambda changes, account: changes.revoke_token(account.email, int(number)),
    )


async def make_link(request: web.Request) -> web.Response:
    """Make a link that signs somebody in once, so that they choose another password."""
    staff, _ = await require_form(request, Role.SUPERVISOR)
    account = await _account(request)
    _ensure_other(staff, account)
    path = await grant_link(_changes(request, staff), account.email)
    if path is None:
        form = ConsoleForm(typed=Typed(), said="The account is disabled.")
        return await _show_one(request, staff, account, form=form, status=409)
    home = (service_of(request).settings.public_url or str(request.url.origin())).rstrip("/")
    return await _show_one(request, staff, account, link=f"{home}{path}")


async def _change(request: web.Request, staff: Staff, done: str, change: Change) -> web.Response:
    """Change another's account, and say so; nothing may have been there to change."""
    account = await _account(request)
    _ensure_other(staff, account)
    if not await change(_changes(request, staff), account):
        said = "Nothing was changed: it is so already, or there would be no supervisor left."
        form = ConsoleForm(typed=Typed(), said=said)
        return await _show_one(request, staff, account, form=form, status=409)
    return go_to(f"{ACCOUNTS}/{account.id}?done={done}")


def _ensure_other(staff: Staff, account: Account) -> None:
    """Let nobody shut themselves out, or give themselves another means to come in.

    Raises:
        Problem: `forbidden`.
    """
    if staff.account.id == account.id:
        raise problem(RefusalCode.FORBIDDEN, "Another supervisor changes your account.")


async def _account(request: web.Request) -> Account:
    try:
        account_id = UUID(request.match_info["account_id"])
    except ValueError:
        raise problem(RefusalCode.NOT_FOUND, "There is no such account.") from None
    found = await service_of(request).support.staff.by_id(account_id)
    if found is None:
        raise problem(RefusalCode.NOT_FOUND, "There is no such account.")
    return found


def _changes(request: web.Request, staff: Staff) -> StaffChanges:
    return StaffChanges(service_of(request).support.database, staff.member)


async def _show_all(
    request: web.Request, staff: Staff, form: ConsoleForm = EMPTY, *, status: int = 200
) -> web.Response:
    service = service_of(request)
    return await render(
        request,
        "staff.html",
        staff=staff,
        status=status,
        form=form,
        roles=list(Role),
        accounts=await service.support.staff.accounts(),
        asks=service.settings.staff_totp.asks,
    )


async def _show_one(
    request: web.Request,
    staff: Staff,
    account: Account,
    *,
    form: ConsoleForm = EMPTY,
    link: str = "",
    status: int = 200,
) -> web.Response:
    service = service_of(request)
    return await render(
        request,
        "staff_account.html",
        staff=staff,
        status=status,
        form=form,
        account=account,
        link=link,
        done=_CHANGED.get(request.query.get("done", "")),
        roles=list(Role),
        tokens=await service.support.staff.tokens(account.email),
        needs_factor=service.settings.staff_totp.asks(account.role),
    )
