"""Request ids, one log line and one measurement per request."""

from __future__ import annotations

from time import perf_counter

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from adapters.fair_queue import CALLER as CALLS_FOR
from booking_http.service import SERVICE
from booking_http.web.client_address import counted_as
from booking_http.web.request_context import CALLER, REQUEST_ID, SUBJECT, request_id_of

_log = structlog.get_logger("booking_http.access")
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})


@web.middleware
async def log_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id, and note how it went; path and body stay out of it."""
    request[REQUEST_ID] = request_id_of(request.headers.get("X-Request-ID"))
    request[CALLER] = request.app[SERVICE].callers.caller_of(request)
    CALLS_FOR.set((counted_as(request[CALLER].address), session_named(request)))
    started = perf_counter()
    status = 500
    with structlog.contextvars.bound_contextvars(request_id=request[REQUEST_ID]):
        try:
            response = await handler(request)
            status = response.status
            return response
        finally:
            _note(request, status=status, seconds=perf_counter() - started)


def session_named(request: web.Request) -> str:
    """Return the id in the path, without the secret; empty where there is none."""
    return request.match_info.get("session_id", "").partition(".")[0]


def _note(request: web.Request, *, status: int, seconds: float) -> None:
    route = template_of(request)
    request.app[SERVICE].metrics.observe(
        method=request.method, route=route, status=status, seconds=seconds
    )
    if route in _QUIET:
        return
    visited = request.get(SUBJECT)
    _log.info(
        "request",
        method=request.method,
        route=route,
        status=status,
        ms=round(seconds * 1000, 1),
        reference=visited.session.reference if visited else None,
    )


def template_of(request: web.Request) -> str:
    """Return the template of the path, which unlike the path holds no secret."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "-"
