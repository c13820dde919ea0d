"""The supplier's endpoints: name, verb, and whether a call changes anything.

See traveltek.md, sections 2 to 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """How an endpoint is asked, and so where the token goes (traveltek.md, section 2)."""

    GET = "get"
    """The token in the query."""
    JSON = "json"
    """The token in a header."""
    FORM = "form"
    """The token in a form field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint; an `effect` is sent at most once, anything else is a read."""

    name: str
    verb: Verb = Verb.GET
    effect: bool = False
    again_with_new_token: bool = True
    """Whether it may be sent again where the supplier itself refused the token."""
    group: str = ""
    """Reads of one group share a circuit breaker: they reach the same machinery."""


TOKEN = Endpoint(name="token", verb=Verb.FORM, group="token")
RESULTS = Endpoint(name="cruiseresults", group="search")
GRADES = Endpoint(name="cruisecabingrades", group="prices")
CABINS = Endpoint(name="cruisecabins", group="prices")
BREAKDOWN = Endpoint(name="cruisecabingradebreakdown", group="prices")
BASKET_ADD = Endpoint(name="basketadd", effect=True)
BASKET = Endpoint(name="basket", group="basket")
BASKET_REMOVE = Endpoint(name="basketremove", effect=True)
BOOK = Endpoint(name="book", verb=Verb.JSON, effect=True, again_with_new_token=False)
PAYMENT = Endpoint(name="payment", verb=Verb.FORM, effect=True, again_with_new_token=False)
IMPORT = Endpoint(name="cruiseimportbooking", group="import")
SHIP = Endpoint(name="cruiseshipdetails", group="ship")
GROUPS = tuple(read.group for read in (TOKEN, RESULTS, GRADES, BASKET, IMPORT, SHIP))
"""The circuit breakers there are."""
