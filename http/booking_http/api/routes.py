"""The guest's routes: what is served, and what its document says."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from booking_flow.errors import RefusalCode as C
from booking_http.api import cruise_models, offers, requests, responses
from booking_http.api.action_links import BASE
from booking_http.api.endpoints import bookings, cabins, catalogue, events, sessions
from booking_http.api.lookup_routes import OWN_ROUTES
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

_SESSION: Final = responses.SessionResponse

_ROUTES: Final[tuple[Route, ...]] = (
    Route(
        method="GET",
        path=f"{BASE}/cruises",
        handler=catalogue.list_cruises,
        summary="List sailings that can be booked live",
        tag="Cruises",
        query=requests.CruisesQuery,
        responses={200: cruise_models.CruisesResponse},
        problems=(E.BAD_REQUEST, C.UNAVAILABLE),
    ),
    Route(
        method="GET",
        path=f"{BASE}/cruises/{{cruise_id}}",
        handler=catalogue.read_cruise,
        summary="Show one sailing with its days, ship and cabins",
        tag="Cruises",
        responses={200: cruise_models.CruiseDetailsResponse},
        problems=(C.CRUISE_NOT_FOUND, C.UNAVAILABLE),
    ),
    Route(
        method="POST",
        path=f"{BASE}/session",
        handler=sessions.open_session,
        summary="Open a booking session for a sailing and a party",
        tag="Session",
        request=requests.OpenSessionRequest,
        responses={201: _SESSION},
        problems=(*BODY, *ONCE, *CRUISE, *SUPPLIER, C.UNAVAILABLE),
        idempotent=True,
    ),
    Route(
        method="GET",
        path=f"{BASE}/session/{{session_id}}",
        handler=sessions.read_session,
        summary="Show a session",
        tag="Session",
        responses={200: _SESSION},
        problems=OWN,
    ),
    Route(
        method="PATCH",
        path=f"{BASE}/session/{{session_id}}",
        handler=sessions.edit_session,
        summary="Keep draft details",
        tag="Session",
        request=requests.DetailsRequest,
        responses={200: _SESSION},
        problems=(*LIVE, *BODY, *ONCE),
        idempotent=True,
    ),
    Route(
        method="GET",
        path=f"{BASE}/{{session_id}}/pricing",
        handler=cabins.pricing,
        summary="Show live prices of all cabins",
        tag="Cabins",
        responses={200: offers.PricedSessionResponse},
        problems=(*LIVE, C.SOLD_OUT, C.SAILING_MISMATCH, *SUPPLIER),
    ),
    Route(
        method="GET",
        path=f"{BASE}/{{session_id}}/specific-cabins",
        handler=cabins.specific_cabins,
        summary="Show the physical cabins of a rate, with deck plans",
        tag="Cabins",
        query=requests.RateQuery,
        responses={200: offers.CabinsResponse},
        problems=(E.BAD_REQUEST, *LIVE, *CHOICE, *SUPPLIER),
    ),
    Route(
        method="GET",
        path=f"{BASE}/{{session_id}}/cabin-breakdown",
        handler=cabins.cabin_breakdown,
        summary="Show what each guest pays for at a rate",
        tag="Cabins",
        query=requests.RateQuery,
        responses={200: offers.BreakdownResponse},
        problems=(E.BAD_REQUEST, *LIVE, *CHOICE, *SUPPLIER),
    ),
    Route(
        method="POST",
        path=f"{BASE}/{{session_id}}/select-cabin",
        handler=cabins.select_cabin,
        summary="Choose a cabin and hold it",
        tag="Cabins",
        request=requests.SelectCabinRequest,
        responses={200: _SESSION, 202: _SESSION},
        problems=(*LIVE, *BODY, *ONCE, *HOLD, C.ALREADY_BASKETED, *SUPPLIER),
        idempotent=True,
    ),
    Route(
        method="POST",
        path=f"{BASE}/{{session_id}}/basket",
        handler=cabins.add_to_basket,
        summary="Hold the chosen cabin",
        tag="Basket",
        request=requests.NothingRequest,
        request_optional=True,
        responses={200: _SESSION, 202: _SESSION},
        problems=(*LIVE, *BODY, *ONCE, *HOLD, C.CABIN_REQUIRED, *SUPPLIER),
        idempotent=True,
    ),
    Route(
        method="GET",
        path=f"{BASE}/{{session_id}}/basket",
        handler=cabins.read_basket,
        summary="Show what is held",
        tag="Basket",
        responses={200: _SESSION},
        problems=OWN,
    ),
    Route(
        method="DELETE",
        path=f"{BASE}/{{session_id}}/basket",
        handler=cabins.release_basket,
        summary="Let the held cabin go",
        tag="Basket",
        responses={200: _SESSION, 202: _SESSION},
        problems=(*LIVE, *ONCE, *SUPPLIER),
        idempotent=True,
    ),
    Route(
        method="POST",
        path=f"{BASE}/{{session_id}}/create",
        handler=bookings.create_booking,
        summary="Book the held cabin, with a card where the channel takes it here",
        tag="Booking",
        request=requests.BookRequest,
        responses={201: _SESSION, 202: _SESSION},
        problems=(
            *(*LIVE, *BODY, *ONCE, *CARD),
            *(C.PARTY_MISMATCH, C.HOLD_LAPSED, C.BASKET_UNPRICED, C.CABIN_GONE, *SUPPLIER),
            *(C.SAILING_MISMATCH, C.SELECTION_STALE, E.PRECONDITION_REQUIRED),
            C.PAYMENT_REQUIRED,
        ),
        idempotent=True,
    ),
    Route(
        method="POST",
        path=f"{BASE}/{{session_id}}/payment",
        handler=bookings.pay,
        summary="Pay what is due for a booking",
        tag="Booking",
        request=requests.PaymentRequest,
        responses={200: _SESSION, 202: _SESSION},
        problems=(*LIVE, *BODY, *ONCE, *CARD, *SUPPLIER),
        idempotent=True,
    ),
    Route(
        method="POST",
        path=f"{BASE}/{{session_id}}/cancel",
        handler=sessions.cancel,
        summary="Cancel, or ask for it where a step or a person must end something first",
        tag="Session",
        request=requests.CancelRequest,
        request_optional=True,
        responses={200: _SESSION, 202: _SESSION},
        problems=(*LIVE, *BODY, *ONCE),
        idempotent=True,
    ),
    Route(
        method="POST",
        path=f"{BASE}/{{session_id}}/restart",
        handler=sessions.restart,
        summary="Start again with the party and details of a session that has ended",
        tag="Session",
        request=requests.NothingRequest,
        request_optional=True,
        responses={201: _SESSION},
        problems=(*OWN, C.WRONG_STATE, *BODY, *ONCE, *CRUISE, *SUPPLIER),
        idempotent=True,
    ),
    Route(
        method="GET",
        path=f"{BASE}/{{session_id}}/events",
        handler=events.events,
        summary="Follow a session: its state now and after every change",
        tag="Session",
        responses={200: "text/event-stream"},
        problems=(*OWN, C.RATE_LIMITED),
        headers=("Last-Event-ID",),
    ),
)


def _matched(route: Route) -> Route:
    """Return a route about a session as one that obeys If-Match, where a client sends it."""
    if "session_id" not in route.parameters:
        return route
    more = (C.VERSION_MISMATCH, E.BAD_REQUEST)
    problems = tuple(dict.fromkeys((*route.problems, *more)))
    return replace(route, headers=(*route.headers, "If-Match"), problems=problems)


BOOKING_ROUTES: Final = tuple(_matched(route) for route in (*_ROUTES, *OWN_ROUTES))
