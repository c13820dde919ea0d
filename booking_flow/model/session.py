"""The booking session: what is known, what is asked, what is held and what it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
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
class Booking:
    """A reservation at the cruise line."""

    reservation: str
    supplier_booking_id: str | None
    status: str
    total: Money
    paid: Money
    payment_due_at: datetime | None = None
    balance_due_date: date | None = None
    card: CardMask | None = None

    @property
    def outstanding(self) -> Money:
        """Return what is still to be paid; all of it if the payment was in another currency."""
        if self.paid.currency != self.total.currency:
            return self.total
        return self.total - self.paid

    def with_paid(self, paid: Money) -> Booking:
        """Return the booking with this much paid."""
        return replace(self, paid=paid)

    def receiving(self, amount: Money) -> Booking:
        """Return the booking with so much more paid, whatever currency the line booked in."""
        same = self.paid.currency == amount.currency
        return self.with_paid(self.paid + amount if same else amount)

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
