"""The supplier's basket: the held cabin, what it costs, and how long the line holds it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from booking_flow.model.agreement import Statement
from booking_flow.model.card import PaymentType
from booking_flow.model.money import Money
from booking_flow.model.pricing import PriceItem


@dataclass(frozen=True, slots=True, kw_only=True)
class DiningSeating:
    """A seating the line offers; `code` goes back in the booking."""

    code: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketItem:
    """One cabin in the supplier's basket, as its latest answer says."""

    item_key: str
    cabin_number: str
    payable_online: bool
    price: Money
    items: tuple[PriceItem, ...] = ()
    dining: tuple[DiningSeating, ...] = ()
    hold_length: timedelta | None = None
    stated: Statement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketAnswer:
    """What basketadd, basket or basketremove said."""

    items: tuple[BasketItem, ...]
    total: Money
    deposit: Money

    def item(self, item_key: str) -> BasketItem | None:
        """Return the item under this key."""
        return next((item for item in self.items if item.item_key == item_key), None)

    @property
    def priced(self) -> bool:
        """Whether it can be booked; an unpriced one is zero (traveltek.md, section 6)."""
        return self.total.positive and all(
            item.payable_online and item.price.positive for item in self.items
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """The one item we hold; `total` and `deposit` are the only amounts ever shown or charged."""

    item_key: str
    total: Money
    deposit: Money
    items: tuple[PriceItem, ...]
    dining: tuple[DiningSeating, ...]
    hold_until: datetime
    """Until when we rely on the hold; earlier than the supplier lets go."""
    free_after: datetime | None = None
    """When the supplier has certainly let go by itself; until then it must be told to."""
    recheck: bool = False
    """Set once a booking attempt failed: ask basket.pl before the next."""

    @property
    def due_with_booking(self) -> Money:
        """Return what the line asks for with the booking at least."""
        return self.deposit if self.deposit_possible else self.total

    @property
    def deposit_possible(self) -> bool:
        """Whether less than the total may be paid now."""
        return self.deposit.positive and self.deposit.amount < self.total.amount


def due_now(basket: Basket, payment_type: PaymentType) -> Money:
    """Return what the basket asks for now; without a deposit option that is the total."""
    return basket.due_with_booking if payment_type is PaymentType.DEPOSIT else basket.total
