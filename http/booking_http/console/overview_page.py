"""The overview: where sessions stand now, how far they come, how the supplier answers."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from booking_http.console import heat_map
from booking_http.console.auth import require_staff
from booking_http.console.pages import render
from booking_http.staff.overview import LENGTHS, overview
from booking_http.staff.overview_responses import OverviewQuery
from booking_http.web.request_io import read_query, service_of

OVERVIEW: Final = "/console/overview"
_WINDOWS: Final = {"1h": "Last hour", "24h": "24 hours", "7d": "7 days", "30d": "30 days"}


async def show_overview(request: web.Request) -> web.Response:
    """Show the shop at a glance; every number leads to the sessions that it counts."""
    staff = await require_staff(request)
    query = read_query(request, OverviewQuery)
    told = await overview(service_of(request), staff, query.window)
    return await render(
        request,
        "overview.html",
        staff=staff,
        told=told,
        length=LENGTHS[query.window],
        windows=_WINDOWS,
        map=heat_map.draw(told),
        hottest=max((each.count for each in told.states if not each.within_window), default=0),
        heat=heat_map.heat,
        list_href=heat_map.list_href,
        known=heat_map.KNOWN,
    )
