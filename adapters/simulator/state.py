"""What the supplier remembers: sessions, holds, bookings and charges; never a card."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from adapters.simulator.changes import Record, Rows, Shelf
from adapters.simulator.pricing import Party

GUARANTEE = "GUAR"


@dataclass(frozen=True, kw_only=True)
class QuotedRate:
    """One row of a session's latest price list; all three identifiers are needed to name it."""

    sailing: int
    grade: str
    rate: str
    resultno: str
    gradeno: str


@dataclass(frozen=True, kw_only=True)
class OfferedCabin:
    """One cabin row shown to a session, under the `resultno` that basketadd calls `cabinresult`."""

    gradeno: str
    cabin_number: str


@dataclass(kw_only=True)
class SupplierSession(Record):
    """A session as opened by a search: the party and the currency stay what they were then."""

    key: str
    currency: str
    adults: int
    children: int
    infants: int
    birth_dates: tuple[str, ...]
    window_start: date
    window_end: date
    line_ids: tuple[int, ...]
    opened_at: datetime
    used_at: datetime
    expired: bool = False
    searches: int = 0
    quotes: tuple[QuotedRate, ...] = ()
    stale_resultnos: tuple[str, ...] = ()
    cabins: Mapping[str, OfferedCabin] = field(default_factory=dict)
    basket: tuple[str, ...] = ()

    @property
    def party(self) -> Party:
        """Return the party the session is bound to."""
        return Party(adults=self.adults, children=self.children, infants=self.infants)

    def drop(self, item_key: str) -> None:
        """Take a row out of the basket."""
        self.basket = tuple(key for key in self.basket if key != item_key)


@dataclass(kw_only=True)
class BasketItem(Record):
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
class SupplierBooking(Record):
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
    passengers: tuple[Mapping[str, str], ...] = ()
    review_until: datetime | None = None
    review_amount: Decimal | None = None
    internal_reference: str = ""


@dataclass(kw_only=True)
class Charge(Record):
    """Money taken from a card, known by the line's authcode alone."""

    booking_id: int
    amount: Decimal
    auth_code: str
    currency: str


@dataclass(kw_only=True)
class SupplierState(Record):
    """All of it, in a form that can be written down, whole or change by change, and read back."""

    seed_date: date
    next_number: int
    offset_seconds: float = 0.0
    tokens: Shelf[datetime] = field(default_factory=Shelf)
    sessions: Shelf[SupplierSession] = field(default_factory=Shelf)
    items: Shelf[BasketItem] = field(default_factory=Shelf)
    bookings: Rows[SupplierBooking] = field(default_factory=Rows)
    charges: Rows[Charge] = field(default_factory=Rows)
    capacities: Shelf[int] = field(default_factory=Shelf)
    sold_elsewhere: Rows[str] = field(default_factory=Rows)
    rates_gone: Rows[str] = field(default_factory=Rows)

    def __post_init__(self) -> None:
        self._own: set[str] = set()
        self.report_to(self._own.add)

    def number(self) -> int:
        """Return a number never given before, not even before a reset."""
        self.next_number += 1
        return self.next_number

    def shelves(self) -> Iterator[tuple[str, Shelf[Any]]]:
        """Yield the shelves by name, those that rows stand on among them."""
        for name, part in vars(self).items():
            if isinstance(part, Rows):
                yield name, part.places
            elif isinstance(part, Shelf):
                yield name, part

    def changes(self) -> dict[str, Any]:
        """Return what has changed since it was last written down."""
        changed = {name: part.changes() for name, part in self.shelves()}
        own = {name: getattr(self, name) for name in sorted(self._own)}
        return own | {name: part for name, part in changed.items() if part}

    def written(self) -> None:
        """Begin the notes of what has changed anew."""
        self._own.clear()
        for _, part in self.shelves():
            part.written()


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
