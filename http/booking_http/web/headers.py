"""Headers of every answer, streams and problems included: ids, CORS and security."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from booking_http.service import SERVICE
from booking_http.web.request_context import REQUEST_ID

_EXPOSED: Final = "ETag, Location, Retry-After, Idempotent-Replayed, X-Request-ID"
_METHODS: Final = "GET, POST, PATCH, DELETE"
_ASKED: Final = "Content-Type, Idempotency-Key, If-Match, Last-Event-ID, X-Request-ID"
FOR_ALL: Final = {
    "Server": "booking-flow",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of every answer, whatever it says."""
_HSTS: Final = "max-age=31536000"
"""A year; whether its subdomains speak HTTPS is not ours to say."""
_STRICT_CSP: Final = "default-src 'none'; frame-ancestors 'none'"


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Complete the headers just before they are sent."""
    response.headers.update(FOR_ALL)
    response.headers.setdefault("Content-Security-Policy", _STRICT_CSP)
    if (request.app[SERVICE].settings.public_url or "").startswith("https://"):
        response.headers["Strict-Transport-Security"] = _HSTS
    if request_id := request.get(REQUEST_ID):
        response.headers["X-Request-ID"] = request_id
    if request.app[SERVICE].settings.cors_origins:
        response.headers.add("Vary", "Origin")
    if request.app[SERVICE].health.stopping:
        _close_after(response)
    if origin := _allowed_origin(request):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED


def _close_after(response: web.StreamResponse) -> None:
    """Let the connection end with this answer, so that the next request goes elsewhere."""
    response.force_close()
    # aiohttp has written its own `Connection` already when it lets us complete the headers.
    response.headers["Connection"] = "close"


@web.middleware
async def preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a browser that asks whether it may ask."""
    asked = request.headers.get("Access-Control-Request-Method")
    if request.method != "OPTIONS" or not asked:
        return await handler(request)
    if not _allowed_origin(request):
        return web.Response(status=403)
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _ASKED,
            "Access-Control-Max-Age": "600",
        },
    )


def _allowed_origin(request: web.Request) -> str | None:
    """Return the caller's origin if it is one of ours; sessions need no cookies, so `*` may be."""
    origin, allowed = request.headers.get("Origin"), request.app[SERVICE].settings.cors_origins
    if origin is None:
        return None
    if "*" in allowed:
        return "*"
    return origin if origin in allowed else None
