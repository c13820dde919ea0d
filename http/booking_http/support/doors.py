"""Signing in and out, and who one is."""

from __future__ import annotations

from aiohttp import web

from booking_flow.refusals import RefusalCode
from booking_http.exchange import read_body, service_of, tell
from booking_http.problems import Problem, problem
from booking_http.schemas.support import MeTell, SignedOutTell
from booking_http.schemas.support_asks import SignInAsk, SignOutAsk
from booking_http.support.identity import (
    COOKIE,
    Staff,
    csrf_token,
    note_in_audit,
    staff_of,
    support_of_request,
    unauthenticated,
)
from booking_http.support.passwords import new_secret
from booking_http.tracing import REQUEST_ID
from booking_http.visits import address_of
from persistence.audit import AuditEntry
from persistence.staff import LIFE, Account, folded


async def sign_in(request: web.Request) -> web.Response:
    """Give a cookie to who knows an account's password; after a few wrong ones, to nobody."""
    support, ask = support_of_request(request), await read_body(request, SignInAsk)
    hashes = service_of(request).hashes
    email_hash = hashes.digest("staff-email", folded(ask.email).encode())
    address_hash = hashes.address(address_of(request))
    if not await support.sign_ins.attempt(email_hash=email_hash, address_hash=address_hash):
        raise _too_many()
    account = await _account_of(request, ask)
    await support.sign_ins.forgive(email_hash=email_hash)
    cookie = new_secret()
    staff = Staff(account=account, request_id=request[REQUEST_ID], cookie=cookie)
    await note_in_audit(request, staff, "sign_in")
    await support.staff.begin(account.id, cookie)
    response = tell(_me(request, staff))
    _keep(response, cookie, seconds=int(LIFE.total_seconds()))
    return response


async def sign_out(request: web.Request) -> web.Response:
    """Revoke this cookie, or every cookie of the account; a copy of it opens nothing then."""
    staff = await staff_of(request)
    ask = await read_body(request, SignOutAsk, optional=True)
    await note_in_audit(request, staff, "sign_out", everywhere=str(ask.everywhere).lower())
    ended = await support_of_request(request).staff.end(
        staff.account.id, staff.cookie or "", everywhere=ask.everywhere
    )
    response = tell(SignedOutTell(ended=ended))
    _keep(response, "", seconds=0)
    return response


async def read_me(request: web.Request) -> web.Response:
    """Say who is signed in."""
    return tell(_me(request, await staff_of(request)))


async def _account_of(request: web.Request, ask: SignInAsk) -> Account:
    support = support_of_request(request)
    found = await support.staff.find(ask.email)
    known = found is not None and found.account.disabled_at is None
    right = await support.passwords.is_right(
        ask.password, found.password_hash if found and known else None
    )
    if found is not None and right:
        return found.account
    await _note_refusal(request, found.account if found else None)
    raise unauthenticated("E-mail address or password is wrong.")


async def _note_refusal(request: web.Request, account: Account | None) -> None:
    entry = AuditEntry(
        account_id=account.id if account else None,
        name=account.name if account else "nobody we know",
        action="sign_in_refused",
        request_id=request[REQUEST_ID],
    )
    await support_of_request(request).audit.write(entry)


def _too_many() -> Problem:
    found = problem(RefusalCode.RATE_LIMITED, "Too many wrong passwords. Try again later.")
    found.headers = {"Retry-After": "900"}
    return found


def _me(request: web.Request, staff: Staff) -> MeTell:
    account = staff.account
    return MeTell(
        email=account.email,
        name=account.name,
        role=account.role,
        csrf_token=csrf_token(request, staff.cookie) if staff.cookie else None,
    )


def _keep(response: web.Response, cookie: str, *, seconds: int) -> None:
    response.set_cookie(
        COOKIE, cookie, max_age=seconds, path="/", secure=True, httponly=True, samesite="Lax"
    )
