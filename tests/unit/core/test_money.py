"""Money: exact, to the cent, and never across currencies."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_flow.model.money import CurrencyMismatch, Money
from tests.support.builders import eur, usd

AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=2)


@pytest.mark.parametrize(
    ("given_amount", "kept"), [("500", "500.00"), ("3006.5600", "3006.56"), ("0.1", "0.10")]
)
def test_an_amount_is_kept_to_the_cent(given_amount: str, kept: str) -> None:
    assert str(usd(given_amount).amount) == kept
    assert usd(given_amount) == usd(kept)
    assert hash(usd(given_amount)) == hash(usd(kept))


def test_it_reads_as_amount_and_currency() -> None:
    assert str(usd("3006.56")) == "3006.56 USD"


def test_equal_amounts_of_two_currencies_differ() -> None:
    assert usd("1") != eur("1")


@pytest.mark.parametrize(
    ("amount", "positive"), [("0.01", True), ("0", False), ("-0.01", False), ("1", True)]
)
def test_only_more_than_nothing_is_positive(amount: str, positive: bool) -> None:
    assert usd(amount).positive is positive


@given(AMOUNTS, AMOUNTS)
def test_adding_and_subtracting_are_exact(one: Decimal, other: Decimal) -> None:
    total = Money(one, "USD") + Money(other, "USD")
    assert total == Money(one + other, "USD")
    assert total - Money(other, "USD") == Money(one, "USD")


def test_two_currencies_do_not_add_up() -> None:
    with pytest.raises(CurrencyMismatch) as caught:
        usd("1") + eur("1")
    assert str(caught.value) == "USD and EUR do not add up"
    with pytest.raises(CurrencyMismatch):
        eur("1") - usd("1")
