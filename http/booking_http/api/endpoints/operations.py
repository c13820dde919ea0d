"""What operators and developers ask of the service itself."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from booking_http.api.docs_page import render_docs
from booking_http.web.health_responses import LiveResponse, ReadyResponse
from booking_http.web.operations_port import asks_one_alone
from booking_http.web.request_io import json_response, service_of
from booking_http.web.route import DOCUMENT
from booking_http.web.whole_service import WHOLE

_STATIC: Final = Path(__file__).resolve().parent.parent / "static"
_DOCS_CSP: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ASSETS: Final = {"docs.css": "text/css", "docs.js": "text/javascript"}


async def livez(_: web.Request) -> web.Response:
    """Say that the process answers."""
    return json_response(LiveResponse(status="live"))


async def readyz(request: web.Request) -> web.Response:
    """Say whether requests can be served; `?verbose` names the parts."""
    found = await _readiness(request)
    if "verbose" not in request.query:
        found = found.model_copy(update={"components": []})
    return json_response(found, status=200 if found.status == "ready" else 503)


async def _readiness(request: web.Request) -> ReadyResponse:
    """Return how this process is, or how all are; one that stops need not ask the others."""
    health, whole = service_of(request).health, request.app.get(WHOLE)
    if whole is None or health.stopping or asks_one_alone(request):
        return await health.ready()
    return await whole.ready()


async def metrics(request: web.Request) -> web.Response:
    """Show what Prometheus collects: what the processes counted, and what the database knows."""
    service, whole = service_of(request), request.app.get(WHOLE)
    service.metrics.streams.set(len(service.streams))
    if asks_one_alone(request):
        return _exposition(generate_latest(service.metrics.registry))
    counted = generate_latest(service.metrics.registry) if whole is None else await whole.counted()
    await service.catalogue_runs.refresh()
    await service.outbox.refresh()
    await service.traffic.refresh()
    await service.tasks.refresh()
    await service.upkeep.refresh()
    return _exposition(counted + generate_latest(service.looked_up))


def _exposition(body: bytes) -> web.Response:
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def openapi(request: web.Request) -> web.Response:
    """Show the API's document."""
    return web.json_response(request.app[DOCUMENT], headers={"Access-Control-Allow-Origin": "*"})


async def docs(request: web.Request) -> web.Response:
    """Show the API's reference page."""
    return web.Response(
        text=render_docs(request.app[DOCUMENT]),
        content_type="text/html",
        headers={"Content-Security-Policy": _DOCS_CSP},
    )


async def docs_asset(request: web.Request) -> web.Response:
    """Show the reference page's style or script."""
    name = request.match_info["name"]
    if name not in _ASSETS:
        raise web.HTTPNotFound
    return web.Response(
        body=(_STATIC / name).read_bytes(),
        content_type=_ASSETS[name],
        charset="utf-8",
        headers={"Cache-Control": "public, max-age=300"},
    )
