"""What a guest reads instead of a problem's title: what happened, and what can be done now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from booking_flow.errors import RefusalCode as C
from booking_http.shop.texts import N_
from booking_http.web.problems import EdgeCode as E


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemWords:
    """Words for one code; `ways` are names of ways on that the page knows."""

    title: str
    text: str
    ways: tuple[str, ...] = ()


def _words(title: str, text: str, *ways: str) -> ProblemWords:
    return ProblemWords(title=title, text=text, ways=ways)


_NOTHING: Final = N_("Nothing is booked and nothing was charged.")
_ANOTHER: Final = _words(
    N_("This page is older than your booking"),
    N_(
        "Something changed after this page was shown, perhaps in another tab. Nothing was done. "
        "Look at the page as it is now and send it again."
    ),
    "present",
)
_SUPPLIER: Final = _words(
    N_("%(line)s could not do this just now"),
    N_("%(line)s could not confirm a price just now. Nothing is booked and nothing was charged."),
    "retry",
    "call",
)
_SILENT: Final = _words(
    N_("%(line)s is not answering"),
    N_("Your choices are kept for 2 hours. Nothing is booked and nothing was charged."),
    "retry",
    "mail",
    "call",
)
_CHOICE: Final = _words(
    N_("This rate is no longer sold"),
    N_("Here are today's prices for the same sailing. Nothing is booked."),
    "prices",
)
_NOT_HERE: Final = _words(
    N_("We cannot book this sailing here"),
    N_("It has left, or its cruise line is not sold on these pages. Call us, we may know a way."),
    "find",
    "call",
)
_NO_PAGE: Final = _words(
    N_("There is no such page"), N_("The address may be incomplete."), "find", "booking"
)
_UNKNOWN: Final = _words(
    N_("This could not be done"),
    N_("Nothing is booked and nothing was charged."),
    "retry",
    "call",
)

WORDS: Final[Mapping[str, ProblemWords]] = MappingProxyType(
    {
        C.PRICE_CHANGED: _words(
            N_("The price has changed"),
            N_(
                "The price went from %(expected)s to %(actual)s while you were choosing. "
                "Nothing is booked."
            ),
            "accept",
            "prices",
        ),
        C.RATE_GONE: _CHOICE,
        C.SELECTION_STALE: _CHOICE,
        C.CABIN_REQUIRED: _CHOICE,
        C.CABIN_GONE: _words(
            N_("This cabin has just been taken"),
            N_("Somebody else was quicker with cabin %(cabin)s. Nothing is booked."),
            "cabins",
            "prices",
        ),
        C.SOLD_OUT: _words(
            N_("This sailing is full for your party"),
            N_("%(line)s has no cabin left for %(party)s. Nothing is booked."),
            "dates",
            "find",
            "party",
        ),
        C.HOLD_LAPSED: _words(
            N_("Your hold has ended"),
            N_("The cabin is no longer held for you. Nothing was charged."),
            "hold",
            "prices",
        ),
        C.BASKET_UNPRICED: _SUPPLIER,
        C.SUPPLIER_ERROR: _SUPPLIER,
        C.SUPPLIER_MISCONFIGURED: _SUPPLIER,
        C.SUPPLIER_UNAVAILABLE: _SILENT,
        C.SUPPLIER_TIMEOUT: _SILENT,
        C.CARD_DECLINED: _words(
            N_("Your bank declined this card"),
            N_("Nothing was charged, and the cabin is still yours. Try another card."),
        ),
        C.CARD_INVALID: _words(N_("Check the card"), N_("Nothing was charged.")),
        C.VALIDATION_FAILED: _words(N_("There is a problem"), _NOTHING),
        C.PARTY_INVALID: _words(
            N_("Nobody can book for this party"),
            N_("One adult must travel, and at most 8 guests can be booked together."),
            "party",
            "call",
        ),
        C.PARTY_MISMATCH: _words(
            N_("The birth dates do not fit the price"),
            N_(
                "The price is for the ages that you told us at the start. Change the birth date, "
                "or get a new price. Nothing is booked."
            ),
            "party",
        ),
        C.SESSION_EXPIRED: _words(
            N_("This search is over"),
            N_("Prices are kept for 2 hours. Your names and choices are kept: start again."),
            "restart",
        ),
        C.SESSION_NOT_FOUND: _words(
            N_("This booking is not open in this browser"),
            N_(
                "A booking opens in the browser in which it was begun, for a day. In any other one "
                "its reference and your e-mail address open it."
            ),
            "booking",
            "find",
        ),
        C.IN_PROGRESS: _words(
            N_("We are already doing this for you"),
            N_("Your request was sent before and is under way. Do not send it again."),
            "present",
        ),
        C.ALREADY_BASKETED: _words(
            N_("You hold another cabin already"),
            N_("You hold cabin %(held)s, perhaps in another tab."),
            "present",
            "release",
        ),
        C.RATE_LIMITED: _words(
            N_("Too many attempts"),
            N_("Please call us with %(reference)s. Nothing was charged."),
            "call",
        ),
        C.LINE_NOT_BOOKABLE: _NOT_HERE,
        C.SAILING_DEPARTED: _NOT_HERE,
        C.CRUISE_NOT_FOUND: _NOT_HERE,
        C.UNAVAILABLE: _words(
            N_("Our own service is busy"),
            N_("Nothing was sent, nothing is booked and nothing was charged."),
            "retry",
            "call",
        ),
        C.WRONG_STATE: _ANOTHER,
        C.VERSION_MISMATCH: _ANOTHER,
        C.IDEMPOTENCY_KEY_REUSED: _ANOTHER,
        E.PRECONDITION_REQUIRED: _ANOTHER,
        "sailing_mismatch": _words(
            N_("%(line)s answered about another sailing"),
            N_(
                "What it offered is not what you chose, so we stopped. Nothing is booked and "
                "nothing was charged. Please call us with %(reference)s."
            ),
            "prices",
            "call",
        ),
        C.PAYMENT_REQUIRED: _words(
            N_("A card is needed to book"),
            N_("%(line)s takes the payment together with the booking. Nothing is booked yet."),
        ),
        C.FORBIDDEN: _words(
            N_("This page was open for too long"),
            N_("Nothing was done. Open it anew and send it again."),
            "retry",
        ),
        E.CODE_WRONG: _words(
            N_("This is not the code that we mailed, or it has ended"),
            N_(
                "A code works once and for 15 minutes, and the last one mailed is the one that "
                "counts."
            ),
        ),
        C.NOT_FOUND: _NO_PAGE,
        E.METHOD_NOT_ALLOWED: _NO_PAGE,
        E.BAD_REQUEST: _NO_PAGE,
    }
)


_STANDS: Final = N_("Your booking stands, and nothing was charged.")
_LINE_SAID_NO: Final = _words(
    N_("%(line)s did not take the payment"),
    N_("Your booking stands, and nothing was charged. Call us, and we take the payment."),
    "call",
)
_NOT_NOW: Final = _words(N_("The payment cannot be taken now"), _STANDS, "retry", "call")
AFTER_BOOKING: Final[Mapping[str, ProblemWords]] = MappingProxyType(
    {
        C.PRICE_CHANGED: _words(
            N_("What is still to pay has changed"),
            N_(
                "It went from %(expected)s to %(actual)s since this page was shown. Nothing was "
                "charged. Look at it as it is now and send it again."
            ),
        ),
        C.SUPPLIER_ERROR: _LINE_SAID_NO,
        C.SUPPLIER_MISCONFIGURED: _LINE_SAID_NO,
        C.SUPPLIER_UNAVAILABLE: _words(N_("%(line)s is not answering"), _STANDS, "retry", "call"),
        C.CARD_DECLINED: _words(
            N_("Your bank declined this card"),
            N_("Your booking stands, and nothing was charged. Try another card."),
        ),
        C.VALIDATION_FAILED: _words(N_("There is a problem"), _STANDS),
        C.UNAVAILABLE: _words(
            N_("Our own service is busy"),
            N_("Your booking stands. Nothing was sent and nothing was charged."),
            "retry",
            "call",
        ),
    }
)
"""What is said otherwise to whoever has booked, and wants to pay or change something."""


def words_of(code: str, *, booked: bool = False) -> ProblemWords:
    """Return the words for a code; clients must expect codes they do not know."""
    if booked and (code in AFTER_BOOKING or code not in WORDS):
        return AFTER_BOOKING.get(code, _NOT_NOW)
    return WORDS.get(code, _UNKNOWN)
