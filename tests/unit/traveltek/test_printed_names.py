"""The line prints A to Z: every name goes to it by one rule."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.traveltek import requests_booking
from adapters.traveltek.printed_names import printed_name
from booking_flow.model.names import clean, fold
from tests.support import traveltek as kit


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("O\u2019Brien", "O'Brien"),
        ("Müller", "Muller"),
        ("Núñez y Gómez", "Nunez y Gomez"),
        ("Smith-Jones", "Smith-Jones"),
        ("Đặng", "Dang"),
        ("Sørensen", "Sorensen"),
        ("Þórsdóttir", "Thorsdottir"),
        ("Иванов", "Ivanov"),
        ("王", "Wang"),
        ("St. John", "St. John"),
        ("Ada <b>", "Ada b"),
        ("X Æ A-12", "X Ae A-"),
        ("\U0001f6a2", ""),
        ("12", ""),
    ],
)
def test_names_as_the_line_prints_them(name: str, printed: str) -> None:
    assert printed_name(name) == printed


@given(st.text())
def test_only_letters_that_the_line_prints_go_out(text: str) -> None:
    printed = printed_name(text)
    assert printed.isascii()
    assert clean(printed) == printed
    assert printed_name(printed) == printed


LATIN = st.characters(min_codepoint=0xC0, max_codepoint=0x17F, categories=["L"])


@given(st.text(LATIN | st.sampled_from("aeimnorst"), min_size=1))
def test_a_latin_name_is_the_same_name_when_it_is_printed(name: str) -> None:
    """So the line's record of it is not taken for another person's."""
    odd = set("\u0149\u0138\u014a\u014b")
    assert fold(printed_name(name)) == fold(name) or odd & set(name)


def test_what_was_noted_when_it_was_typed_goes_out() -> None:
    order = kit.order(None)
    lead = replace(
        order.details.passengers[0],
        first_name="小明",
        last_name="王",
        printed_first_name="Xiaoming",
        printed_last_name="Wang",
    )
    unnoted = replace(order.details.passengers[1], last_name="Müller")
    details = replace(order.details, passengers=(lead, unnoted))
    sent = requests_booking.booking(replace(order, details=details), settings=kit.settings())
    travellers = sent["passengers"]
    assert isinstance(travellers, dict)
    names = [(each["firstname"], each["lastname"]) for each in travellers.values()]
    assert names[0] == ("Xiaoming", "Wang")
    assert names[1][1] == "Muller"
