"""Where this service really is, for staff who ask from a network that may."""

from __future__ import annotations

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_flow.staff.people import Role
from booking_http.api.guest_request import address_of
from booking_http.web.auth import staff_of, write_audit
from booking_http.web.client_address import is_exempt
from booking_http.web.problems import problem
from booking_http.web.request_io import json_response, service_of


async def read_db_info(request: web.Request) -> web.Response:
    """Say which databases these are, and what is in them."""
    await _ensure_allowed(request, "debug_db_info")
    return json_response(await service_of(request).debugging.db_info())


async def check_supplier(request: web.Request) -> web.Response:
    """Say which of the supplier's sites and accounts this is, and whether it answers."""
    await _ensure_allowed(request, "debug_supplier", Role.AGENT)
    return json_response(await service_of(request).debugging.check_supplier())


async def _ensure_allowed(request: web.Request, action: str, role: Role = Role.VIEWER) -> None:
    staff = await staff_of(request, role)
    networks = service_of(request).settings.debug_networks
    if not is_exempt(address_of(request), networks):
        raise problem(
            RefusalCode.FORBIDDEN, "Debug calls answer to the networks of DEBUG_NETWORKS."
        )
    await write_audit(service_of(request), staff, action)
