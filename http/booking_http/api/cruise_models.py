"""What we answer about sailings on sale."""

from __future__ import annotations

from datetime import date

from booking_flow.model.party import PassengerType
from booking_flow.model.pricing import CabinCategory
from booking_http.api.responses import CruiseResponse
from booking_http.web.models import Amount, ClockTime, Moment, ResponseModel


class CatalogueCruiseResponse(CruiseResponse):
    """A sailing on sale; `fromPrice` is the catalogue's lead-in price per guest, or null.

    It is no offer: live prices come with a session.
    """

    ship_id: int
    ports: list[str]
    embark_port: str | None
    returns_on: date
    image_url: str | None
    from_price: Amount | None
    currency: str


class FacetResponse(ResponseModel):
    """A choice of one filter: `value` goes into the query, `count` sailings are found with it."""

    value: str
    label: str
    count: int


class FacetsResponse(ResponseModel):
    """Choices of the filters, each counted under all filters but its own.

    `lines` are for `line`, `ships` for `ship`, `months` for `month`, `nights` for both `nightsMin`
    and `nightsMax`, `ports` for `port`, `embarkPorts` for `embarkPort`.
    """

    lines: list[FacetResponse]
    ships: list[FacetResponse]
    months: list[FacetResponse]
    nights: list[FacetResponse]
    ports: list[FacetResponse]
    embark_ports: list[FacetResponse]


class LinksResponse(ResponseModel):
    """Pages of the same search; `next` is null on the last."""

    self: str
    first: str
    next: str | None


class CruisesResponse(ResponseModel):
    """A page of sailings out of `total`; `next` is the cursor of the following page, or null."""

    cruises: list[CatalogueCruiseResponse]
    total: int
    updated_at: Moment | None
    facets: FacetsResponse
    next: str | None
    links: LinksResponse


class StopResponse(ResponseModel):
    """A day of the itinerary, 1 being the first; `port` is null at sea, times are local."""

    day: int
    date: date
    port: str | None
    arrive: ClockTime | None
    depart: ClockTime | None


class PictureResponse(ResponseModel):
    """A picture, and what is to be seen on it."""

    url: str
    caption: str | None


class ShipResponse(ResponseModel):
    """The ship; what the catalogue does not tell is null or empty."""

    ship_id: int
    name: str
    description: str | None
    year_built: int | None
    guest_capacity: int | None
    deck_count: int | None
    images: list[PictureResponse]


class CategoryResponse(ResponseModel):
    """What the cabins of a category are like on this ship."""

    category: CabinCategory
    name: str | None
    description: str | None
    image_url: str | None


class AgeBandResponse(ResponseModel):
    """What a guest of an age counts as, in whole years on the sailing date; no `maxAge` is null."""

    passenger_type: PassengerType
    min_age: int
    max_age: int | None


class CruiseDetailsResponse(CatalogueCruiseResponse):
    """A sailing with its days, its ship, its cabins and what guests must know.

    Lists are empty where the catalogue tells nothing.
    """

    itinerary: list[StopResponse]
    ship: ShipResponse
    cabin_categories: list[CategoryResponse]
    age_bands: list[AgeBandResponse]
    notices: list[str]
