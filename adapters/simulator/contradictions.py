"""Answers that contradict what was asked, or themselves: what the call did stays as it was."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from adapters.simulator.wire import Json

Bend = Callable[[Json], Json]
_DAYS_OFF = timedelta(days=3)
_ENDLESS = "2099-12-31 23:59:59"


def contradicted(body: Json, fault: str) -> Json:
    """Return an answer as the fault has it; other faults leave it alone."""
    bend = BENDS.get(fault)
    return bend(body) if bend else body


def _members(change: Callable[[Any], Any], *names: str) -> Bend:
    """Change these members, wherever in the results they stand."""

    def bend(body: Json) -> Json:
        return body | {"results": _changed(body["results"], change, frozenset(names))}

    return bend


def _echoed(change: Callable[[Any], Any], name: str) -> Bend:
    """Change a member in the echo of what was asked."""

    def bend(body: Json) -> Json:
        meta = body["meta"]
        echo = _changed(meta["criteria"], change, frozenset({name}))
        return body | {"meta": meta | {"criteria": echo}}

    return bend


def _changed(value: Any, change: Callable[[Any], Any], names: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_changed(item, change, names) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: change(item) if key in names else _changed(item, change, names)
        for key, item in value.items()
    }


def _cruises(**changes: Any) -> Bend:
    """Change members of the sailing that a row of an answer is about."""
    return _within(("cruisedetail", "cruiseitem"), lambda cruise: cruise | changes)


def _transactions(**changes: Any) -> Bend:
    return _within(("transactions",), lambda row: row | changes)


def _within(names: tuple[str, ...], change: Callable[[Json], Json]) -> Bend:
    """Change the objects that stand under these names."""

    def each(value: Any) -> Any:
        return [change(row) for row in value] if isinstance(value, list) else change(value)

    return _members(each, *names)


def _all(*bends: Bend) -> Bend:
    def bend(body: Json) -> Json:
        for each in bends:
            body = each(body)
        return body

    return bend


def _later(value: Any) -> Any:
    """Move a date, or a date and time, some days on."""
    text = str(value)
    return (date.fromisoformat(text[:10]) + _DAYS_OFF).isoformat() + text[10:] if text else value


def _one_more(value: Any) -> Any:
    return type(value)(int(value) + 1)


def _other_ship(ship: Any) -> Any:
    return ship | {"id": ship["id"] + 1, "name": "Another of the Seas"}


def _without_one(people: Any) -> Any:
    return people[:-1]


def _with_commission(result: Json) -> Json:
    """Let the money received include a commission of a hundred."""
    item = result["cruiseitem"]
    paid = item["paymentinfo"]
    paid = paid | {"receivedtotal": paid["receivedtotal"] + 100}
    return result | {"commission": {"amount": 100}, "cruiseitem": item | {"paymentinfo": paid}}


def _without_taxes(result: Json) -> Json:
    """Let the price leave a part out that the price items have."""
    item = result["cruiseitem"]
    rows = [{"category": "fare", "itemprice": item["price"] / 2, "quantity": 2}]
    return result | {"cruiseitem": item | {"breakdown": rows, "price": item["price"] - 50}}


def _second_shape(result: Json) -> Json:
    """Spell a booking that was read as book.pl spells one that was made."""
    item = result["cruiseitem"]
    details = {
        "bookingitems": [{"type": "cruise", "cruisedetail": item}],
        "passengers": result["passengers"],
        "status": item["status"],
        "totalprice": item["price"],
    }
    return {"bookingdate": result["bookingdate"], "bookingdetails": details}


def _results(change: Callable[[Json], Json]) -> Bend:
    return lambda body: body | {"results": [change(row) for row in body["results"]]}


def _nested(body: Json) -> Json:
    return body | {"results": [body["results"]]}


BENDS: Mapping[str, Bend] = {
    "nested_results": _nested,
    "item_cancelled": _cruises(status="Cancelled"),
    "item_on_request": _cruises(status="OnRequest"),
    "item_waitlisted": _cruises(status="Waitlisted"),
    "item_pending": _cruises(status="Pending"),
    "authcode_zeros": _transactions(authcode="000000"),
    "authcode_declined": _transactions(authcode="DECLINED"),
    "red_with_authcode": _transactions(fraudcategory="Red"),
    "charged_in_other_currency": _transactions(currency="SEK"),
    "total_missing": _all(
        _members(lambda _: "", "totalprice", "grosstotal"),
        _within(("bookingitems",), lambda item: item | {"price": ""}),
    ),
    "deposit_too_large": _members(lambda _: 999_999, "totaldeposit"),
    "hold_endless": _members(lambda _: _ENDLESS, "releasetime"),
    "commission_received": _results(_with_commission),
    "price_without_taxes": _results(_without_taxes),
    "second_shape": _results(_second_shape),
    "other_sailing": _all(
        _members(_one_more, "codetocruiseid"), _echoed(_one_more, "codetocruiseid")
    ),
    "other_date": _members(_later, "saildate", "startdate"),
    "unreadable_date": _members(lambda _: "soon", "saildate"),
    "other_ship": _members(_other_ship, "ship"),
    "other_nights": _members(_one_more, "nights", "sailnights"),
    "other_grade": _members(lambda code: f"{code}X", "cabingrade", "cabincode"),
    "other_cabin": _members(lambda _: "1", "cabinno", "number"),
    "fewer_guests": _all(
        _members(lambda number: number - 1, "adults"), _members(_without_one, "passengers")
    ),
}
"""What each fault makes of an answer."""
