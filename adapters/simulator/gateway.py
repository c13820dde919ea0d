"""A gateway in front of the supplier, which answers in its stead with pages and no envelope."""

from http import HTTPStatus

from aiohttp import web

SIGN_IN = "/gateway/sign-in"
GATEWAY_STATUSES = {
    "status302": 302,
    "status401": 401,
    "status403": 403,
    "status405": 405,
    "status302_after": 302,
    "status401_after": 401,
    "status403_after": 403,
    "status404_after": 404,
    "status405_after": 405,
    "status429_after": 429,
}
"""The status of each fault of a gateway; after the call was carried out when the name says so."""

_HEADERS = {
    302: {"Location": SIGN_IN},
    401: {"WWW-Authenticate": 'Basic realm="gateway"'},
    405: {"Allow": "HEAD"},
    429: {"Retry-After": "1"},
}


def gateway_answer(status: int) -> web.Response:
    """Answer with the gateway's own page and the header that belongs to the status."""
    return _page(f"{status} {HTTPStatus(status).phrase}", status=status)


async def sign_in(_: web.Request) -> web.Response:
    """Show where a redirect leads: a page that does nothing, at HTTP 200."""
    return _page("Sign in to continue", status=200)


def _page(title: str, *, status: int) -> web.Response:
    """Spell a page as gateways do."""
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1><hr></body></html>"
    return web.Response(
        text=page, status=status, content_type="text/html", headers=_HEADERS.get(status)
    )
