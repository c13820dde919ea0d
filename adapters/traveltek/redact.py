"""Evidence that may be kept: what is on a list, in bounded size, and without card numbers.

Nothing is kept because it looks harmless: a key that is not listed here is dropped, whatever
it holds, and a kept string loses every run of digits that could be a card number and every
word of the request that is personal.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final

from adapters.traveltek.decode import printable
from booking_flow.model.card_numbers import SHORTEST, mask_card_numbers

MAX_ITEMS: Final = 20
MAX_TEXT: Final = 300
MAX_NODES: Final = 600
MAX_DEPTH: Final = 20
MAX_LOOKED_AT: Final = 2_000
"""Characters of a text that are searched for what may not be kept; a card number has 19."""
MASK: Final = "[…]"


def _listed(keys: str) -> frozenset[str]:
    return frozenset(keys.split())


_SECRET = re.compile(
    r"(?=\w{8,13}-)[0-9A-Za-z]{8}(?:[-A-Za-z][0-9A-Za-z]{4}){3}[-A-Za-z][0-9A-Za-z]{12}"
)
"""Tokens and session keys: GUIDs in which a letter may stand for a dash (traveltek.md)."""
_PARTS = re.compile(r"[^\W\d_]{3,}")
_HASHED = frozenset({"sessionkey"})
_REQUEST = _listed(
    "sid startdate enddate adults children infants currency language lineid shipid codetocruiseid"
    " resultkey type resultno gradeno ratecode cabinresult cabinno selectedgrade showalldecks"
    " chosencruise chosencabingrade chosenfarecode cid itemkey basketkey bookingreference viewonly"
    " depositbooking allocation dining seating smoking tablesize bedconfig passthroughitem amount"
    " cardtype ccard grant_type scope"
)
_RESPONSE = _listed(
    "errors warnings code text message msg error meta criteria defaultcurrency currency scurrency"
    " rows results resultno gradeno ratecode cabincode codtype price sprice cheapestprice"
    " gridpricing available codetocruiseid cruiseid line ship id soldout basketitems itinerarycode"
    " itemkey paymentoption searchprice totalprice totaldeposit cruisedetail cabin cabinno cabinid"
    " cabingrade farecode guaranteed holdcabin holdtime releasetime breakdown perperson category"
    " prices guestno totalcost dining seatings status bookingid bookingdetails bookingitems"
    " reservation outstandingbalance totaltransactionamount transactions transactionid amount"
    " authcode fraudcategory datebookedutc transactiondateutc balanceduedate cruiseitem paymentinfo"
    " receivedtotal paymentschedule duedate bookingdate startdate saildate nights deckid total"
    " timing berthedcategorycode expires_in token_type adults children infants sid"
)


def request_evidence(sent: Mapping[str, object]) -> dict[str, object]:
    """Return what may be kept of a request."""
    kept = _Keeper(_REQUEST, personal_words(sent)).mapping(sent)
    passengers = sent.get("passengers")
    if isinstance(passengers, Mapping):
        kept["passengers"] = len(passengers)
    number = _card_number(sent)
    if number:
        kept["card_last4"] = number[-4:]
    return kept


def response_evidence(
    answered: Mapping[str, object], *, personal: Iterable[str] = ()
) -> dict[str, object]:
    """Return what may be kept of an answer; `personal` are words of the request to remove."""
    return _Keeper(_RESPONSE, personal).mapping(answered)


def safe_text(words: str, *, personal: Iterable[str] = ()) -> str:
    """Return the supplier's words without card numbers and without the guests' own words."""
    return _Keeper(frozenset(), personal).text(words)


def personal_words(sent: Mapping[str, object]) -> frozenset[str]:
    """Return every word of a request that may not be kept, wherever it comes back."""
    found: set[str] = set()
    for key, value in sent.items():
        if key in _REQUEST and not isinstance(value, Mapping):
            continue
        if key.partition("-")[0] in _HARMLESS:
            continue
        found |= personal_words(value) if isinstance(value, Mapping) else _words(value)
    return frozenset(found)


_HARMLESS = _listed(
    "paxno paxtype title gender age nationality country county expirymonth expiryyear"
)
"""Keys never kept, yet too common as words to be taken out of every text."""


def _words(value: object) -> set[str]:
    """Return a value as a whole and in parts: O'Brien-Smith may come back as any of them."""
    words = str(value).strip() if isinstance(value, str) else ""
    return {words, *words.split(), *_PARTS.findall(words)} if len(words) > 1 else set()


def _card_number(sent: Mapping[str, object]) -> str:
    card = sent.get("ccard")
    number = (card if isinstance(card, Mapping) else sent).get("cardnumber")
    return number if isinstance(number, str) else ""


class _Keeper:
    """Walks a tree once and keeps what is listed, up to a number of values."""

    def __init__(self, allowed: frozenset[str], personal: Iterable[str]) -> None:
        self._allowed = allowed
        self._left = MAX_NODES
        self._depth = 0
        words = sorted((re.escape(word) for word in personal), key=len, reverse=True)
        self._personal = (
            re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE) if words else None
        )

    def mapping(self, source: Mapping[str, object]) -> dict[str, object]:
        kept: dict[str, object] = {}
        for key, value in source.items():
            if key in self._allowed or self._numbered(key, value):
                kept[key] = self.value(value)
            elif key in _HASHED and isinstance(value, str):
                kept["session"] = fingerprint(value)
        return kept

    def value(self, value: object) -> object:
        self._left -= 1
        if self._left < 0:
            return MASK
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict | list | Mapping | tuple):
            return self._branch(value)
        return value if value is None or isinstance(value, bool) else self._scalar(value)

    def _branch(self, value: Mapping[str, object] | Sequence[object]) -> object:
        if self._depth >= MAX_DEPTH:
            return MASK
        self._depth += 1
        try:
            return self.mapping(value) if isinstance(value, Mapping) else self._items(value)
        finally:
            self._depth -= 1

    def text(self, words: str) -> str:
        # Looking for card numbers takes long in long texts, and little of them is kept.
        words = printable(html.unescape(words[:MAX_LOOKED_AT]))
        if self._personal is not None:
            words = self._personal.sub(MASK, words)
        if len(words) < SHORTEST:
            return words
        return mask_card_numbers(_SECRET.sub(MASK, words), MASK)[:MAX_TEXT]

    def _items(self, values: Sequence[object]) -> list[object]:
        kept = [self.value(each) for each in values[:MAX_ITEMS]]
        more = len(values) - MAX_ITEMS
        return [*kept, f"+{more} more"] if more > 0 else kept

    def _scalar(self, value: object) -> object:
        written = str(value)
        if self._personal is not None and self._personal.fullmatch(written):
            return MASK
        safe = mask_card_numbers(written[:MAX_LOOKED_AT], MASK)[:MAX_TEXT]
        return value if isinstance(value, int) and safe == written else safe

    @staticmethod
    def _numbered(key: str, value: object) -> bool:
        """Whether this is an entry of an object that stands for a list, such as allocation."""
        return isinstance(value, Mapping) and key.isdecimal() and len(key) < 12


def fingerprint(secret: str) -> str:
    """Return a few characters that tell two secrets apart and give neither away."""
    return "…" + sha256(secret.encode()).hexdigest()[-4:]
