"""What we answer about prices, cabins and sailings."""

from __future__ import annotations

from booking_flow.pricing import CabinCategory
from booking_http.api.responses import CruiseTell, SessionTell
from booking_http.web.models import Amount, Moment, Tell


class RateTell(Tell):
    """A rate that is available now; `total` is for the whole party."""

    result_no: str
    grade_no: str
    rate_code: str
    name: str
    refundable: bool | None
    restricted_to: list[str]
    total: Amount
    fare: Amount | None
    taxes: Amount | None
    fees: Amount | None
    gratuity: Amount | None


class GradeTell(Tell):
    """A grade of cabin; `cheapest` is its lowest total."""

    cabin_code: str
    name: str
    category: CabinCategory
    description: str
    image_url: str | None
    accessible: bool
    cheapest: Amount
    rates: list[RateTell]


class PricedSessionTell(SessionTell):
    """A session with the prices of its sailing, as of `asOf`, null before there are any."""

    as_of: Moment | None
    cabins: list[GradeTell]


class CabinTell(Tell):
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
    box: tuple[int, int, int, int] | None


class DeckTell(Tell):
    """A deck with its plan."""

    deck_id: str
    name: str
    image_url: str | None


class CabinsTell(Tell):
    """The cabins of one rate."""

    cabins: list[CabinTell]
    decks: list[DeckTell]


class GuestItemTell(Tell):
    """One line of a price with what it is for each guest."""

    category: str
    description: str
    per_guest: list[Amount]
    amount: Amount


class BreakdownTell(Tell):
    """The per-guest items of a rate."""

    items: list[GuestItemTell]
    total: Amount
    currency: str


class CatalogueCruiseTell(CruiseTell):
    """A sailing on sale; `fromPrice` is the catalogue's lead-in price, per guest or null."""

    ports: list[str]
    from_price: Amount | None


class CruisesTell(Tell):
    """A page of sailings; `next` is the cursor of the following page, or null."""

    cruises: list[CatalogueCruiseTell]
    next: str | None
