"""What we answer about prices and cabins."""

from __future__ import annotations

from typing import Annotated

from pydantic import WithJsonSchema

from booking_flow.model.pricing import CabinCategory
from booking_http.api.responses import InstalmentResponse, PenaltyResponse, SessionResponse
from booking_http.web.models import Amount, Moment, ResponseModel


class RateResponse(ResponseModel):
    """A rate that is available now; `total` is for the whole party."""

    result_no: str
    grade_no: str
    rate_code: str
    name: str
    refundable: bool | None
    restricted_to: list[str]
    terms: list[PenaltyResponse] | None
    schedule: list[InstalmentResponse] | None
    total: Amount
    fare: Amount | None
    taxes: Amount | None
    fees: Amount | None
    gratuity: Amount | None


class GradeResponse(ResponseModel):
    """A grade of cabin; `cheapest` is its lowest total."""

    cabin_code: str
    name: str
    category: CabinCategory
    description: str
    image_url: str | None
    accessible: bool
    cheapest: Amount
    rates: list[RateResponse]


class PricedSessionResponse(SessionResponse):
    """A session with the prices of its sailing, as of `asOf`, null before there are any."""

    as_of: Moment | None
    cabins: list[GradeResponse]


Box = Annotated[
    tuple[int, int, int, int],
    WithJsonSchema({"type": "array", "items": {"type": "integer"}, "minItems": 4, "maxItems": 4}),
]


class CabinResponse(ResponseModel):
    """A physical cabin, or the guarantee; `box` is its place on the deck's plan."""

    cabin_result: str
    cabin_number: str
    deck_id: str | None
    deck_name: str | None
    position: str | None
    obstructed: bool
    accessible: bool
    min_guests: int | None
    max_guests: int | None
    box: Box | None


class DeckResponse(ResponseModel):
    """A deck with its plan."""

    deck_id: str
    name: str
    image_url: str | None


class CabinsResponse(ResponseModel):
    """The cabins of one rate."""

    cabins: list[CabinResponse]
    decks: list[DeckResponse]


class GuestItemResponse(ResponseModel):
    """One line of a price with what it is for each guest."""

    category: str
    description: str
    per_guest: list[Amount]
    amount: Amount


class BreakdownResponse(ResponseModel):
    """The per-guest items of a rate."""

    items: list[GuestItemResponse]
    total: Amount
    currency: str
