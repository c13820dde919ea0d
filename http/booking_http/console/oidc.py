"""The way to the company's own sign-in and back; it leads back to pages of ours only."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from booking_http.console.auth import own_path
from booking_http.console.pages import go_to
from booking_http.console.sign_in import show_sign_in_again
from booking_http.staff import oidc
from booking_http.staff.sign_in_endpoints import visitor_of
from booking_http.web.host_cookies import cookie_of, set_cookie
from booking_http.web.problems import EdgeCode, Problem
from booking_http.web.request_io import service_of

COOKIE: Final = "console_oidc"


async def oidc_redirect(request: web.Request) -> web.Response:
    """Send somebody to the provider, with a cookie that ties the answer to their browser."""
    back = own_path(request.query.get("next"))
    try:
        leaving = await oidc.begin_authorization(service_of(request), back=back)
    except Problem as found:
        return await _refused(request, found)
    response = go_to(leaving.url)
    set_cookie(request, response, COOKIE, leaving.cookie, seconds=oidc.PATIENCE_SECONDS)
    return response


async def oidc_callback(request: web.Request) -> web.Response:
    """Let in who the provider vouches for and who has an account here."""
    query = request.query
    try:
        came, back = await oidc.finish_authorization(
            service_of(request),
            visitor_of(request),
            cookie=cookie_of(request, COOKIE),
            state=query.get("state", ""),
            code=query.get("code", ""),
        )
    except Problem as found:
        response = await _refused(request, found)
    else:
        response = go_to(own_path(back))
        came.keep(request, response)
    set_cookie(request, response, COOKIE, "", seconds=0)
    return response


async def _refused(request: web.Request, found: Problem) -> web.Response:
    if found.code != EdgeCode.UNAUTHENTICATED.value:
        raise found
    return await show_sign_in_again(request, found)
