"""The supplier's endpoints: what each answers, by which verb, and how long it takes."""

from collections.abc import Callable
from dataclasses import dataclass

from adapters.simulator.call import Call
from adapters.simulator.endpoints.basket import add_to_basket, remove_from_basket, show_basket
from adapters.simulator.endpoints.book import book
from adapters.simulator.endpoints.breakdown import show_breakdown
from adapters.simulator.endpoints.cabins import show_cabins
from adapters.simulator.endpoints.grades import show_grades
from adapters.simulator.endpoints.payment import pay
from adapters.simulator.endpoints.retrieve import import_booking, ship_details
from adapters.simulator.endpoints.search import search
from adapters.simulator.endpoints.token import issue_token
from adapters.simulator.wire import Json


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One call of the supplier; `latency` is in seconds at scale 1."""

    answer: Callable[[Call], Json]
    verbs: frozenset[str]
    latency: float


def _endpoint(answer: Callable[[Call], Json], verbs: str, latency: float) -> Endpoint:
    """Spell one endpoint in one row."""
    return Endpoint(answer=answer, verbs=frozenset(verbs.split()), latency=latency)


TABLE = {
    "token.pl": _endpoint(issue_token, "POST", 0.3),
    "cruiseresults.pl": _endpoint(search, "GET", 1.2),
    "cruisecabingrades.pl": _endpoint(show_grades, "GET", 2.5),
    "cruisecabins.pl": _endpoint(show_cabins, "GET POST", 3.4),
    "cruisecabingradebreakdown.pl": _endpoint(show_breakdown, "GET", 1.0),
    "basketadd.pl": _endpoint(add_to_basket, "GET", 3.9),
    "basket.pl": _endpoint(show_basket, "GET", 0.2),
    "basketremove.pl": _endpoint(remove_from_basket, "GET", 0.16),
    "book.pl": _endpoint(book, "POST", 6.1),
    "payment.pl": _endpoint(pay, "POST", 4.0),
    "cruiseimportbooking.pl": _endpoint(import_booking, "GET", 3.0),
    "cruiseshipdetails.pl": _endpoint(ship_details, "GET", 0.8),
}
COLD_GRADES_LATENCY = 12.0
