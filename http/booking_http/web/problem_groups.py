"""Problems that belong together: those of any body, any session, any call to the supplier."""

from __future__ import annotations

from typing import Final

from booking_flow.errors import RefusalCode as C
from booking_http.web.problems import EdgeCode as E
from booking_http.web.route import Codes

BODY: Final[Codes] = (
    E.MALFORMED_JSON,
    E.REQUEST_TIMEOUT,
    E.BODY_TOO_LARGE,
    E.UNSUPPORTED_MEDIA_TYPE,
    C.VALIDATION_FAILED,
)
ONCE: Final[Codes] = (E.BAD_REQUEST, C.IDEMPOTENCY_KEY_REUSED, C.IN_PROGRESS)
OWN: Final[Codes] = (C.SESSION_NOT_FOUND, C.UNAVAILABLE)
LIVE: Final[Codes] = (*OWN, C.SESSION_EXPIRED, C.WRONG_STATE, C.IN_PROGRESS)
SUPPLIER: Final[Codes] = (
    C.RATE_LIMITED,
    C.SUPPLIER_MISCONFIGURED,
    C.SUPPLIER_ERROR,
    C.SUPPLIER_UNAVAILABLE,
    C.SUPPLIER_TIMEOUT,
)
CRUISE: Final[Codes] = (
    C.CRUISE_NOT_FOUND,
    C.LINE_NOT_BOOKABLE,
    C.SAILING_DEPARTED,
    C.PARTY_INVALID,
    C.SAILING_MISMATCH,
    C.SOLD_OUT,
)
CHOICE: Final[Codes] = (C.SELECTION_STALE, C.RATE_GONE, C.CABIN_GONE, C.SOLD_OUT)
HOLD: Final[Codes] = (
    *CHOICE,
    C.SAILING_MISMATCH,
    C.PRICE_CHANGED,
    C.BASKET_UNPRICED,
    C.RATE_LIMITED,
)
CARD: Final[Codes] = (C.CARD_DECLINED, C.CARD_INVALID, C.PRICE_CHANGED, C.RATE_LIMITED)
