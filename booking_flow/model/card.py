"""Payment cards: held in memory for one call, masked wherever they could be printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NoReturn

from booking_flow.errors import Fault, Refusal, RefusalCode
from booking_flow.model import card_numbers
from booking_flow.model.card_numbers import Issuer, issuer_of, luhn_valid
from booking_flow.model.money import Money


class CardBrand(StrEnum):
    """The supplier's codes for card brands (traveltek.md, section 7)."""

    VISA = "VIS"
    MASTERCARD = "MSC"
    AMEX = "AMX"
    DISCOVER = "DIS"
    DINERS = "DIN"


_BRANDS: Final = MappingProxyType(
    {
        card_numbers.VISA: CardBrand.VISA,
        card_numbers.MASTERCARD: CardBrand.MASTERCARD,
        card_numbers.AMEX: CardBrand.AMEX,
        card_numbers.DISCOVER: CardBrand.DISCOVER,
        card_numbers.DINERS: CardBrand.DINERS,
    }
)
"""The issuers whose cards the supplier takes."""


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
        issuer = issuer_of(self._number)
        return _BRANDS.get(issuer) if issuer else None

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


def check_card(card: Card, *, today: date) -> Refusal | None:
    """Refuse a card no bank would know; the refusal never repeats what was typed."""
    faults = [
        Fault(pointer=f"/payment/{field}", detail=detail)
        for field, detail, bad in (
            ("cardNumber", *_number_fault(card)),
            ("cvv", "has 3 digits, or 4 for American Express", not _cvv_valid(card)),
            ("expiryMonth", "is not a month", not 1 <= card.expiry_month <= 12),
            ("expiryYear", "the card has expired", _expired(card, today)),
        )
        if bad
    ]
    return Refusal(code=RefusalCode.CARD_INVALID, errors=tuple(faults)) if faults else None


def _number_fault(card: Card) -> tuple[str, bool]:
    """Return what is wrong with the number, and whether it is; a card nobody takes is a card."""
    number = card.reveal_number()
    issuer = issuer_of(number)
    if issuer is None or not _well_formed(number, issuer):
        return "is not a card number", True
    return f"{issuer.name} cards are not taken", issuer not in _BRANDS


def _well_formed(number: str, issuer: Issuer) -> bool:
    digits = number.isascii() and number.isdecimal()
    return digits and len(number) in issuer.lengths and luhn_valid(number)


def _cvv_valid(card: Card) -> bool:
    cvv = card.reveal_cvv()
    length = 4 if card.brand is CardBrand.AMEX else 3
    return cvv.isascii() and cvv.isdecimal() and len(cvv) == length


def _expired(card: Card, today: date) -> bool:
    return (card.expiry_year, card.expiry_month) < (today.year, today.month)
