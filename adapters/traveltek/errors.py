"""The catalogue of the supplier's errors: what each means for a booking.

See traveltek.md, section 1.
"""

from __future__ import annotations

import re

from adapters.traveltek.parse_envelope import ErrorItem
from adapters.traveltek.settings import TraveltekSettings
from booking_flow.supplier_errors import FailureKind


def kind_of(error: ErrorItem, *, endpoint: str, settings: TraveltekSettings) -> FailureKind:
    """Return what an error of the envelope means; one that is not listed is a plain refusal."""
    meanings = (
        (FailureKind.SESSION_EXPIRED, _session_over),
        (FailureKind.STALE, _stale),
        (FailureKind.ALREADY_DONE, _already_done),
        (FailureKind.NOT_IN_BASKET, _not_in_basket),
        (FailureKind.SOLD_OUT, _sold_out),
        *(((FailureKind.INCOMPLETE, _incomplete),) if endpoint == "book" else ()),
    )
    found = (kind for kind, means in meanings if means(error, settings))
    return next(found, FailureKind.REJECTED)


def _session_over(error: ErrorItem, settings: TraveltekSettings) -> bool:
    by_code = error.code in settings.expired_session_codes
    return by_code or _says(error, settings.expired_session_words)


def _stale(error: ErrorItem, settings: TraveltekSettings) -> bool:
    return error.code in settings.stale_codes


def _already_done(error: ErrorItem, settings: TraveltekSettings) -> bool:
    return _says(error, settings.already_booked_words)


def _not_in_basket(error: ErrorItem, settings: TraveltekSettings) -> bool:
    return error.code in settings.not_in_basket_codes


def _sold_out(error: ErrorItem, settings: TraveltekSettings) -> bool:
    return error.code in settings.sold_out_codes or _says(error, settings.sold_out_words)


def _incomplete(error: ErrorItem, settings: TraveltekSettings) -> bool:
    return error.code in settings.incomplete_codes or _says(error, settings.incomplete_words)


def _says(error: ErrorItem, words: str) -> bool:
    return re.search(words, error.text, re.IGNORECASE) is not None
