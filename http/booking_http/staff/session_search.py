"""Finding sessions, for pages and programs alike; every look is written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from booking_flow.model.session import Loaded
from booking_flow.model.step import StepStatus
from booking_flow.supplier_errors import FailureKind
from booking_http.service import Service
from booking_http.staff.cursors import read_place, write_place
from booking_http.staff.requests import SearchRequest
from booking_http.web.auth import Staff, write_audit
from persistence.support_filters import WantedSessions
from persistence.support_search import Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of what was found, and the cursor of the next one."""

    hits: Sequence[Hit]
    next: str | None


async def search(service: Service, staff: Staff, ask: SearchRequest) -> Page:
    """Find sessions by whatever the caller has; what was searched for is kept nowhere."""
    hits = list(await service.support.search.find(wanted_of(ask)))
    page = hits[: ask.limit]
    found = tuple(hit.session.id for hit in page)
    await write_audit(service, staff, "search", session_ids=found, facts={"found": str(len(found))})
    last = page[-1].session if len(hits) > ask.limit else None
    return Page(hits=page, next=write_place(last.created_at, last.id) if last else None)


def wanted_of(ask: SearchRequest) -> WantedSessions:
    """Return what is asked for, and one more to know whether there is a next page."""
    return WantedSessions(
        query=ask.query,
        state=ask.state,
        attention=ask.attention,
        cruise_id=ask.cruise_id,
        since=ask.since,
        until=ask.until,
        reached=ask.reached,
        furthest=ask.furthest,
        ended=ask.ended,
        step=ask.step,
        step_status=ask.step_status and StepStatus(ask.step_status),
        call=ask.call,
        called_since=ask.called_since,
        called_until=ask.called_until,
        failures=_failures(ask),
        before=read_place(ask.cursor),
        limit=ask.limit + 1,
    )


def _failures(ask: SearchRequest) -> tuple[FailureKind, ...]:
    if ask.failure is None:
        return ()
    return tuple(FailureKind) if ask.failure == "any" else (FailureKind(ask.failure),)


async def find_session(service: Service, staff: Staff, session_id: UUID | None) -> Loaded:
    """Return a session by its id, without its secret, as the clocks have it now.

    Raises:
        Refused: there is none.
    """
    return await service.support.actions.find(session_id, by=staff.member)


def id_of(request: web.Request, name: str) -> UUID | None:
    """Return an id in the path, or None where there is no such thing."""
    try:
        return UUID(request.match_info[name])
    except ValueError:
        return None
