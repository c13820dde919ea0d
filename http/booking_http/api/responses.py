"""What we answer about a session: one shape, whatever was asked."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from booking_flow.flow import State
from booking_flow.model.party import CorrectionStatus, PassengerType
from booking_flow.model.pricing import CabinCategory
from booking_flow.model.step import StepName
from booking_http.web.models import Amount, Moment, ResponseModel


def _or_none(text: Any) -> Any:
    return text or None


class CruiseResponse(ResponseModel):
    """The sailing of a session."""

    cruise_id: str
    name: str
    line_id: int
    line_name: str
    ship_name: str
    sailing_date: date
    nights: int


class PartyResponse(ResponseModel):
    """The party that is priced."""

    adults: int
    children: int
    child_ages: list[int]


class PenaltyResponse(ResponseModel):
    """What a cancellation costs from a day on: `percent` of the price, or `amount`."""

    starts_on: date
    percent: Amount | None
    amount: Amount | None


class SelectionResponse(ResponseModel):
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
    rate_name: str | None
    refundable: bool | None
    restricted_to: list[str]
    declared: list[str]
    terms: list[PenaltyResponse] | None


class PriceItemResponse(ResponseModel):
    """One line of the price; discounts are negative."""

    category: str
    description: str
    amount: Amount


class PriceResponse(ResponseModel):
    """The price of the held or chosen cabin; `deposit` is known once the cabin is held."""

    total: Amount
    deposit: Amount | None
    currency: str
    items: list[PriceItemResponse]


class InstalmentResponse(ResponseModel):
    """A part of the price.

    Without a `dueDate`, `all` and `deposit` are due with the booking; the line tells the day of the
    `balance` at the latest once it is booked.
    """

    kind: Literal["all", "deposit", "balance"]
    amount: Amount
    currency: str
    due_date: date | None
    paid: bool


class HoldResponse(ResponseModel):
    """How long the cruise line holds the cabin."""

    expires_at: Moment


class DiningResponse(ResponseModel):
    """A seating to choose from."""

    code: str
    description: str


class OptionsResponse(ResponseModel):
    """What the held cabin leaves to choose; `deposit` says whether less than all may be paid."""

    dining: list[DiningResponse]
    deposit: bool


class ContactResponse(ResponseModel):
    """Who the agency and the cruise line write to."""

    title: str
    first_name: str
    last_name: str
    email: str
    phone: str
    phone_e164: str | None
    """As it is dialled from anywhere; null where it was not noted."""
    address: str
    address2: str | None
    city: str
    state: str | None
    postal_code: Annotated[str | None, BeforeValidator(_or_none)]
    country: str


class PassengerResponse(ResponseModel):
    """One traveller, as on their passport."""

    title: str
    first_name: str
    last_name: str
    date_of_birth: date
    gender: str
    nationality: str
    passenger_type: PassengerType
    printed_first_name: str | None
    printed_last_name: str | None
    """As the line prints the name, in the letters A to Z; null where it was not noted."""


class DetailsResponse(ResponseModel):
    """The details typed so far."""

    contact: ContactResponse | None
    passengers: list[PassengerResponse]
    dining: str | None
    special_requests: str | None


class CorrectionResponse(ResponseModel):
    """A field that was typed wrong; a traveller's name is `requested` until the line has said."""

    pointer: str
    requested_at: Moment
    status: CorrectionStatus


class CardResponse(ResponseModel):
    """What may be shown of a card."""

    brand: str | None
    last4: str


class PaymentEntryResponse(ResponseModel):
    """Money that was received for the booking, or went back: a refund is negative.

    The entries add up to `paid`. `outside` is what staff have entered.
    """

    kind: Literal["payment", "refund"]
    amount: Amount
    currency: str
    at: Moment
    method: Literal["card", "outside"]
    last4: str | None


class RefundResponse(ResponseModel):
    """What becomes of the money of a cancelled booking; `kept` is null until the line has said."""

    status: Literal["open", "done"]
    received: Amount
    kept: Amount | None
    refunded: Amount
    currency: str


class DuplicateResponse(ResponseModel):
    """A second reservation that the line holds for the session, or held; one of two is cancelled.

    `stands` says that the first was cancelled instead.
    """

    reservation: str
    status: Literal["open", "cancelled", "stands"]


class BookingResponse(ResponseModel):
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
    card: CardResponse | None
    payments: list[PaymentEntryResponse]
    refund: RefundResponse | None
    duplicates: list[DuplicateResponse]


class PendingResponse(ResponseModel):
    """The step whose end is not known yet."""

    step: StepName
    since: Moment
    outcome: Literal["in_progress", "unknown"]


class CancellationResponse(ResponseModel):
    """How far a cancellation has come."""

    status: Literal["requested", "confirmed", "refused"]
    requested_at: Moment | None


class ActionResponse(ResponseModel):
    """Something that may be done next, and where."""

    name: str
    method: Literal["GET", "POST", "PATCH", "DELETE"]
    href: str


class EventResponse(ResponseModel):
    """A session without its details, as the event stream sends it."""

    session_id: str
    reference: str
    state: State
    version: int
    expires_at: Moment | None
    server_time: Moment
    cruise: CruiseResponse
    passenger_count: PartyResponse
    selection: SelectionResponse | None
    price: PriceResponse | None
    schedule: list[InstalmentResponse]
    hold: HoldResponse | None
    options: OptionsResponse | None
    booking: BookingResponse | None
    pending: PendingResponse | None
    cancellation: CancellationResponse | None
    allowed_actions: list[ActionResponse]


class SessionResponse(EventResponse):
    """A session, in the one shape every answer about it has."""

    details: DetailsResponse
    corrections: list[CorrectionResponse]
    erasure_requested_at: Moment | None
