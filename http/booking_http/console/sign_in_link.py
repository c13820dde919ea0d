"""The page behind a link that signs in once: a button, since scanners open links by themselves."""

from __future__ import annotations

from aiohttp import web

from booking_http.console.auth import HOME, read_form
from booking_http.console.sign_in import STALE, for_this_browser, go_in, of_this_browser
from booking_http.staff import sign_in_links
from booking_http.staff.sign_in_endpoints import visitor_of
from booking_http.web.problems import EdgeCode, Problem
from booking_http.web.request_io import service_of


async def show_link(request: web.Request) -> web.Response:
    """Show the button that uses the link up; looking does nothing to it."""
    return await _ask(request, said=None)


async def use_link(request: web.Request) -> web.Response:
    """Let in who has the link, and lead them to the first page."""
    fields = await read_form(request)
    if not of_this_browser(request, fields):
        return await _ask(request, said=STALE, status=403)
    try:
        proven = await sign_in_links.prove_link(
            service_of(request), visitor_of(request), request.match_info["token"]
        )
    except Problem as found:
        if found.code != EdgeCode.UNAUTHENTICATED.value:
            raise
        return await _ask(request, said=found.detail, gone=True, status=401)
    return await go_in(request, proven, back=HOME)


async def _ask(
    request: web.Request, *, said: str | None, gone: bool = False, status: int = 200
) -> web.Response:
    return await for_this_browser(request, "link.html", status=status, told=said, gone=gone)
