"""What we answer about a session: one shape, whatever was asked."""

from __future__ import annotations

from datetime import date
from typing import Literal

from booking_flow.flow import State
from booking_flow.party import PassengerType
from booking_flow.pricing import CabinCategory
from booking_flow.saga import StepName
from booking_http.web.models import Amount, Moment, Tell


class CruiseTell(Tell):
    """The sailing of a session."""

    cruise_id: str
    name: str
    line_id: int
    line_name: str
    ship_name: str
    sailing_date: date
    nights: int


class PartyTell(Tell):
    """The party that is priced."""

    adults: int
    children: int
    child_ages: list[int]


class SelectionTell(Tell):
    """The cabin and rate chosen; `deck` is null and `cabinNumber` GUAR for a guarantee."""

    result_no: str
    grade_no: str
    rate_code: str
    cabin_code: str
    cabin_name: str
    category: CabinCategory
    cabin_number: str
    deck: str | None
    guaranteed: bool


class PriceItemTell(Tell):
    """One line of the price; discounts are negative."""

    category: str
    description: str
    amount: Amount


class PriceTell(Tell):
    """The price of the held or chosen cabin; `deposit` is known once the cabin is held."""

    total: Amount
    deposit: Amount | None
    currency: str
    items: list[PriceItemTell]


class HoldTell(Tell):
    """How long the cruise line holds the cabin."""

    expires_at: Moment


class DiningTell(Tell):
    """A seating to choose from."""

    code: str
    description: str


class OptionsTell(Tell):
    """What the held cabin leaves to choose; `deposit` says whether less than all may be paid."""

    dining: list[DiningTell]
    deposit: bool


class ContactTell(Tell):
    """Who the agency and the cruise line write to."""

    title: str
    first_name: str
    last_name: str
    email: str
    phone: str
    address: str
    city: str
    state: str | None
    postal_code: str
    country: str


class PassengerTell(Tell):
    """One traveller, as on their passport."""

    title: str
    first_name: str
    last_name: str
    date_of_birth: date
    gender: str
    nationality: str
    passenger_type: PassengerType


class DetailsTell(Tell):
    """The details typed so far."""

    contact: ContactTell | None
    passengers: list[PassengerTell]
    dining: str | None
    special_requests: str | None


class CardTell(Tell):
    """What may be shown of a card."""

    brand: str | None
    last4: str


class BookingTell(Tell):
    """The reservation at the cruise line."""

    supplier_booking_id: str | None
    reservation: str
    status: str
    total: Amount
    paid: Amount
    outstanding: Amount
    currency: str
    payment_due_at: Moment | None
    balance_due_date: date | None
    card: CardTell | None


class PendingTell(Tell):
    """The step whose end is not known yet."""

    step: StepName
    since: Moment
    outcome: Literal["in_progress", "unknown"]


class CancellationTell(Tell):
    """How far a cancellation has come."""

    status: Literal["requested", "confirmed", "refused"]
    requested_at: Moment | None


class ActionTell(Tell):
    """Something that may be done next, and where."""

    name: str
    method: Literal["GET", "POST", "PATCH", "DELETE"]
    href: str


class EventTell(Tell):
    """A session without its details, as the event stream sends it."""

    session_id: str
    reference: str
    state: State
    version: int
    expires_at: Moment | None
    server_time: Moment
    cruise: CruiseTell
    passenger_count: PartyTell
    selection: SelectionTell | None
    price: PriceTell | None
    hold: HoldTell | None
    options: OptionsTell | None
    booking: BookingTell | None
    pending: PendingTell | None
    cancellation: CancellationTell | None
    allowed_actions: list[ActionTell]


class SessionTell(EventTell):
    """A session, in the one shape every answer about it has."""

    details: DetailsTell
