"""The route of the shop at a glance."""

from __future__ import annotations

from typing import Final

from booking_flow.errors import RefusalCode as C
from booking_flow.staff.people import Role
from booking_http.staff.overview import read_overview
from booking_http.staff.overview_responses import OverviewQuery, OverviewResponse
from booking_http.staff.wiring import BASE
from booking_http.web.problems import EdgeCode as E
from booking_http.web.route import Route

OVERVIEW_ROUTES: Final[tuple[Route, ...]] = (
    Route(
        method="GET",
        path=f"{BASE}/overview",
        handler=read_overview,
        summary="Show who stands where, how far sessions come, and how the supplier answers",
        tag="Support",
        query=OverviewQuery,
        responses={200: OverviewResponse},
        problems=(E.BAD_REQUEST, E.UNAUTHENTICATED, C.UNAVAILABLE),
        role=Role.VIEWER,
    ),
)
