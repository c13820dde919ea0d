"""The routes by which a guest sees their booking again."""

from __future__ import annotations

from typing import Final

from booking_flow.errors import RefusalCode as C
from booking_http.api.action_links import BASE
from booking_http.api.endpoints import lookup
from booking_http.api.lookup_models import LookupRequest, LookupResponse
from booking_http.api.responses import SessionResponse
from booking_http.web.problem_groups import BODY, OWN
from booking_http.web.route import Handler, Route

LOOKUP_ROUTES: Final[tuple[Route, ...]] = (
    Route(
        method="POST",
        path=f"{BASE}/lookup",
        handler=lookup.ask_lookup,
        summary="Mail the guest a link to their booking, if there is one",
        tag="Look-up",
        request=LookupRequest,
        responses={202: LookupResponse},
        problems=(*BODY, C.RATE_LIMITED, C.UNAVAILABLE),
    ),
    Route(
        method="POST",
        path=f"{BASE}/lookup/{{token}}",
        handler=lookup.redeem_lookup,
        summary="Show the booking of a mailed link, for half an hour and without actions",
        tag="Look-up",
        responses={200: SessionResponse},
        problems=OWN,
    ),
)

LOOKUP_PAGE: Final[tuple[str, Handler]] = (f"{BASE}/lookup/{{token}}", lookup.show_lookup)
"""What a mailed link leads to: a page for people, no part of the API."""
