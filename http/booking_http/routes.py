"""Every route in one table: what is served, and what its document says."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from booking_flow.refusals import RefusalCode as C
from booking_http.api import offers, requests, responses
from booking_http.api.action_links import BASE
from booking_http.api.debug_routes import DEBUG_ROUTES
from booking_http.api.endpoints import bookings, cabins, catalogue, events, operations, sessions
from booking_http.api.lookup_routes import LOOKUP_PAGE, LOOKUP_ROUTES
from booking_http.api.operation_routes import OPERATION_ROUTES
from booking_http.console.routes import add_console
from booking_http.staff.overview_routes import OVERVIEW_ROUTES
from booking_http.staff.routes import SUPPORT_ROUTES
from booking_http.web.problem_groups import (
    BODY,
    CARD,
    CHOICE,
    CRUISE,
    HOLD,
    LIVE,
    ONCE,
    OWN,
    SUPPLIER,
)
from booking_http.web.problems import EdgeCode as E
from booking_http.web.route import Route

_SESSION: Final = responses.SessionTell

ROUTES: Final[tuple[Route, ...]] = (
    Route(
        method="GET",
        path=f"{BASE}/cruises",
        handler=catalogue.list_cruises,
        summary="List sailings that can be booked live",
        tag="Cruises",
        query=requests.CruisesQuery,
        answers={200: offers.CruisesTell},
        problems=(E.BAD_REQUEST, C.UNAVAILABLE),
    ),
    Route(
        method="GET",
        path=f"{BASE}/cruises/{{cruise_id}}",
        handler=catalogue.read_cruise,
        summary="Show one sailing",
        tag="Cruises",
        answers={200: offers.CatalogueCruiseTell},
        problems=(C.CRUISE_NOT_FOUND, C.UNAVAILABLE),
    ),
    Route(
        method="POST",
        path=f"{BASE}/session",
        handler=sessions.open_session,
        summary="Open a booking session for a sailing and a party",
        tag="Session",
        ask=requests.OpenSessionAsk,
        answers={201: _SESSION},
        problems=(*BODY, *ONCE, *CRUISE, *SUPPLIER, C.UNAVAILABLE),
        once=True,
    ),
    Route(
        method="GET",
        path=f"{BASE}/session/{{session_id}}",
        handler=sessions.read_session,
        summary="Show a session",
        tag="Session",
        answers={200: _SESSION},
        problems=OWN,
    ),
    Route(
        method="PATCH",
        path=f"{BASE}/session/{{session_id}}",
        handler=sessions.edit_session,
        summary="Keep draft details",
        tag="Session",
        ask=requests.DetailsAsk,
        answers={200: _SESSION},
        problems=(*LIVE, *BODY, *ONCE, C.VERSION_MISMATCH),
        once=True,
        headers=("If-Match",),
    ),
    Route(
        method="GET",
        path=f"{BASE}/{{session_id}}/pricing",
        handler=cabins.pricing,
        summary="Show live prices of all cabins",
        tag="Cabins",
        answers={200: offers.PricedSessionTell},
        problems=(*LIVE, C.SOLD_OUT, *SUPPLIER),
    ),
    Route(
        method="GET",
        path=f"{BASE}/{{session_id}}/specific-cabins",
        handler=cabins.specific_cabins,
        summary="Show the physical cabins of a rate, with deck plans",
        tag="Cabins",
        query=requests.RateQuery,
        answers={200: offers.CabinsTell},
        problems=(E.BAD_REQUEST, *LIVE, *CHOICE, *SUPPLIER),
    ),
    Route(
        method="GET",
        path=f"{BASE}/{{session_id}}/cabin-breakdown",
        handler=cabins.cabin_breakdown,
        summary="Show what each guest pays for at a rate",
        tag="Cabins",
        query=requests.RateQuery,
        answers={200: offers.BreakdownTell},
        problems=(E.BAD_REQUEST, *LIVE, *CHOICE, *SUPPLIER),
    ),
    Route(
        method="POST",
        path=f"{BASE}/{{session_id}}/select-cabin",
        handler=cabins.select_cabin,
        summary="Choose a cabin and hold it",
        tag="Cabins",
        ask=requests.SelectCabinAsk,
        answers={200: _SESSION, 202: _SESSION},
        problems=(*LIVE, *BODY, *ONCE, *HOLD, C.ALREADY_BASKETED, *SUPPLIER),
        once=True,
    ),
    Route(
        method="POST",
        path=f"{BASE}/{{session_id}}/basket",
        handler=cabins.add_to_basket,
        summary="Hold the chosen cabin",
        tag="Basket",
        ask=requests.NothingAsk,
        ask_optional=True,
        answers={200: _SESSION, 202: _SESSION},
        problems=(*LIVE, *BODY, *ONCE, *HOLD, C.CABIN_REQUIRED, *SUPPLIER),
        once=True,
    ),
    Route(
        method="GET",
        path=f"{BASE}/{{session_id}}/basket",
        handler=cabins.read_basket,
        summary="Show what is held",
        tag="Basket",
        answers={200: _SESSION},
        problems=OWN,
    ),
    Route(
        method="DELETE",
        path=f"{BASE}/{{session_id}}/basket",
        handler=cabins.release_basket,
        summary="Let the held cabin go",
        tag="Basket",
        answers={200: _SESSION, 202: _SESSION},
        problems=(*LIVE, *ONCE, *SUPPLIER),
        once=True,
    ),
    Route(
        method="POST",
        path=f"{BASE}/{{session_id}}/create",
        handler=bookings.create_booking,
        summary="Book the held cabin, with or without a card",
        tag="Booking",
        ask=requests.BookAsk,
        answers={201: _SESSION, 202: _SESSION},
        problems=(
            *(*LIVE, *BODY, *ONCE, *CARD),
            *(C.PARTY_MISMATCH, C.HOLD_LAPSED, C.BASKET_UNPRICED, C.CABIN_GONE, *SUPPLIER),
        ),
        once=True,
    ),
    Route(
        method="POST",
        path=f"{BASE}/{{session_id}}/payment",
        handler=bookings.pay,
        summary="Pay what is due for a booking",
        tag="Booking",
        ask=requests.PaymentAsk,
        answers={200: _SESSION, 202: _SESSION},
        problems=(*LIVE, *BODY, *ONCE, *CARD, *SUPPLIER),
        once=True,
    ),
    Route(
        method="POST",
        path=f"{BASE}/{{session_id}}/cancel",
        handler=sessions.cancel,
        summary="Cancel, or ask for it where a step or a person must end something first",
        tag="Session",
        ask=requests.CancelAsk,
        ask_optional=True,
        answers={200: _SESSION, 202: _SESSION},
        problems=(*LIVE, *BODY, *ONCE),
        once=True,
    ),
    Route(
        method="POST",
        path=f"{BASE}/{{session_id}}/restart",
        handler=sessions.restart,
        summary="Start again with the party and details of a session that has ended",
        tag="Session",
        ask=requests.NothingAsk,
        ask_optional=True,
        answers={201: _SESSION},
        problems=(*OWN, C.WRONG_STATE, *BODY, *ONCE, *CRUISE, *SUPPLIER),
        once=True,
    ),
    Route(
        method="GET",
        path=f"{BASE}/{{session_id}}/events",
        handler=events.events,
        summary="Follow a session: its state now and after every change",
        tag="Session",
        answers={200: "text/event-stream"},
        problems=(*OWN, C.RATE_LIMITED),
        headers=("Last-Event-ID",),
    ),
    *LOOKUP_ROUTES,
    *SUPPORT_ROUTES,
    *DEBUG_ROUTES,
    *OVERVIEW_ROUTES,
    *OPERATION_ROUTES,
)


def add_routes(app: web.Application) -> None:
    """Serve every row of the table, and what its pages need."""
    for row in ROUTES:
        app.router.add_route(row.method, row.path, row.handler)
        if row.tag == "Operations":
            app.router.add_route("HEAD", row.path, row.handler)
    app.router.add_post(*LOOKUP_PAGE)
    app.router.add_get("/docs/{name}", operations.docs_asset)
    add_console(app)
