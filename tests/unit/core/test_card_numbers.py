"""Card numbers in texts: found in every spelling, and nothing else is taken for one."""

from itertools import product
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_flow.model.card_numbers import (
    ISSUERS,
    Issuer,
    holds_card_number,
    issuer_of,
    luhn_valid,
    mask_card_numbers,
)

VISA, AMEX = "4012888888881881", "378282246310005"
CARDS = (
    *(VISA, AMEX, "5555555555554444", "2223003122003222", "6011111111111117", "30569309025904"),
    *("3530111333300000", "6200000000000005", "6759649826438453", "4222222222222"),
)
SEPARATORS = (
    *("", " ", "  ", "-", ".", "\u00a0", "/", "_", ", ", "\u2013", "\n", "\t", "\u200b", " - "),
    *("\u2014", ";", "|", "*", "\u202f", "\r\n", "(", "\ufeff", "#"),
)


def grouped(number: str, separator: str, size: int = 4) -> str:
    return separator.join(number[start : start + size] for start in range(0, len(number), size))


def numbers_of(issuer: Issuer, length: int) -> list[str]:
    """Return a number of this length for each of the issuer's prefixes."""
    stems = (str(span.start).ljust(length - 1, "0") for span in issuer.prefixes)
    fitting = (stem + str(check) for stem in stems for check in range(10))
    return [number for number in fitting if luhn_valid(number)]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_card_number_is_found_however_it_is_spaced(separator: str) -> None:
    for number, size in product(CARDS, (1, 2, 4, 5)):
        spelt = grouped(number, separator, size)
        for text in (spelt, f"my card {spelt} 12/30 123", f"card:{spelt}exp", f"7, {spelt}"):
            assert holds_card_number(text), text
        assert mask_card_numbers(f"a {spelt} b", "#") == "a # b"


@pytest.mark.parametrize("issuer", ISSUERS, ids=lambda issuer: issuer.name)
def test_every_length_of_every_issuer_is_found(issuer: Issuer) -> None:
    for length in issuer.lengths:
        found = numbers_of(issuer, length)
        assert len(found) == len(issuer.prefixes)
        for number in found:
            assert issuer_of(number) is issuer
            assert holds_card_number(number)
            assert mask_card_numbers(number, "#") == "#"


@pytest.mark.parametrize("issuer", ISSUERS, ids=lambda issuer: issuer.name)
def test_a_length_that_a_brand_does_not_have_is_no_card(issuer: Issuer) -> None:
    shorter = set(range(8, 13)) - issuer.lengths
    assert not any(holds_card_number(n) for size in shorter for n in numbers_of(issuer, size))


@pytest.mark.parametrize("zero", [0xFF10, 0x0660, 0x0966, 0x2080], ids=hex)
def test_digits_of_other_scripts_are_digits(zero: int) -> None:
    """Full width, Arabic, Devanagari and subscript."""
    assert holds_card_number("".join(chr(zero + int(digit)) for digit in VISA))


@pytest.mark.parametrize("text", [f"1{VISA}", f"{VISA}1", f"{VISA}1230", f"000{VISA}"])
def test_a_number_to_which_something_was_stuck_is_found(text: str) -> None:
    assert holds_card_number(text)


HARMLESS = (
    "000000000000",
    "0000000000000000",
    "1060793622",
    "212_0.1064581274",
    "212:KGO:6_0",
    "F9WZ03",
    "BF-7K3Q9X2M",
    "2190294",
    "2024-01-25 13:40:53",
    "+1 305 555 7328",
    "(305) 555-7328",
    "+44 20 7946 0958, +44 (0)20 7946 0000",
    "+49 30 901820, +49 89 2180-0",
    "+86 10 6552 9988",
    "+61 2 9374 4000 / +61 3 8888 5555",
    "+33 1 42 68 53 00",
    "+39 06 6982, +39 02 7740 4343",
    "+7 495 123-45-67",
    "+81 3-3580-3311",
    "+52 55 5093 3300",
    "+55 11 91234-5678",
    "9223372036854775807",
    "call +49 160 12345677, or at work (+49) 30 901820",
    "called 13055557328 at 14:05, again at 15:30, cabin 8512, deck 8",
    "USD 3006.56 by transfer 20261129-0001",
    "4111 1111 1111 1112",
    "4012 8888 card 8888 1881",
    "4 0128888888818812",
    "",
)


def test_a_telephone_after_a_plus_is_none_and_a_card_after_one_is() -> None:
    """The old length of Visa is that of German mobile telephones."""
    assert holds_card_number("49 160 12345677")
    assert not holds_card_number("+49 160 12345677")
    assert not holds_card_number("7, +49 160 12345677")
    assert holds_card_number(f"+{VISA}")
    assert holds_card_number(f"+{AMEX}")


@pytest.mark.parametrize("text", HARMLESS)
def test_telephones_references_and_booking_ids_are_no_cards(text: str) -> None:
    assert not holds_card_number(text)


@pytest.mark.slow
@given(st.text(), st.sampled_from(CARDS), st.sampled_from(SEPARATORS), st.text())
def test_no_card_number_survives_masking(
    before: str, number: str, separator: str, after: str
) -> None:
    spelt = grouped(number, separator)
    assert spelt not in mask_card_numbers(f"{before}{spelt}{after}", "#")


@given(st.text())
def test_masking_leaves_other_words_alone(text: str) -> None:
    letters = "".join(character for character in text if not character.isnumeric())
    assert mask_card_numbers(letters, "#") == letters


def test_two_numbers_that_overlap_are_masked_once() -> None:
    assert mask_card_numbers(f"a {VISA} or {AMEX} b", "#") == "a # or # b"
    assert mask_card_numbers(f"{VISA}{VISA}", "#") == "#"


def test_long_texts_are_searched_quickly() -> None:
    """A hundred thousand digits took three seconds."""
    begun = process_time()
    assert not holds_card_number("9" * 100_000)
    assert process_time() - begun < 2.5
