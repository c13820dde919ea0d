"""Every value that is stored as JSON is read back equal."""

from dataclasses import fields, is_dataclass
from datetime import UTC
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking_flow.errors import Refusal
from booking_flow.model.basket import Basket
from booking_flow.model.money import Money
from booking_flow.model.party import Details, Party
from booking_flow.model.pricing import Penalty, Quote, Selection
from booking_flow.model.sailing import Sailing
from persistence.codec import decode, encode

CENTS = st.decimals(min_value=-(10**9), max_value=10**9, places=2)
MONEY = st.builds(Money, CENTS, st.sampled_from(["USD", "EUR", "GBP"]))
MOMENTS = st.datetimes(timezones=st.just(UTC))
PRICES = st.one_of(st.none(), CENTS)

PENALTIES = st.builds(
    Penalty, percent=st.one_of(st.none(), st.decimals(min_value=0, max_value=100, places=2))
)

st.register_type_strategy(Money, MONEY)
st.register_type_strategy(Penalty, PENALTIES)


def values(kind: type) -> st.SearchStrategy[object]:
    """Build any value of a core type; what its hints leave too open is narrowed here."""
    assert is_dataclass(kind)
    narrow = {"as_of": MOMENTS, "hold_until": MOMENTS, "from_price": PRICES}
    return st.builds(kind, **{f.name: narrow[f.name] for f in fields(kind) if f.name in narrow})


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Sailing, Party, Quote, Selection, Basket, Details, Refusal])
@settings(max_examples=40)
@given(data=st.data())
def test_stored_values_round_trip(kind: type, data: st.DataObject) -> None:
    value = data.draw(values(kind))
    assert decode(encode(value), kind) == value


def test_money_is_a_string_in_json() -> None:
    assert encode(Money(Decimal("3006.5"), "USD")) == '{"amount":"3006.50","currency":"USD"}'


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        encode({"card": object()})
