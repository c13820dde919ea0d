"""The routes by which staff see which world a service is in."""

from __future__ import annotations

from typing import Final

from booking_flow.errors import RefusalCode
from booking_flow.staff.people import Role
from booking_http.api.debug_responses import DbInfoResponse, SupplierCheckResponse
from booking_http.api.endpoints import debug
from booking_http.web.problems import EdgeCode
from booking_http.web.route import Codes, Route

_BASE: Final = "/api/v1/debug"
_PROBLEMS: Final[Codes] = (
    *(EdgeCode.UNAUTHENTICATED, EdgeCode.SECOND_FACTOR_REQUIRED),
    *(RefusalCode.FORBIDDEN, RefusalCode.UNAVAILABLE),
)

DEBUG_ROUTES: Final[tuple[Route, ...]] = (
    Route(
        method="GET",
        path=f"{_BASE}/db-info",
        handler=debug.read_db_info,
        summary="Show which databases these are, and what is in them",
        tag="Debug",
        responses={200: DbInfoResponse},
        problems=_PROBLEMS,
        role=Role.VIEWER,
    ),
    Route(
        method="GET",
        path=f"{_BASE}/supplier",
        handler=debug.check_supplier,
        summary="Show which of the supplier's sites and accounts this is, and ask it something",
        tag="Debug",
        responses={200: SupplierCheckResponse},
        problems=_PROBLEMS,
        role=Role.AGENT,
    ),
)
