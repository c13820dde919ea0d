"""The booking session: what is known, what is asked, what is held and what it costs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from booking_flow.flow import ENDS, RESERVED, State
from booking_flow.model.basket import Basket
from booking_flow.model.card import CardMask
from booking_flow.model.money import Money
from booking_flow.model.party import Details, Party
from booking_flow.model.pricing import Quote, Selection
from booking_flow.model.sailing import Sailing
from booking_flow.model.step import OpenStep
from booking_flow.supplier import SupplierSession

NO_DETAILS: Final = Details()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Money that was received for a booking, or went back: then its amount is negative."""

    amount: Money
    at: datetime | None = None
    """None until it is stored."""
    by_card: bool = False
    """Whether a card was charged; anything else was received outside and entered by staff."""
    card: CardMask | None = None


class DuplicateStatus(StrEnum):
    """What became of a second reservation."""

    OPEN = "open"
    CANCELLED = "cancelled"
    STANDS = "stands"
    """The first was cancelled instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """A second reservation that the line holds, or held, for a session."""

    reservation: str
    status: DuplicateStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A reservation at the cruise line."""

    reservation: str
    supplier_booking_id: str | None
    status: str
    total: Money
    paid: Money
    payment_due_at: datetime | None = None
    """When the line lets it lapse, as far as it said so."""
    collect_by: datetime | None = None
    """By when staff are to have collected what is due, where the line has named no time."""
    balance_due_date: date | None = None
    card: CardMask | None = None
    kept: Money | None = None
    """What the line keeps of a cancelled booking; None until staff have entered it."""
    reminded_at: datetime | None = None
    """When the guest was reminded of the balance."""
    receipts: tuple[Receipt, ...] = field(default=(), compare=False)
    """Every entry of `paid`; they are rows of their own, so that no booking is written for them."""
    duplicates: tuple[Duplicate, ...] = field(default=(), compare=False)
    """Second reservations; each stands on a task, and none is a booking of ours."""

    @property
    def received(self) -> Money:
        """Return what was received, before anything went back."""
        return self.paid + self.refunded

    @property
    def refunded(self) -> Money:
        """Return what went back."""
        back = (-each.amount.amount for each in self.receipts if each.amount.amount < 0)
        return Money(sum(back, start=Decimal(0)), self.paid.currency)

    @property
    def outstanding(self) -> Money:
        """Return what is still to be paid; all of it if the payment was in another currency."""
        if self.paid.currency != self.total.currency:
            return self.total
        return self.total - self.paid

    @property
    def due_by(self) -> datetime | None:
        """Return by when what is due with it is to be paid."""
        return self.payment_due_at or self.collect_by

    def with_paid(self, paid: Money) -> Booking:
        """Return the booking with this much paid."""
        return replace(self, paid=paid)

    def receiving(self, amount: Money) -> Booking:
        """Return the booking with so much more paid, whatever currency the line booked in."""
        same = self.paid.currency == amount.currency
        return self.with_paid(self.paid + amount if same else amount)

    def balance_late(self, today: date) -> bool:
        """Whether a balance should have been paid by now."""
        due = self.balance_due_date
        return self.outstanding.positive and due is not None and due < today

    def due_later(self, until: datetime) -> Booking:
        """Return the booking with its deadline moved, be it the line's or our own."""
        if self.payment_due_at is not None:
            return replace(self, payment_due_at=until)
        return replace(self, collect_by=until)

    def without_deadline(self) -> Booking:
        """Return the booking with no deadline left by which it must be paid."""
        return replace(self, payment_due_at=None)


class UnwindingReason(StrEnum):
    """Why a session is being undone; it decides which end it reaches."""

    CANCEL = "cancel"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwinding:
    """The session is being undone; no forward step may be claimed meanwhile."""

    since: datetime
    reason: UnwindingReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One guest's booking session, as of `version`; a value that is replaced, never changed."""

    id: UUID
    reference: str
    state: State
    version: int
    flow_version: int
    created_at: datetime
    expires_at: datetime
    sailing: Sailing
    party: Party
    currency: str
    supplier: SupplierSession | None
    quote: Quote | None = None
    selection: Selection | None = None
    basket: Basket | None = None
    details: Details = NO_DETAILS
    booking: Booking | None = None
    open_step: OpenStep | None = None
    unwinding: Unwinding | None = None
    cancel_requested_at: datetime | None = None
    cards_tried: int = 0
    disputed_since: datetime | None = None
    """Since when two answers about its booking contradict each other, and staff have to decide."""

    @property
    def ended(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.state in ENDS

    @property
    def reserved(self) -> bool:
        """Whether the line holds a reservation for it."""
        return self.state in RESERVED

    @property
    def still_due(self) -> Money:
        """Return what is due with the booking and not paid yet; a balance is due later.

        Raises:
            LookupError: nothing is booked.
        """
        booking = booking_of(self)
        left, paid = booking.outstanding, booking.paid
        asked = self.basket.due_with_booking if self.basket is not None else left
        if {asked.currency, paid.currency} != {left.currency}:
            return left
        return min(left, asked - paid, key=lambda money: money.amount)

    @property
    def payable_now(self) -> Money:
        """Return what staff collect: what is due with the booking, and afterwards the balance.

        Raises:
            LookupError: nothing is booked.
        """
        return booking_of(self).outstanding if self.state is State.PAID else self.still_due

    @property
    def idle(self) -> bool:
        """Whether nothing is under way: no step is open, and nothing is being undone."""
        return self.open_step is None and self.unwinding is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A session together with the database's clock at the moment it was read."""

    session: Session
    now: datetime
    stopped: bool = False
    """Whether nothing new is claimed, since claims are found that the database has forgotten."""

    @property
    def without_prices(self) -> Loaded:
        """Return it without the prices its guest was shown, for who waits for long.

        They are the largest part of a session in memory, and no step after the choice of a cabin
        looks at them. A commit writes them only where they have changed.
        """
        return replace(self, session=replace(self.session, quote=None))


def booking_of(session: Session) -> Booking:
    """Return the booking of a session whose state says that it has one."""
    if session.booking is None:
        raise LookupError("nothing is booked")
    return session.booking


def basket_of(session: Session) -> Basket:
    """Return the basket of a session whose state says that it has one."""
    if session.basket is None:
        raise LookupError("no cabin is held")
    return session.basket


def open_step(session: Session) -> OpenStep:
    """Return the open step of a session that is being settled."""
    if session.open_step is None:
        raise LookupError("no step is open")
    return session.open_step
