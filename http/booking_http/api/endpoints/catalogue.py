"""Sailings that can be booked live."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from aiohttp import web

from adapters.catalogue.rows import BadCursor
from adapters.catalogue.search_statements import Filters
from booking_flow.errors import RefusalCode
from booking_flow.model.sailing import check_bookable
from booking_http.api import cruise_responses
from booking_http.api.cruise_models import CruiseDetailsResponse, CruisesResponse
from booking_http.api.requests import CruisesQuery
from booking_http.service import Service
from booking_http.web.problems import EdgeCode, problem
from booking_http.web.request_io import json_response, read_query, service_of

_CRUISE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


async def list_cruises(request: web.Request) -> web.Response:
    """List sailings, and how many there are with other choices."""
    service, query = service_of(request), read_query(request, CruisesQuery)
    today = (await service.store.now()).date()
    return json_response(await find_cruises(service, query, today=today, asked=request.query))


async def find_cruises(
    service: Service, query: CruisesQuery, *, today: date, asked: Mapping[str, str]
) -> CruisesResponse:
    """Return the page of a search for sailings after `today`, by the database's clock.

    `asked` is the query as it stood in the address.

    Raises:
        Problem: `bad_request`, since the cursor is not one of ours in this order.
        Refused: `unavailable`, since the catalogue lacks what a booking needs.
    """
    filters = filters_of(query, today=today)
    try:
        page = await service.cruises.search(
            filters, sort=query.sort, cursor=query.cursor, limit=query.limit
        )
    except BadCursor:
        raise problem(EdgeCode.BAD_REQUEST, "The cursor is not one of ours.") from None
    counts = await service.cruises.search_counts(filters)
    updated = await service.catalogue_age.updated_at()
    return cruise_responses.cruises(
        page, counts, updated_at=updated, query=asked, shop=_shop(service)
    )


def filters_of(query: CruisesQuery, *, today: date) -> Filters:
    """Return which sailings are asked for."""
    return Filters(
        after=today,
        line=query.line,
        ship=query.ship,
        month=date.fromisoformat(f"{query.month}-01") if query.month else None,
        nights_min=query.nights_min,
        nights_max=query.nights_max,
        port=query.port,
        embark_port=query.embark_port,
        text=query.q,
    )


async def read_cruise(request: web.Request) -> web.Response:
    """Show one sailing, if it can be booked."""
    return json_response(await show_cruise(service_of(request), request.match_info["cruise_id"]))


async def show_cruise(service: Service, cruise_id: str) -> CruiseDetailsResponse:
    """Return a sailing that can be booked.

    Raises:
        Problem: `cruise_not_found`.
        Refused: `unavailable`, since the catalogue lacks what a booking needs.
    """
    known = _CRUISE_ID.fullmatch(cruise_id)
    found = await service.cruises.details(cruise_id) if known else None
    today, live = (await service.store.now()).date(), service.settings.live_lines
    if found is None or check_bookable(found.sailing, today=today, live_lines=live):
        raise problem(RefusalCode.CRUISE_NOT_FOUND)
    rules = service.settings.policy().party.of_line(found.sailing.line_id)
    return cruise_responses.cruise(found, rules=rules, shop=_shop(service))


def _shop(service: Service) -> cruise_responses.Shop:
    settings = service.settings
    return cruise_responses.Shop(currency=settings.currency, public_url=settings.public_url)
