"""The catalogue of the supplier's errors: what each means for a booking (PROTOCOL section 1)."""

from __future__ import annotations

import re

from adapters.traveltek.parse_envelope import ErrorItem
from adapters.traveltek.settings import TraveltekSettings
from booking_flow.failures import FailureKind


def kind_of(error: ErrorItem, *, endpoint: str, settings: TraveltekSettings) -> FailureKind:
    """Return what an error of the envelope means; one that is not listed is a plain refusal."""
    if error.code in settings.expired_session_codes or _says(error, settings.expired_session_words):
        return FailureKind.SESSION_EXPIRED
    if error.code in settings.stale_codes:
        return FailureKind.STALE
    if _says(error, settings.already_booked_words):
        return FailureKind.ALREADY_DONE
    if error.code in settings.not_in_basket_codes:
        return FailureKind.NOT_IN_BASKET
    if error.code in settings.sold_out_codes or _says(error, settings.sold_out_words):
        return FailureKind.SOLD_OUT
    if endpoint == "book" and _incomplete(error, settings):
        return FailureKind.INCOMPLETE
    return FailureKind.REJECTED


def _incomplete(error: ErrorItem, settings: TraveltekSettings) -> bool:
    return error.code in settings.incomplete_codes or _says(error, settings.incomplete_words)


def _says(error: ErrorItem, words: str) -> bool:
    return re.search(words, error.text, re.IGNORECASE) is not None
