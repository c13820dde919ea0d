"""The supplier as a whole: settings, clock, memory, cabins, armed faults, calls received."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from adapters.simulator.clock import SupplierClock
from adapters.simulator.fault_rules import FaultBook
from adapters.simulator.inventory import Inventory
from adapters.simulator.pricing import Quote, quote
from adapters.simulator.reference_data import Grade, Rate, grade_of, rate_of
from adapters.simulator.sailings import SeededSailing, seeded_sailings
from adapters.simulator.settings import SimulatorSettings, with_policies
from adapters.simulator.state import (
    BasketItem,
    Charge,
    SupplierBooking,
    SupplierSession,
    SupplierState,
    fresh_state,
)
from adapters.simulator.store import StateFile

CALLS_KEPT = 10_000


@dataclass(frozen=True, kw_only=True)
class ReceivedCall:
    """What is remembered of a call; nothing personal is among it."""

    endpoint: str
    session_key: str | None
    cruise_id: int | None
    fault: str | None
    at: datetime


class Supplier:
    """Everything the endpoints act on."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self._initial = settings
        self._file = StateFile(settings.state_file)
        self.settings = settings
        self.latency_scale = settings.latency_scale
        self.clock = SupplierClock(settings.clock)
        self.faults = FaultBook()
        self.calls: list[ReceivedCall] = []
        self.received: Counter[str] = Counter()
        self.warm: set[int] = set()
        self._adopt(self._file.load() or fresh_state(settings.today or self.clock.today()))
        self._file.begin(self.state)

    def _adopt(self, state: SupplierState) -> None:
        """Take over a memory, with its clock and its sailings."""
        self.state = state
        self.clock.offset_seconds = state.offset_seconds
        self.sailings = {
            sailing.codetocruiseid: sailing for sailing in seeded_sailings(state.seed_date)
        }
        self.inventory = Inventory(state, cabins_per_grade=self.settings.cabins_per_grade)
        self._reviews = [one for one in state.bookings if one.review_until]

    def reset(self) -> None:
        """Forget everything but the numbers given so far and the dates of the sailings."""
        self.settings = self._initial
        self.latency_scale = self._initial.latency_scale
        self.faults.clear()
        self.calls.clear()
        self.received.clear()
        self.warm.clear()
        self._adopt(
            SupplierState(seed_date=self.state.seed_date, next_number=self.state.next_number)
        )
        self._file.begin(self.state)

    def save(self) -> None:
        """Write down what has changed, where a file was given."""
        if self.state.offset_seconds != self.clock.offset_seconds:
            self.state.offset_seconds = self.clock.offset_seconds
        self._file.save(self.state)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def change_policies(self, changes: dict[str, Any]) -> None:
        """Change open questions of the supplier's behaviour."""
        self.settings = with_policies(self.settings, changes)
        self.inventory = Inventory(self.state, cabins_per_grade=self.settings.cabins_per_grade)

    def note(self, call: ReceivedCall) -> None:
        """Remember that a call came in."""
        self.received[call.endpoint] += 1
        self.calls.append(call)
        del self.calls[:-CALLS_KEPT]

    def grade(self, cruise_id: int, code: str) -> Grade:
        """Return a grade of a sailing's line."""
        return grade_of(self.sailings[cruise_id].line_id, code)

    def rate(self, cruise_id: int, code: str) -> Rate:
        """Return a rate of a sailing's line."""
        return rate_of(self.sailings[cruise_id].line_id, code)

    def priced(self, item: BasketItem) -> Quote:
        """Price a basket row anew; the same row always has the same price."""
        return quote(
            self.sailings[item.sailing],
            self.grade(item.sailing, item.grade),
            self.rate(item.sailing, item.rate),
            self.state.sessions[item.session].party,
            currency=item.currency,
            uplift=item.uplift,
        )

    def basket(self, session: SupplierSession) -> list[BasketItem]:
        """Return a session's basket rows."""
        return [self.state.items[key] for key in session.basket]

    def booking_of(self, item: BasketItem) -> SupplierBooking | None:
        """Return the row's booking that stands, if any."""
        return next(
            (one for one in self.state.bookings if one.item_key == item.key and one.reservation),
            None,
        )

    def received_for(self, booking: SupplierBooking) -> Decimal:
        """Return the money taken for a booking."""
        return sum(
            (one.amount for one in self.state.charges if one.booking_id == booking.booking_id),
            Decimal(0),
        )

    def sailing_on_sale(self, cruise_id: int) -> SeededSailing | None:
        """Return a sailing that has not left yet."""
        sailing = self.sailings.get(cruise_id)
        return sailing if sailing and sailing.sail_date > self.clock.today() else None

    def reservation_number(self, sailing: SeededSailing) -> str:
        """Issue a locator in the manner of the line."""
        number = self.state.number()
        return f"F{number:07d}"[-6:] if sailing.line_id == 8 else f"{number:07d}"

    def charge(self, booking: SupplierBooking, amount: Decimal) -> Charge:
        """Take money from a card and note it under the line's authcode."""
        charge = Charge(
            booking_id=booking.booking_id,
            amount=amount,
            auth_code=f"{self.state.number() % 1_000_000:06d}",
            currency=booking.currency,
        )
        self.state.charges.append(charge)
        return charge

    def pass_time(self) -> None:
        """Do what the supplier does by itself as time passes: end reviews, drop unpaid options."""
        now = self.clock.now()
        over = [one for one in self._reviews if one.review_until and one.review_until <= now]
        for booking in over:
            self._accept(booking)
        unpaid = self.state.bookings if self.settings.option_seconds else []
        for booking in unpaid:
            self._lapse_option(booking, now)

    def review(self, booking: SupplierBooking, amount: Decimal | None, *, seconds: float) -> None:
        """Let a failed booking turn into a real one later, charging the amount then, if any."""
        booking.review_until = booking.booked_at + timedelta(seconds=seconds)
        booking.review_amount = amount
        self._reviews.append(booking)

    def _accept(self, booking: SupplierBooking) -> None:
        """Turn a booking under review into a real one, card and all."""
        self._reviews.remove(booking)
        booking.review_until = None
        booking.status = "Booked"
        booking.reservation = self.reservation_number(self.sailings[booking.sailing])
        item = self.state.items[booking.item_key]
        item.booked, booking.total = True, item.total
        self.inventory.keep(item)
        if booking.review_amount is not None:
            self.charge(booking, booking.review_amount)

    def _lapse_option(self, booking: SupplierBooking, now: datetime) -> None:
        """Cancel a booking that nobody paid anything for in time."""
        due = booking.booked_at + timedelta(seconds=self.settings.option_seconds)
        if booking.status == "Booked" and due <= now and not self.received_for(booking):
            self.cancel(booking)

    def cancel(self, booking: SupplierBooking) -> None:
        """Cancel at the line, as a person there does; the cabin is free again."""
        booking.status = "Cancelled"
        self.state.items[booking.item_key].booked = False
        self.state.items[booking.item_key].freed = True
