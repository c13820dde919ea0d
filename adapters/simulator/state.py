"""What the supplier remembers: sessions, holds, bookings and charges; never a card."""

import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from adapters.simulator.pricing import Party

GUARANTEE = "GUAR"


@dataclass(kw_only=True)
class QuotedRate:
    """One row of a session's latest price list; all three identifiers are needed to name it."""

    sailing: int
    grade: str
    rate: str
    resultno: str
    gradeno: str


@dataclass(kw_only=True)
class OfferedCabin:
    """One cabin row shown to a session, under the `resultno` that basketadd calls `cabinresult`."""

    gradeno: str
    cabin_number: str


@dataclass(kw_only=True)
class SupplierSession:
    """A session as opened by a search: the party and the currency stay what they were then."""

    key: str
    currency: str
    adults: int
    children: int
    infants: int
    birth_dates: list[str]
    window_start: date
    window_end: date
    line_ids: list[int]
    opened_at: datetime
    used_at: datetime
    expired: bool = False
    searches: int = 0
    quotes: list[QuotedRate] = field(default_factory=list)
    stale_resultnos: list[str] = field(default_factory=list)
    cabins: dict[str, OfferedCabin] = field(default_factory=dict)
    basket: list[str] = field(default_factory=list)

    @property
    def party(self) -> Party:
        """Return the party the session is bound to."""
        return Party(adults=self.adults, children=self.children, infants=self.infants)


@dataclass(kw_only=True)
class BasketItem:
    """A basket row and, when it is priced, the line's hold behind it."""

    key: str
    session: str
    sailing: int
    grade: str
    rate: str
    gradeno: str
    resultno: str
    cabinresult: str
    cabin_number: str
    currency: str
    priced: bool
    uplift: Decimal
    total: Decimal
    deposit: Decimal
    held_at: datetime
    until: datetime
    visible_from: datetime
    freed: bool = False
    booked: bool = False

    def holds(self, now: datetime) -> bool:
        """Say whether the line still keeps the cabin for this row."""
        return self.priced and not self.freed and not self.booked and now < self.until

    def occupies(self, now: datetime) -> bool:
        """Say whether the cabin is off the market because of this row."""
        return self.booked or self.holds(now)


@dataclass(kw_only=True)
class SupplierBooking:
    """A booking id; only one that is Booked with a reservation is a cabin."""

    booking_id: int
    item_key: str
    session: str
    sailing: int
    reservation: str
    status: str
    total: Decimal
    currency: str
    booked_at: datetime
    passengers: list[dict[str, str]] = field(default_factory=list)
    review_until: datetime | None = None
    review_amount: Decimal | None = None


@dataclass(kw_only=True)
class Charge:
    """Money taken from a card, known by the line's authcode alone."""

    booking_id: int
    amount: Decimal
    auth_code: str
    currency: str


@dataclass(kw_only=True)
class SupplierState:
    """All of it, in a form that can be written down and read back."""

    seed_date: date
    next_number: int
    offset_seconds: float = 0.0
    tokens: dict[str, datetime] = field(default_factory=dict)
    sessions: dict[str, SupplierSession] = field(default_factory=dict)
    items: dict[str, BasketItem] = field(default_factory=dict)
    bookings: list[SupplierBooking] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    capacities: dict[str, int] = field(default_factory=dict)
    sold_elsewhere: list[str] = field(default_factory=list)
    rates_gone: list[str] = field(default_factory=list)

    def number(self) -> int:
        """Return a number never given before, not even before a reset."""
        self.next_number += 1
        return self.next_number


def fresh_state(seed_date: date) -> SupplierState:
    """Return an empty memory; its numbers start anywhere, so two runs seldom share one."""
    return SupplierState(seed_date=seed_date, next_number=secrets.randbelow(8_000_000) + 1_000_000)


def opaque_key(*, letter_after: int) -> str:
    """Make a key that looks like a GUID with one dash replaced by a letter."""
    groups = [secrets.token_hex(size) for size in (4, 2, 2, 2, 6)]
    marks = ["-", "-", "-", "-"]
    marks[letter_after] = "k"
    return (
        "".join(group + mark for group, mark in zip(groups, [*marks, ""], strict=True))
        .upper()
        .replace("K", "k")
    )


def lapse_time(held_at: datetime, seconds: float) -> datetime:
    """Return when a hold taken now lapses."""
    return held_at + timedelta(seconds=seconds)
