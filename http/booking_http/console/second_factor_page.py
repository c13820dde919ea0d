"""Setting up one's own second factor, which is kept once a first code has shown that it works."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from booking_http.console.auth import SECOND_FACTOR, require_form, require_staff
from booking_http.console.forms import EMPTY, ConsoleForm, FormRejected, Typed, understand
from booking_http.console.pages import go_to, render
from booking_http.staff import second_factor
from booking_http.staff.requests import TotpCode
from booking_http.web.auth import Staff
from booking_http.web.models import RequestModel
from booking_http.web.request_io import service_of
from persistence.clock import now
from persistence.second_factors import sealed_factor
from persistence.staff_changes import StaffChanges


class EnrolForm(RequestModel):
    """The secret as the page has carried it, and a code made from it."""

    sealed: str = Field(max_length=500)
    code: TotpCode


async def show_second_factor(request: web.Request) -> web.Response:
    """Show whether codes are asked for, or what to set an authenticator up by."""
    return await _show(request, await require_staff(request, enrolling=True))


async def enrol(request: web.Request) -> web.Response:
    """Ask for codes from now on, if the authenticator shows the right one already."""
    staff, fields = await require_form(request, enrolling=True)
    vault = service_of(request).support.vault
    secret = second_factor.opened_for(vault, staff.account.id, fields.get("sealed", ""))
    try:
        ask = understand(fields, EnrolForm)
    except FormRejected as untaken:
        return await _show(request, staff, untaken.form, secret=secret, status=422)
    if secret is None:
        return await _refuse(request, staff, "This page was open for too long. Scan it once more.")
    if said := await _why_not_enrolled(request, staff, secret, ask.code):
        return await _refuse(request, staff, said, secret=secret)
    return go_to(f"{SECOND_FACTOR}?done")


async def _why_not_enrolled(
    request: web.Request, staff: Staff, secret: str, code: str
) -> str | None:
    """Take the secret if the code is made from it; else say what is in the way."""
    support = service_of(request).support
    step = second_factor.step_of(secret, code, await now(support.database))
    if step is None:
        return "This is not the code. Look whether the telephone's clock is right."
    factor = sealed_factor(support.vault, staff.account.id, secret)
    changes = StaffChanges(support.database, staff.member)
    done = await changes.enrol(staff.account.email, factor, step=step, keep=staff.cookie or "")
    return None if done else "A second factor is set up already."


async def _refuse(
    request: web.Request, staff: Staff, said: str, *, secret: str | None = None
) -> web.Response:
    form = ConsoleForm(typed=Typed(), said=said)
    return await _show(request, staff, form, secret=secret, status=422)


async def _show(
    request: web.Request,
    staff: Staff,
    form: ConsoleForm = EMPTY,
    *,
    secret: str | None = None,
    status: int = 200,
) -> web.Response:
    secret = secret or second_factor.new_factor()
    address = second_factor.address_of(secret, staff.account.email)
    vault = service_of(request).support.vault
    return await render(
        request,
        "second_factor.html",
        staff=staff,
        status=status,
        form=form,
        done="done" in request.query,
        secret=secret,
        sealed=second_factor.sealed_for(vault, staff.account.id, secret),
        address=address,
        qr=second_factor.picture_of(address),
    )
