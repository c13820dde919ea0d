"""What staff are told of the shop at a glance; every number comes with the search that lists it."""

from __future__ import annotations

from typing import Literal

from booking_flow.failures import FailureKind
from booking_flow.flow import State
from booking_flow.saga import StepName, StepStatus
from booking_http.web.models import Moment, Query, Tell

Window = Literal["1h", "24h", "7d", "30d"]
"""How far back to look."""


class OverviewQuery(Query):
    """Which time to look at."""

    window: Window = "24h"


class CountTell(Tell):
    """A number, and what to send to `search` to see whom it counts."""

    count: int
    search: dict[str, str | bool]


class OldestTell(Tell):
    """The session that has been there longest."""

    session_id: str
    since: Moment
    age_seconds: int


class StandingTell(CountTell):
    """Sessions in a state: all of them now or, where nothing more is to come, the window's."""

    state: State
    label: str
    within_window: bool
    oldest: OldestTell | None


class OpenStepsTell(CountTell):
    """Steps whose end is not known yet, or that are owed to the supplier."""

    step: StepName
    status: StepStatus
    oldest: OldestTell


class ReachedTell(Tell):
    """How many of the window's sessions came so far, and what became of those that stopped there.

    `share` is of all sessions, `conversion` of those that reached the state before; both are
    null where there are none.
    """

    state: State
    label: str
    reached: CountTell
    share: float | None
    conversion: float | None
    still_there: CountTell
    expired: CountTell
    cancelled: CountTell


class FailureTell(CountTell):
    """Calls that failed in one way."""

    kind: FailureKind


class CallsTell(Tell):
    """How one call of the supplier's went; p50 and p95 are exact to three per cent."""

    endpoint: str
    calls: CountTell
    failed: CountTell
    error_rate: float
    failures: list[FailureTell]
    p50_seconds: float
    p95_seconds: float
    slowest_seconds: float


class OverviewTell(Tell):
    """Who stands where now, how far the window's sessions came, how the supplier answered."""

    window: Window
    since: Moment
    until: Moment
    states: list[StandingTell]
    steps: list[OpenStepsTell]
    funnel: list[ReachedTell]
    calls: list[CallsTell]
