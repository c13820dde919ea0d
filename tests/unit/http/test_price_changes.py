"""What is told of a price list that a guest asks for again."""

from __future__ import annotations

from typing import Any

from booking_http.shop.price_changes import changes_of

THEN, SOON, LATER = "2027-01-02T14:20:00Z", "2027-01-02T14:25:00Z", "2027-01-02T14:31:00Z"


def priced(at: str = THEN, **totals: str) -> dict[str, Any]:
    """Return a priced session whose rates are of one grade."""
    rates = [{"rateCode": code, "name": code, "total": total} for code, total in totals.items()]
    grade = {"cabinCode": "4V", "name": "Balcony", "rates": rates}
    return {"asOf": at, "serverTime": at, "cabins": [grade] if rates else []}


def test_a_new_total_a_rate_that_went_and_one_that_came_are_told() -> None:
    before = priced(BAR="100.00", NRD="90.00", OLD="80.00")
    found = changes_of(before, priced(SOON, BAR="100.0", NRD="95.00", NEW="70.00"))
    assert found is not None
    told = [(each.rate, each.before, each.total) for each in found.changed]
    assert told == [("NRD", "90.00", "95.00"), ("OLD", "80.00", None)]
    assert (found.since, found.more) == (THEN, 1)


def test_nothing_is_told_of_a_list_that_is_the_same_and_young() -> None:
    assert changes_of(priced(BAR="100.00"), priced(SOON, BAR="100.00")) is None


def test_that_nothing_changed_is_told_of_a_list_that_was_old() -> None:
    found = changes_of(priced(BAR="100.00"), priced(LATER, BAR="100.00"))
    assert found is not None
    assert (list(found.changed), found.more) == ([], 0)


def test_nothing_is_told_of_the_first_list() -> None:
    assert changes_of(priced() | {"asOf": None}, priced(SOON, BAR="100.00")) is None


def test_a_grade_that_is_not_sold_any_more_is_told_as_one() -> None:
    found = changes_of(priced(BAR="100.00", NRD="90.00"), priced(SOON))
    assert found is not None
    assert [(each.grade, each.rate, each.total) for each in found.changed] == [
        ("Balcony", None, None)
    ]
