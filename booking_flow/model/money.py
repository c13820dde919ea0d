"""Money: an exact amount together with its currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

CENT: Final = Decimal("0.01")


class CurrencyMismatch(ValueError):  # noqa: N818 - named for what happened, not for its kind
    """Two amounts of different currencies were added or compared."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in major units, kept to the cent, in an ISO 4217 `currency`."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        """Round the amount to the cent so that equal amounts compare equal."""
        object.__setattr__(self, "amount", self.amount.quantize(CENT))

    def __add__(self, other: Money) -> Money:
        """Add two amounts of one currency."""
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        """Subtract an amount of the same currency."""
        return Money(self.amount - self._same(other).amount, self.currency)

    def __str__(self) -> str:
        """Render as `3006.56 USD`."""
        return f"{self.amount} {self.currency}"

    @property
    def positive(self) -> bool:
        """Whether there is any money here."""
        return self.amount > 0

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not add up")
        return other
