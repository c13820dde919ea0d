"""Cards: what is a card number, and that it is never shown."""

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import asdict
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_flow.errors import RefusalCode
from booking_flow.model.card import (
    Card,
    CardBrand,
    CardMask,
    Charge,
    PaymentType,
    check_card,
)
from booking_flow.model.card_numbers import luhn_valid
from booking_flow.model.party import Details
from booking_flow.supplier import BookOrder
from tests.support.builders import (
    VISA,
    a_card,
    a_payment,
    a_request,
    a_sailing,
    plain,
    usd,
    with_faults,
)

TODAY = date(2026, 11, 22)
NUMBER = ("/payment/cardNumber", "is not a card number")
CVV = ("/payment/cvv", "has 3 digits, or 4 for American Express")
MONTH = ("/payment/expiryMonth", "is not a month")
EXPIRED = ("/payment/expiryYear", "the card has expired")
V, M, A, DISC, DIN = (
    CardBrand.VISA,
    CardBrand.MASTERCARD,
    CardBrand.AMEX,
    CardBrand.DISCOVER,
    CardBrand.DINERS,
)


def with_check_digit(stem: str, length: int) -> str:
    """Return a number of `length` digits that begins with `stem` and whose check digit fits."""
    body = stem.ljust(length - 1, "0")
    return next(body + str(digit) for digit in range(10) if luhn_valid(body + str(digit)))


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111",
        "5555555555554444",
        "378282246310005",
        "371449635398431",
        "6011111111111117",
        "30569309025904",
        "79927398713",
        "18",
        "0",
    ],
)
def test_numbers_whose_check_digit_fits(number: str) -> None:
    """Published examples, of even and odd length."""
    assert luhn_valid(number)


@given(st.text("0123456789", min_size=2, max_size=19), st.data())
def test_one_digit_mistyped_never_fits(stem: str, data: st.DataObject) -> None:
    number = with_check_digit(stem, len(stem) + 1)
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != number[place]]))
    assert not luhn_valid(number[:place] + other + number[place + 1 :])


@pytest.mark.parametrize(
    ("stem", "brand"),
    [
        ("33", None),
        ("34", A),
        ("35", None),
        ("36", DIN),
        ("37", A),
        ("38", DIN),
        ("39", DIN),
        ("4", V),
        ("50", None),
        ("51", M),
        ("55", M),
        ("56", None),
        ("2220", None),
        ("2221", M),
        ("2720", M),
        ("2721", None),
        ("6010", None),
        ("6011", DISC),
        ("6012", None),
        ("643", None),
        ("644", DISC),
        ("649", DISC),
        ("65", DISC),
        ("66", None),
        ("300", DIN),
        ("305", DIN),
        ("306", None),
        ("299", None),
        ("1", None),
    ],
)
def test_the_brand_follows_from_the_first_digits(stem: str, brand: CardBrand | None) -> None:
    assert a_card(stem.ljust(16, "0")).brand is brand


@pytest.mark.parametrize("number", ["", "x411", "²4", "-4"])
def test_what_is_no_number_has_no_brand(number: str) -> None:
    assert a_card(number).brand is None


LENGTHS = {V: {13, 16, 19}, M: {16}, A: {15}, DISC: {16, 19}, DIN: {14, 16, 19}}
STEMS = {V: "4", M: "51", A: "34", DISC: "6011", DIN: "36"}


@pytest.mark.parametrize("length", range(12, 21))
@pytest.mark.parametrize("brand", CardBrand)
def test_each_brand_has_numbers_of_its_own_lengths(brand: CardBrand, length: int) -> None:
    card = a_card(with_check_digit(STEMS[brand], length), cvv="1234" if brand is A else "123")
    expected = None if length in LENGTHS[brand] else with_faults(RefusalCode.CARD_INVALID, NUMBER)
    assert plain(check_card(card, today=TODAY)) == plain(expected)


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111112",
        "4111 1111 1111 1111",
        "9111111111111111",
        "",
        "٤111111111111111",
        "411111111111111x",
    ],
)
def test_what_no_bank_would_know_is_refused(number: str) -> None:
    """A wrong check digit, blanks, an unknown range, nothing, other scripts' digits."""
    found = check_card(a_card(number), today=TODAY)
    assert plain(found) == plain(with_faults(RefusalCode.CARD_INVALID, NUMBER))


@pytest.mark.parametrize(
    ("brand", "number"),
    [
        ("JCB", "3530111333300000"),
        ("UnionPay", "6200000000000005"),
        ("Maestro", "6759649826438453"),
    ],
)
def test_a_card_of_a_brand_that_is_not_taken_is_told_as_such(brand: str, number: str) -> None:
    found = check_card(a_card(number), today=TODAY)
    fault = ("/payment/cardNumber", f"{brand} cards are not taken")
    assert plain(found) == plain(with_faults(RefusalCode.CARD_INVALID, fault))


