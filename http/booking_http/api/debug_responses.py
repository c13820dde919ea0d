"""What staff are told of where a service really is: database, catalogue, supplier."""

from __future__ import annotations

from datetime import date
from typing import Literal

from booking_http.web.models import Moment, Tell
from persistence.identity import AppEnv

Outcome = Literal["agrees", "other_line", "not_found", "sold_out", "failed"]


class MarkTell(Tell):
    """What the booking database says of itself."""

    app_env: AppEnv
    supplier_sid: str | None
    marked_at: Moment


class DatabaseTell(Tell):
    """A database, and our account there."""

    name: str
    version: str
    account: str


class LineTell(Tell):
    """A line's sailings on sale."""

    line_id: int
    name: str
    live: bool
    sailings: int
    first: date | None
    last: date | None


class CatalogueTell(Tell):
    """The catalogue, and what it lacks."""

    database: DatabaseTell
    layout: str
    bookable: bool
    lacking: list[str]
    lines: list[LineTell]


class DbInfoTell(Tell):
    """Which databases this is, and what is in them."""

    environment: AppEnv
    mark: MarkTell | None
    database: DatabaseTell
    revision: str | None
    needed_revision: str
    server_time: Moment
    catalogue: CatalogueTell
    sessions: dict[str, int]


class TokenTell(Tell):
    """Whether the supplier lets us in, and for how long."""

    good: bool
    seconds_left: int | None
    why_not: str | None


class SearchTell(Tell):
    """What the supplier said of the first sailing on sale."""

    cruise_id: str
    line_id: int
    outcome: Outcome
    supplier_line_id: int | None
    detail: str | None


class SupplierCheckTell(Tell):
    """Which of the supplier's sites and accounts this is, and whether it answers."""

    environment: AppEnv
    base_url: str
    sid: str
    clock_ahead_seconds: int | None
    token: TokenTell
    search: SearchTell | None
