"""Signing in and out as requests, and who one is."""

from __future__ import annotations

from aiohttp import web

from booking_http.exchange import read_body, service_of, tell
from booking_http.schemas.support import MeTell, SignedOutTell
from booking_http.schemas.support_asks import SignInAsk, SignOutAsk
from booking_http.support import signing
from booking_http.support.identity import Staff, csrf_token, staff_of
from booking_http.tracing import REQUEST_ID
from booking_http.visits import address_of


async def sign_in(request: web.Request) -> web.Response:
    """Give a cookie to who knows an account's password; after a few wrong ones, to nobody."""
    service, ask = service_of(request), await read_body(request, SignInAsk)
    came = await signing.sign_in(service, visitor_of(request), ask.email, ask.password)
    response = tell(_me(request, came.staff))
    came.keep(response)
    return response


async def sign_out(request: web.Request) -> web.Response:
    """Revoke this cookie, or every cookie of the account; a copy of it opens nothing then."""
    staff = await staff_of(request)
    ask = await read_body(request, SignOutAsk, optional=True)
    ended = await signing.sign_out(service_of(request), staff, everywhere=ask.everywhere)
    response = tell(SignedOutTell(ended=ended))
    signing.drop(response)
    return response


async def read_me(request: web.Request) -> web.Response:
    """Say who is signed in."""
    return tell(_me(request, await staff_of(request)))


def visitor_of(request: web.Request) -> signing.Visitor:
    """Return what a request tells of who stands at the door."""
    return signing.Visitor(address=address_of(request), request_id=request[REQUEST_ID])


def _me(request: web.Request, staff: Staff) -> MeTell:
    account = staff.account
    return MeTell(
        email=account.email,
        name=account.name,
        role=account.role,
        csrf_token=csrf_token(service_of(request), staff.cookie) if staff.cookie else None,
    )
