"""A port of their own for those who run the service: guests see nothing of what is there."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from booking_flow.errors import RefusalCode
from booking_http.service import SERVICE
from booking_http.web.problems import problem

_DEBUG: Final = "/api/v1/debug/"
_PROBES: Final = frozenset({"/livez", "/readyz"})
"""What is answered on both ports: a load balancer asks for it on the one it sends guests to."""


@web.middleware
async def keep_apart(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer on OPERATIONS_PORT what operators ask and nothing else, and that nowhere else.

    Raises:
        Problem: `not_found`, this is not asked here.
    """
    port = request.app[SERVICE].settings.operations_port
    if asks_one_alone(request):
        return await handler(request)
    if port is not None and not _is_asked_here(request, by_operators=_local_port(request) == port):
        raise problem(RefusalCode.NOT_FOUND)
    return await handler(request)


def asks_one_alone(request: web.Request) -> bool:
    """Whether one of several processes is asked about itself, by whoever started it."""
    return isinstance(request.get_extra_info("sockname"), str)


def _is_asked_here(request: web.Request, *, by_operators: bool) -> bool:
    resource = request.match_info.route.resource
    path = resource.canonical if resource else ""
    if path in _PROBES and "verbose" not in request.query:
        return True
    private = path in {"/metrics", *_PROBES} or path.startswith(_DEBUG)
    return private is by_operators


def _local_port(request: web.Request) -> int | None:
    """Return the port that the connection has reached us on."""
    name = request.get_extra_info("sockname")
    return int(name[1]) if isinstance(name, tuple) else None
