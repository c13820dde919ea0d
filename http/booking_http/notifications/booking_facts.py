"""A booking as people read it: exactly the facts on the session, each a label and a value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from booking_flow.flow import State
from booking_flow.model.card import CardMask
from booking_flow.model.money import Money
from booking_flow.model.party import Party, Passenger
from booking_flow.model.pricing import Selection
from booking_flow.model.session import Booking, Session, UnwindingReason

Fact = tuple[str, str]
REQUESTS: Final = "passed on to the cruise line by us; it does not promise them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Facts that belong together."""

    title: str
    facts: Sequence[Fact]


def groups(session: Session) -> Sequence[Group]:
    """Return all that a confirmation says of a session with a booking."""
    return [
        Group(title="Booking", facts=list(_booking(session))),
        Group(title="Cruise", facts=list(_cruise(session))),
        Group(title="Travellers", facts=list(_travellers(session))),
        Group(title="Payment", facts=list(_payment(session))),
    ]


def _booking(session: Session) -> Iterator[Fact]:
    yield "Reference", session.reference
    if session.booking:
        yield "Reservation", session.booking.reservation
    asked = session.unwinding
    if asked and asked.reason is UnwindingReason.CANCEL and not session.ended:
        yield "Cancellation", "requested, not confirmed yet"


def _cruise(session: Session) -> Iterator[Fact]:
    sailing = session.sailing
    yield "Cruise", sailing.name
    yield "Cruise line", sailing.line_name
    yield "Ship", sailing.ship_name
    yield "Sailing date", day(sailing.sailing_date)
    yield "Nights", str(sailing.nights)
    if session.selection:
        yield "Cabin", _cabin(session.selection)


def _cabin(chosen: Selection) -> str:
    kind = f"{chosen.cabin_name} ({chosen.cabin_code})"
    if chosen.guaranteed:
        return f"{kind}, number assigned by the cruise line"
    return ", ".join(filter(None, (kind, chosen.cabin_number, chosen.deck)))


def _travellers(session: Session) -> Iterator[Fact]:
    yield "Party", _party(session.party)
    for number, passenger in enumerate(session.details.passengers, start=1):
        yield f"Traveller {number}", _name(passenger)
    if session.details.special_requests and session.reserved:
        yield "Requests", REQUESTS


def _party(party: Party) -> str:
    adults = _count(party.adults, "adult", "adults")
    if not party.child_ages:
        return adults
    ages = ", ".join(map(str, party.child_ages))
    return f"{adults}, {_count(len(party.child_ages), 'child', 'children')} (aged {ages})"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _name(passenger: Passenger) -> str:
    return f"{passenger.title} {passenger.first_name} {passenger.last_name}"


def _payment(session: Session) -> Iterator[Fact]:
    booking = session.booking
    if booking is None:
        return
    yield "Total", amount(booking.total)
    yield "Paid", amount(booking.paid)
    yield "Outstanding", amount(booking.outstanding)
    if booking.card:
        yield "Card", _card(booking.card)
    yield from _due(session.state, booking)


def _due(state: State, booking: Booking) -> Iterator[Fact]:
    """Name the days that still matter: none once nothing is owed or nothing is booked."""
    if state is State.BOOKED and booking.due_by:
        yield "Payment due", moment(booking.due_by)
    owed = state in (State.BOOKED, State.PAID) and booking.outstanding.amount > 0
    if owed and booking.balance_due_date:
        yield "Balance due", day(booking.balance_due_date)


def _card(mask: CardMask) -> str:
    brand = mask.brand.name.replace("_", " ").title() if mask.brand else "Card"
    return f"{brand} ending in {mask.last4}"


def amount(money: Money) -> str:
    """Write an amount with its currency."""
    return f"{money.currency} {money.amount:,.2f}"


def day(at: date) -> str:
    """Write a date so that nobody takes the day for the month."""
    return f"{at.day} {at:%B %Y}"


def moment(at: datetime) -> str:
    """Write a moment with its zone."""
    there = at.astimezone(UTC)
    return f"{day(there)}, {there:%H:%M} UTC"
