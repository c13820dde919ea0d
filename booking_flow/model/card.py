"""Payment cards: held in memory for one call, masked wherever they could be printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NoReturn

from booking_flow.errors import Fault, Refusal, RefusalCode
from booking_flow.model.money import Money


class CardBrand(StrEnum):
    """The supplier's codes for card brands (traveltek.md, section 7)."""

    VISA = "VIS"
    MASTERCARD = "MSC"
    AMEX = "AMX"
    DISCOVER = "DIS"
    DINERS = "DIN"


_PREFIXES: Final = (
    (CardBrand.AMEX, range(34, 35), 2),
    (CardBrand.AMEX, range(37, 38), 2),
    (CardBrand.VISA, range(4, 5), 1),
    (CardBrand.MASTERCARD, range(51, 56), 2),
    (CardBrand.MASTERCARD, range(2221, 2721), 4),
    (CardBrand.DISCOVER, range(6011, 6012), 4),
    (CardBrand.DISCOVER, range(644, 650), 3),
    (CardBrand.DISCOVER, range(65, 66), 2),
    (CardBrand.DINERS, range(300, 306), 3),
    (CardBrand.DINERS, range(36, 37), 2),
    (CardBrand.DINERS, range(38, 40), 2),
)
_LENGTHS: Final = {
    CardBrand.AMEX: (15,),
    CardBrand.VISA: (13, 16, 19),
    CardBrand.MASTERCARD: (16,),
    CardBrand.DISCOVER: (16, 19),
    CardBrand.DINERS: (14, 16, 19),
}


class Card:
    """A card for one payment.

    It has no serialisable form: `repr`, `str` and pickling show brand and last four only,
    or refuse. Read the clear values where they are put on the wire, and nowhere else.
    """

    __slots__ = ("_cvv", "_number", "expiry_month", "expiry_year", "holder")

    def __init__(
        self, *, number: str, cvv: str, expiry_month: int, expiry_year: int, holder: str
    ) -> None:
        """Take a number without blanks or dashes; `expiry_year` has four digits."""
        self._number = number
        self._cvv = cvv
        self.expiry_month = expiry_month
        self.expiry_year = expiry_year
        self.holder = holder

    def __repr__(self) -> str:
        """Show the brand and last four digits only."""
        return f"Card({self.mask})"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        raise TypeError("a card is never serialised")

    def reveal_number(self) -> str:
        """Return the full number, for the wire only."""
        return self._number

    def reveal_cvv(self) -> str:
        """Return the security code, for the wire only."""
        return self._cvv

    @property
    def brand(self) -> CardBrand | None:
        """Return the brand by the issuer's number range (ISO/IEC 7812)."""
        for brand, span, digits in _PREFIXES:
            if self._number[:digits].isdecimal() and int(self._number[:digits]) in span:
                return brand
        return None

    @property
    def mask(self) -> CardMask:
        """Return what may be stored and shown."""
        return CardMask(brand=self.brand, last4=self._number[-4:])


@dataclass(frozen=True, slots=True, kw_only=True)
class CardMask:
    """The part of a card that may be kept: brand and last four digits."""

    brand: CardBrand | None
    last4: str


class PaymentType(StrEnum):
    """What the guest pays now."""

    DEPOSIT = "deposit"
    FULL_PAYMENT = "full_payment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A card and the amount its holder consents to; the amount is checked, never trusted."""

    card: Card
    amount: Money
    payment_type: PaymentType

    @property
    def charge(self) -> Charge:
        """Return what may be kept of it."""
        return Charge(amount=self.amount, card=self.card.mask)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What was asked of a card, without the card."""

    amount: Money
    card: CardMask | None
    """None where only the journal of claims knows of it, which keeps nothing of cards."""


def luhn_valid(number: str) -> bool:
    """Whether the check digit fits (ISO/IEC 7812-1, annex B)."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def check_card(card: Card, *, today: date) -> Refusal | None:
    """Refuse a card no bank would know; the refusal never repeats what was typed."""
    faults = [
        Fault(pointer=f"/payment/{field}", detail=detail)
        for field, detail, bad in (
            ("cardNumber", "is not a card number", not _number_valid(card)),
            ("cvv", "has 3 digits, or 4 for American Express", not _cvv_valid(card)),
            ("expiryMonth", "is not a month", not 1 <= card.expiry_month <= 12),
            ("expiryYear", "the card has expired", _expired(card, today)),
        )
        if bad
    ]
    return Refusal(code=RefusalCode.CARD_INVALID, errors=tuple(faults)) if faults else None


def _number_valid(card: Card) -> bool:
    number, brand = card.reveal_number(), card.brand
    if brand is None or not (number.isascii() and number.isdecimal()):
        return False
    return len(number) in _LENGTHS[brand] and luhn_valid(number)


def _cvv_valid(card: Card) -> bool:
    cvv = card.reveal_cvv()
    length = 4 if card.brand is CardBrand.AMEX else 3
    return cvv.isascii() and cvv.isdecimal() and len(cvv) == length


def _expired(card: Card, today: date) -> bool:
    return (card.expiry_year, card.expiry_month) < (today.year, today.month)
