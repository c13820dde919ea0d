"""Quotes, cabins and baskets: what is found in them, and what they say of themselves."""

import pytest

from booking_flow.model.basket import BasketAnswer
from booking_flow.model.pricing import CabinList
from tests.support.builders import (
    NOTHING_HELD,
    a_basket,
    a_basket_answer,
    a_cabin,
    a_grade,
    a_quote,
    a_rate,
    a_selection,
    an_item,
    usd,
)

BEST, FLEX = a_rate(), a_rate(rate_code="FLEX", result_no="r3", total=usd("2999"))
SUITE = a_grade(a_rate(result_no="r4", total=usd("9000")), cabin_code="GS")
VIEW = a_grade(BEST, FLEX)
QUOTE = a_quote(VIEW, SUITE)


def test_the_cheapest_rate_of_a_grade_has_the_lowest_total() -> None:
    assert VIEW.cheapest is FLEX
    assert a_grade(FLEX, BEST).cheapest is FLEX


@pytest.mark.parametrize(
    ("cabin_code", "rate_code", "found"),
    [
        ("2N", "BEST", (VIEW, BEST)),
        ("2N", "FLEX", (VIEW, FLEX)),
        ("GS", "BEST", (SUITE, SUITE.rates[0])),
        ("GS", "FLEX", None),
        ("ZZ", "BEST", None),
    ],
)
def test_an_offer_is_found_by_cabin_code_and_rate(
    cabin_code: str, rate_code: str, found: object
) -> None:
    offer = QUOTE.offer(cabin_code=cabin_code, rate_code=rate_code)
    assert (offer and (offer.grade, offer.rate)) == found


@pytest.mark.parametrize(
    ("result_no", "grade_no", "rate_code", "found"),
    [
        ("r2", "201:BEST:1", "BEST", (VIEW, BEST)),
        ("r3", "201:BEST:1", "FLEX", (VIEW, FLEX)),
        ("r4", "201:BEST:1", "BEST", (SUITE, SUITE.rates[0])),
        ("r9", "201:BEST:1", "BEST", None),
        ("r2", "999:BEST:1", "BEST", None),
        ("r2", "201:BEST:1", "FLEX", None),
    ],
)
def test_an_offer_is_shown_only_under_all_three_of_its_identifiers(
    result_no: str, grade_no: str, rate_code: str, found: object
) -> None:
    offer = QUOTE.shown(result_no=result_no, grade_no=grade_no, rate_code=rate_code)
    assert (offer and (offer.grade, offer.rate)) == found


@pytest.mark.parametrize(
    ("smallest", "largest", "fitting"),
    [
        (None, None, {1, 2, 3, 4, 5}),
        (2, None, {2, 3, 4, 5}),
        (None, 3, {1, 2, 3}),
        (2, 4, {2, 3, 4}),
        (3, 3, {3}),
    ],
)
def test_a_cabin_takes_as_many_guests_as_its_bounds_allow(
    smallest: int | None, largest: int | None, fitting: set[int]
) -> None:
    cabin = a_cabin(min_guests=smallest, max_guests=largest)
    assert {guests for guests in range(1, 6) if cabin.fits(guests)} == fitting


def test_nobody_fits_no_cabin() -> None:
    assert not a_cabin().fits(0)


def test_a_cabin_is_found_by_its_number_only() -> None:
    first, second = a_cabin("8001"), a_cabin("8003")
    cabins = CabinList(cabins=(first, second))
    assert cabins.numbered("8003") is second
    assert cabins.numbered("row-8003") is None
    assert cabins.numbered("GUAR") is None


@pytest.mark.parametrize(("number", "guaranteed"), [("GUAR", True), ("8001", False)])
def test_a_guarantee_is_a_cabin_the_line_assigns_later(number: str, guaranteed: bool) -> None:
    assert a_cabin(number).guaranteed is guaranteed
    assert a_selection(cabin_number=number).guaranteed is guaranteed


def test_an_item_is_found_by_its_key() -> None:
    first, second = an_item(), an_item(item_key="700002")
    answer = a_basket_answer(first, second)
    assert answer.item("700001") is first
    assert answer.item("700002") is second
    assert answer.item("700003") is None


@pytest.mark.parametrize(
    ("answer", "priced"),
    [
        (a_basket_answer(), True),
        (a_basket_answer(total=usd("0")), False),
        (a_basket_answer(an_item(payable_online=False)), False),
        (a_basket_answer(an_item(price=usd("0"))), False),
        (a_basket_answer(an_item(), an_item(price=usd("0"))), False),
        (NOTHING_HELD, False),
    ],
)
def test_a_basket_is_priced_when_all_of_it_can_be_paid(answer: BasketAnswer, priced: bool) -> None:
    assert answer.priced is priced


@pytest.mark.parametrize(
    ("deposit", "possible"),
    [("500", True), ("3006.55", True), ("3006.56", False), ("4000", False), ("0", False)],
)
def test_a_deposit_is_possible_when_it_is_less_than_the_total(deposit: str, possible: bool) -> None:
    assert a_basket(deposit=usd(deposit)).deposit_possible is possible
