"""Live prices: the quote a guest was shown, the cabins behind it, and the choice made from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from booking_flow.model.agreement import Statement
from booking_flow.model.money import Money

GUARANTEE = "GUAR"
"""The cabin number of a guarantee: the line assigns the cabin later (traveltek.md, section 5)."""


class CabinCategory(StrEnum):
    """The four kinds of cabin the trade knows."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    BALCONY = "balcony"
    SUITE = "suite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """What a cancellation costs from a day on: a share of the price in percent, or an amount."""

    starts_on: date
    percent: Decimal | None = None
    amount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTerms:
    """What the supplier tells of a rate before it is held; nothing of it is worked out by us.

    Nobody knows what real accounts are told (traveltek.md, section 10).
    """

    penalties: tuple[Penalty, ...] = ()
    """In the order of their days."""
    deposit: Money | None = None
    """What is due with the booking; the held price decides."""
    balance_due: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One rate of a cabin grade; `total` is for the whole party.

    `result_no`, `grade_no` and `rate_code` are three identifiers that are always carried
    together and never derived from one another (traveltek.md, section 4).
    """

    result_no: str
    grade_no: str
    rate_code: str
    name: str
    total: Money
    refundable: bool | None = None
    restricted_to: tuple[str, ...] = ()
    terms: RateTerms | None = None
    """None where the supplier tells none, which is not the same as none that cost anything."""
    fare: Money | None = None
    taxes: Money | None = None
    fees: Money | None = None
    gratuity: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CabinGrade:
    """A grade of cabin with the rates it is available at now."""

    cabin_code: str
    name: str
    category: CabinCategory
    description: str = ""
    image_url: str | None = None
    accessible: bool = False
    rates: tuple[Rate, ...] = ()

    @property
    def cheapest(self) -> Rate:
        """Return the rate with the lowest total; a grade without a rate is never offered."""
        return min(self.rates, key=lambda rate: rate.total.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A rate together with the grade it belongs to."""

    grade: CabinGrade
    rate: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """All prices of one grades call; the supplier's identifiers in it go stale with the next."""

    as_of: datetime
    currency: str
    grades: tuple[CabinGrade, ...]
    stated: Statement | None = None
    """What the answer says it prices; compared once and not kept."""

    def offer(self, *, cabin_code: str, rate_code: str) -> Offer | None:
        """Return the rate `rate_code` of grade `cabin_code`, if it is offered."""
        for grade in self.grades:
            if grade.cabin_code == cabin_code:
                for rate in grade.rates:
                    if rate.rate_code == rate_code:
                        return Offer(grade=grade, rate=rate)
        return None

    def shown(self, *, result_no: str, grade_no: str, rate_code: str) -> Offer | None:
        """Return the offer shown under exactly these three identifiers."""
        for grade in self.grades:
            for rate in grade.rates:
                if (rate.result_no, rate.grade_no, rate.rate_code) == (
                    result_no,
                    grade_no,
                    rate_code,
                ):
                    return Offer(grade=grade, rate=rate)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deck:
    """A deck with its plan."""

    deck_id: str
    name: str
    image_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cabin:
    """A physical cabin, or the guarantee row; `cabin_result` is what basketadd wants."""

    cabin_result: str
    cabin_number: str
    deck_id: str | None = None
    deck_name: str | None = None
    position: str | None = None
    obstructed: bool = False
    accessible: bool = False
    min_guests: int | None = None
    max_guests: int | None = None
    box: tuple[int, int, int, int] | None = None

    @property
    def guaranteed(self) -> bool:
        """Whether the line assigns the cabin later."""
        return self.cabin_number == GUARANTEE

    def fits(self, guests: int) -> bool:
        """Whether this many guests may share it; a bound the supplier left out does not bind."""
        return (self.min_guests or 1) <= guests <= (self.max_guests or guests)


@dataclass(frozen=True, slots=True, kw_only=True)
class CabinList:
    """The cabins of one rate and the decks they lie on."""

    cabins: tuple[Cabin, ...]
    decks: tuple[Deck, ...] = ()

    def numbered(self, cabin_number: str) -> Cabin | None:
        """Return the cabin with this number; GUAR finds the guarantee."""
        return next((c for c in self.cabins if c.cabin_number == cabin_number), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceItem:
    """One line of a price; discounts are negative. `per_guest` follows guest numbers."""

    category: str
    description: str
    amount: Money
    per_guest: tuple[Money, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """Per-guest items of a rate; their sum may differ from the basket (traveltek.md, section 5)."""

    items: tuple[PriceItem, ...]
    total: Money


ACCESSIBLE_NEED = "accessible_need"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The cabin and rate the guest chose, under the identifiers of the last fresh grades."""

    result_no: str
    grade_no: str
    rate_code: str
    cabin_code: str
    cabin_name: str
    category: CabinCategory
    cabin_number: str
    cabin_result: str
    deck: str | None
    price: Money
    items: tuple[PriceItem, ...] = ()
    agreed: Money | None = None
    """The most that the guest agreed to pay, where it is known."""
    rate_name: str | None = None
    refundable: bool | None = None
    restricted_to: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    """Which of those a restricted rate is for the guest declared somebody of the party to be.

    `accessible_need` says that somebody needs an accessible cabin.
    """
    accessible: bool = False
    """Whether the line keeps this cabin for guests who need it."""
    terms: RateTerms | None = None
    """As they were when the guest chose."""

    @property
    def limit(self) -> Money:
        """Return the most that it may cost."""
        return self.agreed or self.price

    @property
    def guaranteed(self) -> bool:
        """Whether the line assigns the cabin later."""
        return self.cabin_number == GUARANTEE
