"""Every captured answer is read into the same strict values, however the supplier wobbles."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from adapters.traveltek.parse_basket import read_added, read_basket, read_changed_basket
from adapters.traveltek.parse_book import read_booking
from adapters.traveltek.parse_envelope import Envelope, envelope
from adapters.traveltek.parse_lookups import read_import, read_search
from adapters.traveltek.parse_prices import read_breakdown, read_cabins, read_quote
from adapters.traveltek.parse_values import Unreadable
from adapters.traveltek.settings import TraveltekSettings
from booking_flow.model.agreement import Statement
from tests.conftest import Samples
from tests.support import json_trees as trees

Reader = Callable[[Envelope], Any]


USUAL = TraveltekSettings(base_url="", sid="", username="", password="")


def booking(answer: Envelope) -> Any:
    return read_booking(answer, item_key="1060793622", currency=None, settings=USUAL)


def imported(answer: Envelope) -> Any:
    return read_import(answer, reservation="1234567", currency="USD", settings=USUAL)


READERS: dict[str, tuple[Reader, set[str]]] = {
    "basketadd-response": (
        lambda answer: read_added(answer, currency="USD"),
        {"results", "results.basketitems.itemkey"},
    ),
    "basketadd-response-zeroprice": (
        lambda answer: read_basket(answer, currency="USD"),
        {"results", "results.basketitems.itemkey"},
    ),
    "basketremove-response": (
        lambda answer: read_changed_basket(answer, currency="USD"),
        {"results"},
    ),
    "book-response-booked-nopayment": (booking, {"results"}),
    "book-response-failed-fraud": (booking, {"results"}),
    "cruisecabingradebreakdown-response": (
        lambda answer: read_breakdown(answer, currency="USD"),
        {"results", "results.prices", "results.prices.price"},
    ),
    "cruisecabingrades-response": (
        lambda answer: read_quote(answer, currency="USD"),
        {"results", "results.cabincode"},
    ),
    "cruisecabins-response-guar": (read_cabins, {"results", "results.resultno"}),
    "cruisecabins-response-specific": (read_cabins, {"results"}),
    "cruiseimportbooking-response": (imported, {"results"}),
    "cruiseresults-response": (
        lambda answer: read_search(answer, cruise_id="1824281"),
        {"results", "results.line", "results.line.id", "meta", "meta.criteria"}
        | {"meta.criteria.sessionkey"},
    ),
}
RESPELLINGS = {
    "strings": trees.as_strings,
    "thousands": trees.with_thousands,
    "numbers": trees.as_numbers,
    "Y/N": trees.flags_as("Y", "N"),
    "1/0": trees.flags_as(1, 0),
    "'1'/'0'": trees.flags_as("1", "0"),
    "true/false": trees.flags_as(True, False),
    "'true'/'false'": trees.flags_as("true", "false"),
}


def read(name: str, body: Any) -> Any:
    return READERS[name][0](envelope(body))


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("respelling", RESPELLINGS)
def test_another_spelling_reads_the_same(name: str, respelling: str, samples: Samples) -> None:
    body = samples(name)["body"]
    respelled = trees.exact(trees.each_leaf(body, RESPELLINGS[respelling]))
    assert read(name, respelled) == read(name, trees.exact(body))


@pytest.mark.parametrize("name", READERS)
def test_a_missing_key_is_borne_unless_the_answer_means_nothing_without(
    name: str, samples: Samples
) -> None:
    """Drop each key in turn: only the listed ones make the answer unreadable."""
    body, needed = trees.exact(samples(name)["body"]), set()
    for path in trees.key_paths(body):
        try:
            read(name, trees.without(body, path))
        except Unreadable:
            needed.add(trees.plain(path))
    assert needed == READERS[name][1]


def uncounted(answer: Any) -> Any:
    """Return what an answer says, without the names of what could not be read."""
    if isinstance(answer, tuple):
        return tuple(map(uncounted, answer))
    if isinstance(answer, Statement):
        return replace(answer, unread=())
    if not is_dataclass(answer) or isinstance(answer, type):
        return answer
    return replace(answer, **{f.name: uncounted(getattr(answer, f.name)) for f in fields(answer)})


@pytest.mark.slow
@pytest.mark.parametrize("absent", [None, "", {}, "ARRAY(0x7f4cf02359e8)"], ids=repr)
@pytest.mark.parametrize("name", READERS)
def test_every_way_of_being_absent_reads_like_a_missing_key(
    name: str, absent: Any, samples: Samples
) -> None:
    """Null, blank, an empty object and a leaked reference never crash, nor mean anything else.

    Only the count of what could not be read may differ.
    """
    body = trees.exact(samples(name)["body"])
    for path in trees.key_paths(body):
        if path == ("results",):
            continue
        try:
            expected = read(name, trees.without(body, path))
        except Unreadable:
            expected = Unreadable
        try:
            found = read(name, trees.with_value(body, path, absent))
            assert uncounted(found) == uncounted(expected), path
        except Unreadable:
            assert expected is Unreadable, path


def test_entities_become_characters(samples: Samples) -> None:
    body = samples("cruisecabingrades-response")["body"]
    body["results"][0]["name"] = "Captain&#39;s &amp; Owner&#39;s Suite"
    assert read("cruisecabingrades-response", body).grades[0].name == "Captain's & Owner's Suite"


def test_a_single_result_may_come_without_its_list(samples: Samples) -> None:
    """Perl turns a list of one into the one, and a list into an object keyed by numbers."""
    for name in READERS:
        body = trees.exact(samples(name)["body"])
        rows = body["results"]
        expected = read(name, body)
        assert (
            read(name, body | {"results": {str(n): row for n, row in enumerate(rows)}}) == expected
        )
        if len(rows) == 1:
            assert read(name, body | {"results": rows[0]}) == expected


def test_errors_are_read_under_each_of_their_names(samples: Samples) -> None:
    bodies = samples("error-envelope")["body"]
    codes = {name: envelope(body).errors[0].code for name, body in bodies.items()}
    assert codes == {
        "book_201_missing_contact_title": 201,
        "basketadd_137_unknown_result": 137,
        "basketadd_105_stale_resultno": 105,
        "cruisecabins_711_missing_selectedgrade": 711,
        "auth_no_requestid": None,
    }
    for key in ("text", "message", "msg", "error"):
        found = envelope({"errors": [{"code": "105", key: "result number invalid"}]})
        assert [(e.code, e.text) for e in found.errors] == [(105, "result number invalid")]
    assert envelope({"errors": "no request id"}).errors[0].text == "no request id"
    assert envelope({"errors": {"code": 5, "text": "x"}}).errors[0].code == 5
