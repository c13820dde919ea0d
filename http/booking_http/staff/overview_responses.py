"""What staff are told of the shop at a glance; every number comes with the search that lists it."""

from __future__ import annotations

from typing import Literal

from booking_flow.flow import State
from booking_flow.model.step import StepName, StepStatus
from booking_flow.supplier_errors import FailureKind
from booking_http.web.models import Moment, Query, ResponseModel

Window = Literal["1h", "24h", "7d", "30d"]
"""How far back to look."""


class OverviewQuery(Query):
    """Which time to look at."""

    window: Window = "24h"


class CountResponse(ResponseModel):
    """A number, and what to send to `search` to see whom it counts."""

    count: int
    search: dict[str, str | bool]


class OldestResponse(ResponseModel):
    """The session that has been there longest."""

    session_id: str
    since: Moment
    age_seconds: int


class StandingResponse(CountResponse):
    """Sessions in a state: all of them now or, where nothing more is to come, the window's."""

    state: State
    label: str
    within_window: bool
    oldest: OldestResponse | None


class OpenStepsResponse(CountResponse):
    """Steps whose end is not known yet, or that are owed to the supplier."""

    step: StepName
    status: StepStatus
    oldest: OldestResponse


class ReachedResponse(ResponseModel):
    """How many of the window's sessions came so far, and what became of those that stopped there.

    `share` is of all sessions, `conversion` of those that reached the state before; both are
    null where there are none.
    """

    state: State
    label: str
    reached: CountResponse
    share: float | None
    conversion: float | None
    still_there: CountResponse
    expired: CountResponse
    cancelled: CountResponse


class FailureResponse(CountResponse):
    """Calls that failed in one way."""

    kind: FailureKind


class CallsResponse(ResponseModel):
    """How one call of the supplier's went; p50 and p95 are exact to three per cent."""

    endpoint: str
    calls: CountResponse
    failed: CountResponse
    without_session: int
    """Calls among all of them after which no session began, so that no list shows them."""
    error_rate: float
    failures: list[FailureResponse]
    p50_seconds: float
    p95_seconds: float
    slowest_seconds: float


class OverviewResponse(ResponseModel):
    """Who stands where now, how far the window's sessions came, how the supplier answered."""

    window: Window
    since: Moment
    until: Moment
    states: list[StandingResponse]
    steps: list[OpenStepsResponse]
    funnel: list[ReachedResponse]
    calls: list[CallsResponse]
