"""Signing in and out as requests, and who one is."""

from __future__ import annotations

from aiohttp import web

from booking_http.api.guest_request import address_of
from booking_http.staff import authentication
from booking_http.staff.requests import SignInRequest, SignOutRequest
from booking_http.staff.responses import MeResponse, SignedOutResponse
from booking_http.web.auth import Staff, csrf_token, staff_of
from booking_http.web.client_address import counted_as
from booking_http.web.host_cookies import cookie_of
from booking_http.web.request_context import REQUEST_ID
from booking_http.web.request_io import json_response, read_body, service_of


async def sign_in(request: web.Request) -> web.Response:
    """Give a cookie to who knows an account's password, and shows a code where it asks for one."""
    service, ask = service_of(request), await read_body(request, SignInRequest)
    visitor = visitor_of(request)
    proven = await authentication.prove_password(service, visitor, ask.email, ask.password)
    came = await authentication.enter(service, visitor, proven, code=ask.code)
    response = json_response(_me(request, came.staff))
    came.keep(request, response)
    return response


async def sign_out(request: web.Request) -> web.Response:
    """Revoke this cookie, or every cookie of the account; a copy of it opens nothing then."""
    staff = await staff_of(request)
    ask = await read_body(request, SignOutRequest, optional=True)
    ended = await authentication.sign_out(service_of(request), staff, everywhere=ask.everywhere)
    response = json_response(SignedOutResponse(ended=ended))
    authentication.drop(request, response)
    return response


async def read_me(request: web.Request) -> web.Response:
    """Say who is signed in."""
    return json_response(_me(request, await staff_of(request)))


def visitor_of(request: web.Request) -> authentication.Visitor:
    """Return what a request tells of who asks to sign in."""
    return authentication.Visitor(
        address=counted_as(address_of(request)),
        request_id=request[REQUEST_ID],
        device=cookie_of(request, authentication.DEVICE),
    )


def _me(request: web.Request, staff: Staff) -> MeResponse:
    account = staff.account
    return MeResponse(
        email=account.email,
        name=account.name,
        role=account.role,
        csrf_token=csrf_token(service_of(request), staff.cookie) if staff.cookie else None,
    )
