"""Sailings that can be booked live."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from aiohttp import web

from adapters.catalogue.rows import BadCursor
from booking_flow.errors import RefusalCode
from booking_flow.model.sailing import check_bookable
from booking_http.api import offer_responses
from booking_http.api.offers import CatalogueCruiseResponse, CruisesResponse
from booking_http.api.requests import CruisesQuery
from booking_http.service import Service
from booking_http.web.problems import EdgeCode, problem
from booking_http.web.request_io import json_response, read_query, service_of

_CRUISE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


async def list_cruises(request: web.Request) -> web.Response:
    """List sailings in the order they leave."""
    service, query = service_of(request), read_query(request, CruisesQuery)
    return json_response(await find_cruises(service, query, asked=request.query))


async def find_cruises(
    service: Service,
    query: CruisesQuery,
    *,
    asked: Mapping[str, str],  # noqa: ARG001 - the links to other pages of the list need it
) -> CruisesResponse:
    """Return the page of a search; `asked` is the query as it stood in the address."""
    today = (await service.store.now()).date()
    try:
        page = await service.cruises.search(
            today=today,
            line=query.line,
            month=date.fromisoformat(f"{query.month}-01") if query.month else None,
            nights_min=query.nights_min,
            nights_max=query.nights_max,
            port=query.port,
            cursor=query.cursor,
            limit=query.limit,
        )
    except BadCursor:
        raise problem(EdgeCode.BAD_REQUEST, "The cursor is not one of ours.") from None
    return offer_responses.cruises(page.sailings, following=page.next)


async def read_cruise(request: web.Request) -> web.Response:
    """Show one sailing, if it can be booked."""
    return json_response(await show_cruise(service_of(request), request.match_info["cruise_id"]))


async def show_cruise(service: Service, cruise_id: str) -> CatalogueCruiseResponse:
    """Return a sailing that can be booked."""
    known = _CRUISE_ID.fullmatch(cruise_id)
    sailing = await service.cruises.sailing(cruise_id) if known else None
    today = (await service.store.now()).date()
    live = service.settings.live_lines
    if sailing is None or check_bookable(sailing, today=today, live_lines=live):
        raise problem(RefusalCode.CRUISE_NOT_FOUND)
    return offer_responses.cruise(sailing)
