"""Every route in one table, whoever it is for."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from booking_http.api.attempt_limits import capped
from booking_http.api.debug_routes import DEBUG_ROUTES
from booking_http.api.endpoints import operations
from booking_http.api.lookup_routes import LINK_ROUTES, LOOKUP_PAGE, LOOKUP_ROUTES
from booking_http.api.operation_routes import OPERATION_ROUTES
from booking_http.api.routes import BOOKING_ROUTES
from booking_http.console.routes import add_console
from booking_http.shop.routes import add_shop
from booking_http.staff.overview_routes import OVERVIEW_ROUTES
from booking_http.staff.routes import SUPPORT_ROUTES
from booking_http.web.route import Route

ROUTES: Final[tuple[Route, ...]] = (
    *BOOKING_ROUTES,
    *LOOKUP_ROUTES,
    *LINK_ROUTES,
    *SUPPORT_ROUTES,
    *DEBUG_ROUTES,
    *OVERVIEW_ROUTES,
    *OPERATION_ROUTES,
)


def add_routes(app: web.Application, *, shop: bool) -> None:
    """Serve every row of the table, and what its pages need; the guest's pages if there are any."""
    for row in ROUTES:
        handler = capped(row.handler) if row.asks_supplier else row.handler
        app.router.add_route(row.method, row.path, handler)
        if row.tag == "Operations":
            app.router.add_route("HEAD", row.path, row.handler)
    app.router.add_get(*LOOKUP_PAGE, allow_head=False)
    app.router.add_get("/docs/{name}", operations.docs_asset)
    add_console(app)
    if shop:
        add_shop(app)
