"""What comes through the gate can be kept, shown and read, whatever was sent."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.traveltek.decode import (
    DEEPEST,
    LONGEST_NUMBER,
    NotJson,
    decode,
    printable,
    without_depths,
)
from adapters.traveltek.redact import MAX_DEPTH, MAX_TEXT, response_evidence, safe_text

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(categories=["L", "N", "P"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
    max_leaves=20,
)


@pytest.mark.slow
@given(plain, st.booleans())
def test_a_plain_answer_is_read_as_it_is(content: Any, escaped: bool) -> None:
    assert decode(json.dumps(content, ensure_ascii=escaped).encode()) == content


@pytest.mark.slow
@settings(max_examples=200)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_make_decoding_crash(body: bytes) -> None:
    try:
        json.dumps(decode(body), default=str)
    except NotJson:
        return


def test_latin_1_and_a_byte_order_mark_are_borne() -> None:
    assert decode('{"a":"é"}'.encode("latin-1")) == {"a": "é"}
    assert decode(b'\xef\xbb\xbf{"a":1.10}') == {"a": Decimal("1.10")}


@pytest.mark.slow
@given(st.text(st.characters(categories=["Cs", "Cc", "Cn", "L"]), min_size=1), st.booleans())
def test_no_text_holds_what_a_database_refuses(words: str, escaped: bool) -> None:
    """Neither NUL nor half an emoji, as a value or as a key, raw or escaped."""
    body = json.dumps([{words: [words]}], ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    try:
        kept = str(decode(body))
    except UnicodeError:
        pytest.fail("a body is decoded as something")
    kept.encode("utf-8")
    assert "\x00" not in kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a\x00b\x1bc\x7f", "abc"),
        ("half \ud83d an emoji", "half  an emoji"),
        ("whole \U0001f600", "whole \U0001f600"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\ufdd0\uffff", ""),
        ("Größe 王 Иванов", "Größe 王 Иванов"),
    ],
)
def test_what_cannot_be_shown_is_dropped_and_nothing_else(sent: str, kept: str) -> None:
    assert printable(sent) == kept
    assert decode(json.dumps({"a": {"b": [sent]}}).encode()) == {"a": {"b": [kept]}}


def test_a_control_character_in_a_text_does_not_make_an_answer_unreadable() -> None:
    """Strict JSON forbids it unescaped; a booking may hang on the rest."""
    assert decode(b'{"name": "Ocean\x00 View\x01", "bookingid": 5}') == {
        "name": "Ocean View",
        "bookingid": 5,
    }


@pytest.mark.parametrize("depth", [DEEPEST + 1, 400, 900, 2_000, 50_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_what_lies_too_deep_is_left_out_of_a_good_answer(
    depth: int, opening: str, closing: str
) -> None:
    deep = opening * depth + "1" + closing * depth
    body = json.dumps({"bookingid": 5, "deep": "DEEP", "status": "a ] in a text \\"})
    found: Any = decode(body.replace('"DEEP"', deep).encode())
    assert (found["bookingid"], found["status"]) == (5, "a ] in a text \\")
    response_evidence({"results": found["deep"]})


def test_depth_is_cut_where_it_is_said_to_be() -> None:
    level = "[" * (DEEPEST + 2) + "]" * (DEEPEST + 2)
    assert without_depths(level) == "[" * DEEPEST + "null" + "]" * DEEPEST


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 50_000, b'[[[["' * 500, b"]" * 9])
def test_depth_without_an_end_is_no_json(body: bytes) -> None:
    with pytest.raises(NotJson):
        decode(body)


@pytest.mark.parametrize("digits", ["9" * 100_000, "0." + "3" * 100_000, "-1" + "0" * 5_000])
def test_a_number_of_any_length_is_read_quickly_and_cut_off(digits: str) -> None:
    found: Any = decode(f'{{"long": {digits}, "bookingid": 5}}'.encode())
    assert found == {"long": digits[:LONGEST_NUMBER], "bookingid": 5}


def test_what_is_no_number_is_nothing() -> None:
    assert decode(b"[NaN, Infinity, -Infinity]") == [None, None, None]


def test_evidence_is_bounded_in_depth_and_length() -> None:
    """Looking for card numbers in 100,000 digits took three seconds of the event loop."""
    deep: Any = "4111111111111111"
    for _ in range(MAX_DEPTH * 3):
        deep = {"results": [deep]}
    assert "4111" not in json.dumps(response_evidence(deep))
    assert len(safe_text("1" * 1_000_000)) <= MAX_TEXT
    assert len(str(response_evidence({"text": "1" * 1_000_000})["text"])) <= MAX_TEXT
