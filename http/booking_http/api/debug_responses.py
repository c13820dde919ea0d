"""What staff are told of where a service really is: database, catalogue, supplier."""

from __future__ import annotations

from datetime import date
from typing import Literal

from booking_http.web.models import Moment, ResponseModel
from persistence.environment_mark import AppEnv

Outcome = Literal["agrees", "other_line", "not_found", "sold_out", "failed"]


class MarkResponse(ResponseModel):
    """What the booking database says of itself."""

    app_env: AppEnv
    supplier_sid: str | None
    marked_at: Moment


class DatabaseResponse(ResponseModel):
    """A database, and our account there."""

    name: str
    version: str
    account: str


class LineResponse(ResponseModel):
    """A line's sailings on sale."""

    line_id: int
    name: str
    live: bool
    sailings: int
    first: date | None
    last: date | None


class CatalogueResponse(ResponseModel):
    """The catalogue, and what it lacks."""

    database: DatabaseResponse
    layout: str
    bookable: bool
    lacking: list[str]
    lines: list[LineResponse]


class DbInfoResponse(ResponseModel):
    """Which databases this is, and what is in them."""

    environment: AppEnv
    mark: MarkResponse | None
    database: DatabaseResponse
    revision: str | None
    needed_revision: str
    server_time: Moment
    catalogue: CatalogueResponse
    sessions: dict[str, int]


class TokenResponse(ResponseModel):
    """Whether the supplier lets us in, and for how long."""

    good: bool
    seconds_left: int | None
    why_not: str | None


class SearchResponse(ResponseModel):
    """What the supplier said of the first sailing on sale."""

    cruise_id: str
    line_id: int
    outcome: Outcome
    supplier_line_id: int | None
    detail: str | None


class SupplierCheckResponse(ResponseModel):
    """Which of the supplier's sites and accounts this is, and whether it answers."""

    environment: AppEnv
    base_url: str
    sid: str
    clock_ahead_seconds: int | None
    token: TokenResponse
    search: SearchResponse | None
