"""The routes of operators and developers."""

from __future__ import annotations

from typing import Final

from booking_http.api.endpoints import operations
from booking_http.web import health_responses
from booking_http.web.route import Route

OPERATION_ROUTES: Final[tuple[Route, ...]] = (
    Route(
        method="GET",
        path="/livez",
        handler=operations.livez,
        summary="Whether the process answers",
        tag="Operations",
        responses={200: health_responses.LiveResponse},
    ),
    Route(
        method="GET",
        path="/readyz",
        handler=operations.readyz,
        summary="Whether requests can be served; `?verbose` names the parts",
        tag="Operations",
        responses={200: health_responses.ReadyResponse, 503: health_responses.ReadyResponse},
    ),
    Route(
        method="GET",
        path="/metrics",
        handler=operations.metrics,
        summary="Measurements for Prometheus",
        tag="Operations",
        responses={200: "text/plain"},
    ),
    Route(
        method="GET",
        path="/openapi.json",
        handler=operations.openapi,
        summary="This API as an OpenAPI document",
        tag="Operations",
        responses={200: "application/json"},
    ),
    Route(
        method="GET",
        path="/docs",
        handler=operations.docs,
        summary="This API as a page",
        tag="Operations",
        responses={200: "text/html"},
    ),
)
