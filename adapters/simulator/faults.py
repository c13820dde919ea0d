"""The faults the simulator can cause: one table, and what sets them off."""

from collections.abc import Mapping
from dataclasses import dataclass

BOOKING_CALLS = frozenset({"book.pl", "payment.pl"})
ENDPOINTS = (
    "token.pl",
    "cruiseresults.pl",
    "cruisecabingrades.pl",
    "cruisecabins.pl",
    "cruisecabingradebreakdown.pl",
    "basketadd.pl",
    "basket.pl",
    "basketremove.pl",
    "book.pl",
    "payment.pl",
    "cruiseimportbooking.pl",
    "cruiseshipdetails.pl",
)
_EVERY = frozenset(ENDPOINTS)
_AUTHED = _EVERY - {"token.pl"}
_IN_SESSION = _AUTHED - {"cruiseresults.pl", "cruiseimportbooking.pl", "cruiseshipdetails.pl"}
_BOOK = frozenset({"book.pl"})
_ADD = frozenset({"basketadd.pl"})
_IMPORT = frozenset({"cruiseimportbooking.pl"})
_HELD = _ADD | {"basket.pl"}
_NAMES_SAILING = _HELD | _BOOK | _IMPORT


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A named fault, what it means, and the endpoints that can show it."""

    name: str
    meaning: str
    endpoints: frozenset[str]


def _fault(name: str, endpoints: frozenset[str], meaning: str) -> Fault:
    """Spell one fault in one row."""
    return Fault(name=name, meaning=meaning, endpoints=endpoints)


_TABLE = (
    _fault(
        "timeout_before",
        _EVERY,
        "Does nothing and never answers (300 s, or until the caller hangs up).",
    ),
    _fault(
        "timeout_after", _EVERY, "Acts and never answers (300 s, or until the caller hangs up)."
    ),
    _fault("reset_before", _EVERY, "Resets the connection without having acted."),
    _fault("reset", _EVERY, "Acts, then resets the connection half way through the answer."),
    _fault("http_500", _EVERY, "HTTP 500, nothing done."),
    _fault("http_500_after", _EVERY, "HTTP 500, though the call was carried out."),
    _fault("http_502", _EVERY, "HTTP 502 from the proxy, nothing done."),
    _fault("http_502_after", _EVERY, "HTTP 502 from the proxy, though the call was carried out."),
    _fault("http_404", _EVERY, "HTTP 404 as for a wrong sid, nothing done."),
    _fault("http_429", _EVERY, "HTTP 429 with Retry-After, nothing done."),
    _fault(
        "status302", _EVERY, "HTTP 302 to a page of the gateway that does nothing; nothing done."
    ),
    _fault(
        "status302_after",
        _EVERY,
        "HTTP 302 to a page of the gateway, though the call was carried out.",
    ),
    _fault("status401", _EVERY, "HTTP 401 with a page of the gateway, nothing done."),
    _fault(
        "status401_after",
        _EVERY,
        "HTTP 401 with a page of the gateway, though the call was carried out.",
    ),
    _fault("status403", _EVERY, "HTTP 403 with a page of the gateway, nothing done."),
    _fault(
        "status403_after",
        _EVERY,
        "HTTP 403 with a page of the gateway, though the call was carried out.",
    ),
    _fault(
        "status404_after",
        _EVERY,
        "HTTP 404 with a page of the gateway, though the call was carried out.",
    ),
    _fault("status405", _EVERY, "HTTP 405 with a page of the gateway, nothing done."),
    _fault(
        "status405_after",
        _EVERY,
        "HTTP 405 with a page of the gateway, though the call was carried out.",
    ),
    _fault(
        "status429_after", _EVERY, "HTTP 429 with Retry-After, though the call was carried out."
    ),
    _fault("slow", _EVERY, "Acts and answers late: 30 s times the latency scale, or `seconds`."),
    _fault("malformed", _EVERY, "Acts and answers with a body that is not JSON."),
    _fault("truncated", _EVERY, "Acts and answers with the first half of the body."),
    _fault("html", _EVERY, "HTTP 200 with an HTML maintenance page, nothing done."),
    _fault("html_after", _EVERY, "HTTP 200 with an HTML page, though the call was carried out."),
    _fault(
        "mixed_types",
        _AUTHED,
        "Acts and respells numbers, flags and empties (`typing` mixed, strings, numbers).",
    ),
    _fault(
        "nul_in_text",
        _AUTHED,
        "Acts; NUL and other control characters stand in warnings, names and descriptions.",
    ),
    _fault(
        "surrogate_in_text",
        _AUTHED,
        "Acts; half of a surrogate pair stands in warnings, names and descriptions.",
    ),
    _fault("deep_body", _AUTHED, "Acts; a member nested 5,000 levels deep stands in the answer."),
    _fault(
        "long_digits",
        _AUTHED,
        "Acts; a number of 100,000 digits stands in a member of its own and in a warning.",
    ),
    _fault(
        "token_expired_200",
        _AUTHED,
        "Error 3002 at HTTP 200; the token is dead from then on. Nothing done.",
    ),
    _fault(
        "token_expired_401",
        _AUTHED,
        "Error 3002 at HTTP 401; the token is dead from then on. Nothing done.",
    ),
    _fault(
        "session_expired",
        _IN_SESSION,
        "The session expires for good (code 169 by policy). Nothing done.",
    ),
    _fault(
        "stale_resultno",
        frozenset({"cruisecabins.pl", "cruisecabingradebreakdown.pl"}) | _ADD,
        "The `resultno` counts as stale: 105, 137 or the unpriced basket, by policy.",
    ),
    _fault(
        "party_mismatch",
        frozenset({"cruisecabingrades.pl", "cruisecabins.pl"}),
        "Zero results and no error, as for another party.",
    ),
    _fault(
        "rate_gone",
        frozenset({"cruisecabins.pl"}) | _ADD,
        "The rate is gone for good: no cabins, or the unpriced basket; later grades show it as N.",
    ),
    _fault(
        "unpriced_basket", _ADD, "HTTP 200, no error, paymentoption none, prices 0, nothing held."
    ),
    _fault(
        "empty_basket",
        frozenset({"basket.pl"}) | _ADD,
        "Acts, and shows no basket items although one is held.",
    ),
    _fault("basket_read_lag", _ADD, "Acts; basket.pl does not show the item for `seconds` (5)."),
    _fault(
        "other_currency",
        frozenset({"cruisecabingrades.pl"}) | _ADD | _BOOK,
        "Prices in another currency than the session's (GBP, or EUR for a GBP session).",
    ),
    _fault("price_differs", _ADD | _BOOK, "The price is a tenth higher than the one shown before."),
    _fault(
        "sold_out",
        _ADD,
        "Somebody else has just taken the cabin: error 138, and it is gone from the lists.",
    ),
    _fault(
        "already_booked",
        _ADD | _BOOK | {"basket.pl", "basketremove.pl"},
        "Error 152, already booked, although nothing is; nothing done.",
    ),
    _fault(
        "already_booked_after",
        _ADD | _BOOK | {"basketremove.pl"},
        "Error 152, already booked, and no booking id, though the call was carried out.",
    ),
    _fault("hold_missing", _ADD, "Acts; the answer has no holdcabin."),
    _fault(
        "hold_lapsed",
        _ADD | _BOOK,
        "At basketadd the hold lasts only `seconds` (30); at book.pl it has lapsed just before.",
    ),
    _fault(
        "duplicate_submit",
        _ADD | BOOKING_CALLS,
        "The call arrives twice and is carried out twice; one answer returns.",
    ),
    _fault(
        "failed_yellow",
        BOOKING_CALLS,
        "Failed with a booking id, no reservation, fraudcategory Yellow.",
    ),
    _fault(
        "yellow_turns_booked",
        _BOOK,
        "Failed with Yellow, card or no card, and Booked with a reservation after `seconds` (0).",
    ),
    _fault(
        "failed_red",
        BOOKING_CALLS,
        "Failed with a booking id, no reservation, fraudcategory Red: card declined.",
    ),
    _fault(
        "failed_with_authcode",
        BOOKING_CALLS,
        "Failed, no reservation, yet the card that was sent was charged (refund case).",
    ),
    _fault(
        "booked_without_authcode",
        _BOOK,
        "Booked with a reservation; the card sent has no authcode.",
    ),
    _fault(
        "unknown_status",
        _BOOK,
        "A booking id with a status word of its own (OnRequest), no reservation.",
    ),
    _fault(
        "errors_with_bookingid",
        _BOOK,
        "Books, and answers with errors together with the booking id.",
    ),
    _fault("nested_results", _AUTHED, "Acts; the results stand in a list within the list."),
    _fault(
        "item_cancelled",
        _BOOK | _IMPORT,
        "Acts; the overall status is Booked, that of the item Cancelled.",
    ),
    _fault(
        "item_on_request",
        _BOOK | _IMPORT,
        "Acts; the overall status is Booked, that of the item OnRequest.",
    ),
    _fault(
        "item_waitlisted",
        _BOOK | _IMPORT,
        "Acts; the overall status is Booked, that of the item Waitlisted.",
    ),
    _fault(
        "item_pending",
        _BOOK | _IMPORT,
        "Acts; the overall status is Booked, that of the item Pending.",
    ),
    _fault("authcode_zeros", BOOKING_CALLS, "Acts and charges; the authcode is all zeros."),
    _fault(
        "authcode_declined",
        BOOKING_CALLS,
        "Acts and charges nothing; where the authcode should stand it says DECLINED.",
    ),
    _fault(
        "red_with_authcode",
        BOOKING_CALLS,
        "Acts and charges; fraudcategory Red beside an authcode.",
    ),
    _fault("charged_too_little", BOOKING_CALLS, "Acts and charges 1.00 of what was asked."),
    _fault(
        "charged_in_other_currency",
        BOOKING_CALLS,
        "Acts and charges; the transaction says that it is in another currency.",
    ),
    _fault("total_missing", _BOOK, "Acts; the answer has no total and no price."),
    _fault("deposit_too_large", _ADD, "Acts; the deposit is 999,999."),
    _fault("hold_endless", _ADD, "Acts; the hold is said to last until the end of 2099."),
    _fault(
        "commission_received",
        _IMPORT,
        "The money received includes a commission of 100, told as an object.",
    ),
    _fault("price_without_taxes", _IMPORT, "The price is 50 too low, the price items have it all."),
    _fault("second_shape", _IMPORT, "The booking is spelled as book.pl spells one."),
    _fault(
        "other_sailing",
        _NAMES_SAILING | {"cruiseresults.pl", "cruisecabingrades.pl"},
        "Acts; the answer is about a sailing with another id.",
    ),
    _fault(
        "other_date",
        _NAMES_SAILING | {"cruiseresults.pl"},
        "Acts; the answer says that the sailing leaves three days later.",
    ),
    _fault(
        "unreadable_date",
        _NAMES_SAILING | {"cruiseresults.pl"},
        "Acts; the answer's date of sailing is a word.",
    ),
    _fault(
        "other_ship",
        _HELD | _IMPORT | {"cruiseresults.pl"},
        "Acts; the answer names another ship.",
    ),
    _fault(
        "other_nights",
        _NAMES_SAILING | {"cruiseresults.pl"},
        "Acts; the answer says a night more.",
    ),
    _fault("other_grade", _NAMES_SAILING, "Acts; the answer names a cabin grade that is not."),
    _fault("other_cabin", _NAMES_SAILING, "Acts; the answer names cabin 1."),
    _fault("fewer_guests", _NAMES_SAILING, "Acts; a guest is missing from the answer."),
)
FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in _TABLE}

CARD_FAULTS: Mapping[str, str] = {
    "4000000000000002": "failed_red",
    "4000000000009995": "failed_yellow",
    "4000000000005126": "failed_with_authcode",
    "4000000000000341": "booked_without_authcode",
    "4000000000003220": "unknown_status",
    "4000000000000119": "timeout_after",
}
_SPELLED = {
    "http_500": "fivehundred",
    "http_500_after": "fivehundredafter",
    "http_502": "badgateway",
    "http_502_after": "badgatewayafter",
    "http_404": "notfound",
    "http_429": "toomany",
    "status302": "redirected",
    "status302_after": "redirectedafter",
    "status401": "unauthorized",
    "status401_after": "unauthorizedafter",
    "status403": "forbidden",
    "status403_after": "forbiddenafter",
    "status404_after": "notfoundafter",
    "status405": "notallowed",
    "status405_after": "notallowedafter",
    "status429_after": "toomanyafter",
    "token_expired_200": "tokenexpired",
    "token_expired_401": "tokenrefused",
    "slow": "slowanswer",
    "reset": "resetafter",
    "malformed": "malformedanswer",
    "truncated": "truncatedanswer",
    "html": "htmlpage",
    "html_after": "htmlpageafter",
}
SURNAME_FAULTS: Mapping[str, str] = {
    _SPELLED.get(name, name.replace("_", "")): name
    for name, fault in FAULTS.items()
    if "book.pl" in fault.endpoints
}


def plain_name(surname: str) -> str:
    """Reduce a surname to its letters, so that Timeout-After and TIMEOUTAFTER are one."""
    return "".join(letter for letter in surname.casefold() if letter.isalpha())
