"""What the core asks of a supplier: the port and its answers.

The Traveltek client implements `Supplier`. It parses tolerantly and answers in these strict
types; whatever it cannot make sense of is a `SupplierError` (`booking_flow.supplier_errors`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from booking_flow.model.agreement import Statement
from booking_flow.model.basket import BasketAnswer
from booking_flow.model.card import Payment
from booking_flow.model.money import Money
from booking_flow.model.party import Details, Party
from booking_flow.model.pricing import Breakdown, CabinList, Deck, Quote, Selection
from booking_flow.model.sailing import Sailing


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierCall:
    """Evidence of one call, redacted by allow-list both ways."""

    id: UUID
    endpoint: str
    step_id: UUID | None
    sent_at_offset: float
    """Seconds from the start of the command to the sending."""
    duration: float
    """Seconds until the answer or the failure."""
    outcome: str
    """`ok`, or the `FailureKind`."""
    http_status: int | None
    error_code: int | None
    request: Mapping[str, object]
    response: Mapping[str, object] | None


@dataclass(slots=True, kw_only=True)
class CallContext:
    """Carried through the calls of one command; the client appends the evidence of each.

    `deadline` is on the clock of `boottime`; past it nothing may be sent any more.
    """

    started: float
    step_id: UUID | None = None
    deadline: float | None = None
    calls: list[SupplierCall] = field(default_factory=list)

    @property
    def last_sent_after(self) -> timedelta:
        """Return how long after the start of the command the last call was sent."""
        return timedelta(seconds=self.calls[-1].sent_at_offset if self.calls else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierSession:
    """A supplier session, bound by its search's party and currency (traveltek.md, section 3)."""

    key: str
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """What the search said of the one sailing it was asked for."""

    session_key: str
    line_id: int
    sold_out: bool
    stated: Statement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookOrder:
    """Everything book.pl needs; `payment` is dropped from memory with the call."""

    session_key: str
    item_key: str
    sailing: Sailing
    details: Details
    dining: str
    deposit_booking: bool
    payment: Payment | None
    reference: str
    """Ours, as the guest reads it; sent where the account takes one (traveltek.md, section 7)."""


class BookStatus(StrEnum):
    """The status words of book.pl; any other word is unknown, not failure."""

    BOOKED = "Booked"
    FAILED = "Failed"
    OTHER = "other"


class FraudCategory(StrEnum):
    """The supplier's fraud screening of a card."""

    GREEN = "Green"
    YELLOW = "Yellow"
    RED = "Red"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTransaction:
    """One card transaction as book.pl or payment.pl reports it."""

    auth_code: str | None
    amount: Money | None
    fraud: FraudCategory | None = None

    @property
    def took_money(self) -> bool:
        """Whether it shows that a card was charged."""
        return bool(self.auth_code) or (self.amount is not None and self.amount.positive)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookAnswer:
    """book.pl's own words, read but not judged; a booking id alone proves nothing."""

    status: BookStatus
    status_word: str
    supplier_booking_id: str | None
    reservation: str | None
    total: Money | None
    outstanding: Money | None
    transactions: tuple[CardTransaction, ...] = ()
    error_codes: tuple[int, ...] = ()
    stated: Statement | None = None
    charged: Money | None = None
    """What all transactions come to, where it is told."""
    balance_due_date: date | None = None
    payment_due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayAnswer:
    """payment.pl's answer; None where it said nothing understandable (traveltek.md, section 8)."""

    transaction: CardTransaction | None
    declined: bool = False

    @property
    def auth_code(self) -> str | None:
        """Return the proof of payment, if it names one."""
        return self.transaction.auth_code if self.transaction else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedBooking:
    """A booking read by the line's reservation number (cruiseimportbooking).

    What the line does not tell is None.
    """

    reservation: str
    status: str
    cruise_id: str | None
    sailing_date: date | None
    grade_code: str | None
    price: Money | None
    received: Money | None
    booked_on: date | None
    lead_surname: str | None
    passengers: int | None
    stated: Statement | None = None
    breakdown: Money | None = None
    """The sum of its price items, which `price` may leave in part out."""
    commission: Money | None = None
    """The agency's, which `received` may include or not."""
    booked: bool = True
    """Whether its words of status mean booked."""
    own_reference: str | None = None
    """Our reference, where it was sent with the booking and is told again."""

    def total(self, expected: Money) -> Money | None:
        """Return what it costs: `expected` where either of its two totals says so."""
        return expected if expected in (self.price, self.breakdown) else self.price

    @property
    def received_at_least(self) -> Money | None:
        """Return what was certainly received, commission left aside."""
        if self.received is None or self.commission is None:
            return self.received
        return self.received - self.commission


@dataclass(frozen=True, slots=True, kw_only=True)
class Ship:
    """A ship with its deck plans (cruiseshipdetails)."""

    ship_id: int
    name: str
    decks: tuple[Deck, ...] = ()
    image_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateKey:
    """The three identifiers of a rate, carried together (traveltek.md, section 4)."""

    result_no: str
    grade_no: str
    rate_code: str


class Supplier(Protocol):
    """Live cruise booking at a supplier. Every method may raise `SupplierError`.

    Reads (search, grades, cabins, breakdown, basket, import_booking, ship) may be retried
    within; `add_to_basket`, `remove_from_basket`, `book` and `pay` are sent at most once.
    """

    async def sign_in(self, *, ctx: CallContext, seconds: float = 0.0) -> float:
        """Make sure of a token that lasts so long; return for how long it may be used."""

    async def search(
        self, sailing: Sailing, party: Party, currency: str, *, ctx: CallContext
    ) -> SearchHit | None:
        """Open a session by searching for one sailing; None when it is not offered live."""

    async def grades(
        self, session_key: str, sailing: Sailing, party: Party, currency: str, *, ctx: CallContext
    ) -> Quote:
        """Return live prices; `as_of` is filled by the engine. No grades means nothing is left."""

    async def cabins(
        self, session_key: str, sailing: Sailing, party: Party, rate: RateKey, *, ctx: CallContext
    ) -> CabinList:
        """Return the cabins of a rate and their decks."""

    async def breakdown(
        self,
        session_key: str,
        sailing: Sailing,
        rate: RateKey,
        currency: str,
        *,
        ctx: CallContext,
    ) -> Breakdown:
        """Return the per-guest items of a rate."""

    async def add_to_basket(
        self, session_key: str, selection: Selection, currency: str, *, ctx: CallContext
    ) -> BasketAnswer:
        """Put the selected cabin into the basket and so hold it; sent once."""

    async def basket(self, session_key: str, currency: str, *, ctx: CallContext) -> BasketAnswer:
        """Read the basket; it may lag behind a successful add."""

    async def remove_from_basket(
        self, session_key: str, item_key: str, currency: str, *, ctx: CallContext
    ) -> BasketAnswer:
        """Take an item out of the basket; sent once."""

    async def book(self, order: BookOrder, *, ctx: CallContext) -> BookAnswer:
        """Book, with or without a card; sent once."""

    async def pay(
        self, session_key: str, details: Details, payment: Payment, *, ctx: CallContext
    ) -> PayAnswer:
        """Pay for the booking of this session; sent once."""

    async def import_booking(
        self, line_id: int, reservation: str, currency: str, *, ctx: CallContext
    ) -> ImportedBooking | None:
        """Read a booking by its reservation number; None when the line does not know it."""

    async def ship(self, ship_id: int, *, ctx: CallContext) -> Ship:
        """Read a ship with its deck plans."""
