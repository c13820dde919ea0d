"""The routes by which a guest sees their booking again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from booking_flow.errors import RefusalCode as C
from booking_http.api.action_links import BASE
from booking_http.api.endpoints import line_notices, lookup, with_code
from booking_http.api.lookup_models import (
    CodeRequest,
    DataCopyResponse,
    GuestCancelRequest,
    GuestCorrectionRequest,
    GuestPaymentRequest,
    LineNoticeRequest,
    LookupRequest,
    LookupResponse,
)
from booking_http.api.responses import SessionResponse
from booking_http.web.problem_groups import BODY, CARD, OWN, SUPPLIER
from booking_http.web.problems import EdgeCode as E
from booking_http.web.route import Handler, Route, named


def _with_code(home: str, *, cancels: bool) -> Iterator[Route]:
    """Return what may be done with a mailed code, below a session or a link."""
    by = "_by_link" if cancels else ""
    usual = (*OWN, *BODY, E.CODE_WRONG)
    changing = (*usual, C.WRONG_STATE, C.IN_PROGRESS)
    yield Route(
        method="POST",
        path=f"{home}/code",
        handler=named(with_code.mail_code, f"mail_code{by}"),
        summary="Mail the guest a code, with which a booking can be changed",
        tag="Look-up",
        responses={202: LookupResponse},
        problems=(*OWN, C.WRONG_STATE, C.RATE_LIMITED),
    )
    yield Route(
        method="POST",
        path=f"{home}/corrections",
        handler=named(with_code.correct, f"correct{by}"),
        summary="Put right what was typed wrong: the contact at once, a name by way of the line",
        tag="Look-up",
        request=GuestCorrectionRequest,
        responses={200: SessionResponse},
        problems=changing,
    )
    if cancels:
        yield Route(
            method="POST",
            path=f"{home}/payment",
            handler=named(with_code.pay, "pay_by_link"),
            summary="Pay what is due for a booking, with a mailed code",
            tag="Look-up",
            request=GuestPaymentRequest,
            responses={200: SessionResponse, 202: SessionResponse},
            problems=(*changing, C.SESSION_EXPIRED, *CARD, *SUPPLIER),
        )
        yield Route(
            method="POST",
            path=f"{home}/cancel",
            handler=named(with_code.cancel, "cancel_by_link"),
            summary="Cancel, or ask for it where a step or a person must end something first",
            tag="Look-up",
            request=GuestCancelRequest,
            responses={200: SessionResponse, 202: SessionResponse},
            problems=(*changing, C.SESSION_EXPIRED),
        )
    yield Route(
        method="POST",
        path=f"{home}/data-copy",
        handler=named(with_code.copy_data, f"copy_data{by}"),
        summary="Show all that is kept of the guest",
        tag="Look-up",
        request=CodeRequest,
        responses={200: DataCopyResponse},
        problems=usual,
    )
    yield Route(
        method="POST",
        path=f"{home}/erasure-request",
        handler=named(with_code.ask_erasure, f"ask_erasure{by}"),
        summary="Ask that what the guest typed is erased, once that is possible",
        tag="Look-up",
        request=CodeRequest,
        responses={202: SessionResponse},
        problems=changing,
    )


LOOKUP_ROUTES: Final[tuple[Route, ...]] = (
    Route(
        method="POST",
        path=f"{BASE}/return/{{token}}",
        handler=line_notices.redeem_line_notice,
        summary="Open the session of the mail that a cruise line answers again",
        tag="Look-up",
        responses={200: SessionResponse},
        problems=OWN,
    ),
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
        summary="Show the booking of a mailed link, for half an hour",
        tag="Look-up",
        responses={200: SessionResponse},
        problems=OWN,
    ),
)

LINK_ROUTES: Final = tuple(_with_code(f"{BASE}/lookup/{{token}}", cancels=True))
"""What who holds a mailed link may do with a code."""
OWN_ROUTES: Final = (
    *_with_code(f"{BASE}/{{session_id}}", cancels=False),
    Route(
        method="POST",
        path=f"{BASE}/{{session_id}}/line-notice",
        handler=line_notices.ask_line_notice,
        summary="Mail the guest once, when the cruise line answers or the session is about to end",
        tag="Session",
        request=LineNoticeRequest,
        responses={202: LookupResponse},
        problems=(*OWN, *BODY, C.WRONG_STATE, C.RATE_LIMITED),
    ),
)
"""What who holds the session's secret may do with a code, and being mailed, which needs none."""

LOOKUP_PAGE: Final[tuple[str, Handler]] = (f"{BASE}/lookup/{{token}}", lookup.show_lookup)
"""What a mailed link leads to: a page for people, no part of the API."""
