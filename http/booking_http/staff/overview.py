"""The shop at a glance: counts, and for each the search that lists exactly what it counts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web

from booking_flow.flow import ENDS, MEANING, STATES, State
from booking_flow.model.step import StepName, StepStatus
from booking_flow.saga import SAGA
from booking_flow.supplier_errors import FailureKind
from booking_http.service import Service
from booking_http.staff import overview_responses as told
from booking_http.web.auth import Staff, staff_of, write_audit
from booking_http.web.models import rfc3339
from booking_http.web.request_io import json_response, read_query, service_of
from persistence import overview as stored
from persistence.clock import now
from persistence.overview import LIVE, Answered, Came, Crowd, OpenSteps, StandingIn

LENGTHS: Final[Mapping[told.Window, timedelta]] = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
_PATH: Final = tuple(row.state for row in STATES if row.state not in ENDS)
_STEPS: Final = tuple(StepName)
_ORDER: Final = tuple(dict.fromkeys(call for step in SAGA for call in step.endpoints))
_STATUSES: Final = (StepStatus.STARTED, StepStatus.UNKNOWN, StepStatus.OWED)
Search = dict[str, str | bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time looked at; both ends are named in every search, so that its list stays the same."""

    since: datetime
    until: datetime

    def begun(self, **more: str | bool) -> Search:
        """Return the search for sessions that began within it."""
        return {"from": rfc3339(self.since), "to": rfc3339(self.until), **more}

    def called(self, **more: str | bool) -> Search:
        """Return the search for sessions that asked the supplier within it."""
        return {"calledFrom": rfc3339(self.since), "calledTo": rfc3339(self.until), **more}


async def read_overview(request: web.Request) -> web.Response:
    """Show who stands where, how far sessions come and how the supplier answers."""
    staff = await staff_of(request)
    query = read_query(request, told.OverviewQuery)
    return json_response(await overview(service_of(request), staff, query.window))


async def overview(service: Service, staff: Staff, window: told.Window) -> told.OverviewResponse:
    """Count everything of the last hour, day, week or month, and write down who looks."""
    await write_audit(service, staff, "read_overview", facts={"window": window})
    database = service.support.database
    until = _whole(await now(database))
    span = Span(since=until - LENGTHS[window], until=until)
    standing, steps, came, calls = await asyncio.gather(
        stored.standing(database),
        stored.open_steps(database),
        stored.cohort(database, span.since, span.until),
        stored.calls(database, span.since, span.until),
    )
    return told.OverviewResponse(
        window=window,
        since=span.since,
        until=span.until,
        states=[_state(state, standing, came, span) for state in State],
        steps=[_open(each, until) for each in sorted(steps, key=_place)],
        funnel=list(_funnel(came, span)),
        calls=[_calls(name, calls, span) for name in _endpoints(calls)],
    )


def _whole(moment: datetime) -> datetime:
    """Return the millisecond, which is how fine a search can ask."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _state(
    state: State, standing: Sequence[StandingIn], came: Sequence[Came], span: Span
) -> told.StandingResponse:
    """Tell who stands in a state; where nothing more is to come, of those in the window alone."""
    live, found = state in LIVE, next((each for each in standing if each.state is state), None)
    ended = sum(each.number for each in came if each.state is state)
    crowd = found.crowd if found else None
    return told.StandingResponse(
        state=state,
        label=MEANING[state].label,
        within_window=not live,
        count=crowd.number if crowd else 0 if live else ended,
        search={"state": state.value} if live else span.begun(state=state.value),
        oldest=_oldest(crowd, span.until) if crowd else None,
    )


def _open(steps: OpenSteps, until: datetime) -> told.OpenStepsResponse:
    return told.OpenStepsResponse(
        step=steps.step,
        status=steps.status,
        count=steps.crowd.number,
        search={"step": steps.step.value, "stepStatus": steps.status.value},
        oldest=_oldest(steps.crowd, until),
    )


def _place(steps: OpenSteps) -> tuple[int, int]:
    return _STEPS.index(steps.step), _STATUSES.index(steps.status)


def _oldest(crowd: Crowd, until: datetime) -> told.OldestResponse:
    age = max(int((until - crowd.since).total_seconds()), 0)
    return told.OldestResponse(session_id=str(crowd.first), since=crowd.since, age_seconds=age)


def _funnel(came: Sequence[Came], span: Span) -> Iterator[told.ReachedResponse]:
    every, before = sum(each.number for each in came), None
    for place, state in enumerate(_PATH):
        reached = sum(each.number for each in came if _PATH.index(each.furthest) >= place)
        stopped = [each for each in came if each.furthest is state]
        yield told.ReachedResponse(
            state=state,
            label=MEANING[state].label,
            reached=told.CountResponse(count=reached, search=span.begun(reached=state.value)),
            share=_ratio(reached, every),
            conversion=None if before is None else _ratio(reached, before),
            still_there=told.CountResponse(
                count=sum(each.number for each in stopped if each.state not in ENDS),
                search=span.begun(furthest=state.value, ended=False),
            ),
            expired=_ended(State.EXPIRED, state, stopped, span),
            cancelled=_ended(State.CANCELLED, state, stopped, span),
        )
        before = reached


def _ended(end: State, state: State, stopped: Sequence[Came], span: Span) -> told.CountResponse:
    count = sum(each.number for each in stopped if each.state is end)
    return told.CountResponse(count=count, search=span.begun(furthest=state.value, state=end.value))


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _endpoints(calls: Sequence[Answered]) -> list[str]:
    """Return what was called, in the order of a booking; what belongs to no step comes last."""
    asked = {each.endpoint for each in calls}
    return [name for name in _ORDER if name in asked] + sorted(asked.difference(_ORDER))


def _calls(endpoint: str, calls: Sequence[Answered], span: Span) -> told.CallsResponse:
    own = [each for each in calls if each.endpoint == endpoint]
    every = sum(each.number for each in own)
    failures = list(_failures(endpoint, own, span))
    failed = sum(each.count for each in failures)
    return told.CallsResponse(
        endpoint=endpoint,
        calls=told.CountResponse(count=every, search=span.called(call=endpoint)),
        failed=told.CountResponse(count=failed, search=span.called(call=endpoint, failure="any")),
        without_session=sum(each.passing for each in own),
        error_rate=_ratio(failed, every) or 0.0,
        failures=failures,
        p50_seconds=_quantile(own, 0.5),
        p95_seconds=_quantile(own, 0.95),
        slowest_seconds=round(max(each.slowest for each in own), 3),
    )


def _failures(endpoint: str, own: Sequence[Answered], span: Span) -> Iterator[told.FailureResponse]:
    for kind in FailureKind:
        count = sum(each.number for each in own if each.outcome == kind.value)
        if count:
            search = span.called(call=endpoint, failure=kind.value)
            yield told.FailureResponse(kind=kind, count=count, search=search)


def _quantile(calls: Sequence[Answered], share: float) -> float:
    """Return how long that share of the calls took at most."""
    left = share * sum(each.number for each in calls)
    for each in sorted(calls, key=lambda call: call.seconds):
        left -= each.number
        if left <= 0:
            return round(min(each.seconds, each.slowest), 3)
    return 0.0