@pytest.mark.parametrize(
    ("number", "cvv", "fits"),
    [
        (VISA, "123", True),
        (VISA, "1234", False),
        (VISA, "12", False),
        (VISA, "12x", False),
        (VISA, "١٢٣", False),
        (VISA, "", False),
        ("378282246310005", "1234", True),
        ("378282246310005", "123", False),
    ],
)
def test_american_express_has_a_longer_security_code(number: str, cvv: str, fits: bool) -> None:
    found = check_card(a_card(number, cvv=cvv), today=TODAY)
    assert plain(found) == plain(None if fits else with_faults(RefusalCode.CARD_INVALID, CVV))


@pytest.mark.parametrize(
    ("month", "year", "faults"),
    [
        (11, 2026, []),
        (10, 2026, [EXPIRED]),
        (12, 2025, [EXPIRED]),
        (1, 2027, []),
        (12, 2026, []),
        (1, 2030, []),
        (0, 2030, [MONTH]),
        (13, 2030, [MONTH]),
        (0, 2026, [MONTH, EXPIRED]),
    ],
)
def test_a_card_is_good_until_the_end_of_its_month(
    month: int, year: int, faults: list[tuple[str, str]]
) -> None:
    card = a_card(expiry_month=month, expiry_year=year)
    expected = with_faults(RefusalCode.CARD_INVALID, *faults) if faults else None
    assert plain(check_card(card, today=TODAY)) == plain(expected)


def test_all_that_is_wrong_with_a_card_is_told_at_once() -> None:
    card = a_card("1", cvv="", expiry_month=13, expiry_year=2020)
    expected = with_faults(RefusalCode.CARD_INVALID, NUMBER, CVV, MONTH, EXPIRED)
    assert plain(check_card(card, today=TODAY)) == plain(expected)


def test_what_goes_on_the_wire_is_what_was_typed() -> None:
    card = Card(number=VISA, cvv="987", expiry_month=12, expiry_year=2030, holder="W Quillfeather")
    assert (card.reveal_number(), card.reveal_cvv()) == (VISA, "987")
    assert (card.expiry_month, card.expiry_year, card.holder) == (12, 2030, "W Quillfeather")


def test_brand_and_last_four_may_be_kept() -> None:
    assert a_card().mask == CardMask(brand=V, last4="1111")
    assert a_card("5555555555554444").mask == CardMask(brand=M, last4="4444")
    assert a_payment("500").charge == Charge(amount=usd("500"), card=a_card().mask)


def an_order() -> BookOrder:
    return BookOrder(
        session_key="sk-1",
        item_key="1",
        sailing=a_sailing(),
        details=Details(),
        dining="1",
        deposit_booking=True,
        payment=a_payment(card=a_card(cvv="987")),
        reference="BF-7K3Q9X2M",
    )


PRINTED: list[Callable[[object], str]] = [
    repr,
    str,
    "{}".format,
    "{!r}".format,
    "{!s}".format,
    "{!a}".format,
    "%s".__mod__,
    "%r".__mod__,
    lambda value: f"{[value]}",
    lambda value: f"{Exception(value)!r}",
]


@pytest.mark.parametrize(
    "holder",
    [
        a_card(cvv="987"),
        a_payment(card=a_card(cvv="987")),
        a_request(a_payment(card=a_card(cvv="987"))),
        an_order(),
    ],
    ids=lambda holder: type(holder).__name__,
)
@pytest.mark.parametrize("written", PRINTED)
def test_a_card_is_masked_wherever_it_is_printed(
    holder: object, written: Callable[[object], str]
) -> None:
    """Alone, in a payment, in a request and in the order that goes to the supplier."""
    text = written(holder)
    assert VISA not in text
    assert "411111" not in text
    assert "987" not in text
    assert "1111" in text


def test_a_printed_card_tells_its_mask() -> None:
    assert repr(a_card()) == "Card(CardMask(brand=<CardBrand.VISA: 'VIS'>, last4='1111'))"
    assert str(a_card()) == repr(a_card())


@pytest.mark.parametrize(
    "serialised",
    [
        *(lambda value, p=p: pickle.dumps(value, p) for p in range(pickle.HIGHEST_PROTOCOL + 1)),
        copy.copy,
        copy.deepcopy,
    ],
)
def test_a_card_is_never_serialised(serialised: Callable[[object], object]) -> None:
    with pytest.raises(TypeError) as caught:
        serialised(a_card())
    assert str(caught.value) == "a card is never serialised"


@pytest.mark.parametrize("serialised", [json.dumps, vars, asdict])
def test_a_card_gives_its_values_to_no_generic_reader(
    serialised: Callable[[object], object],
) -> None:
    with pytest.raises(TypeError) as caught:
        serialised(a_card())
    assert VISA not in str(caught.value)


def test_a_payment_cannot_be_taken_apart_with_its_card() -> None:
    with pytest.raises(TypeError):
        asdict(a_payment())


def test_a_guest_pays_a_deposit_or_all() -> None:
    assert [kind.value for kind in PaymentType] == ["deposit", "full_payment"]
