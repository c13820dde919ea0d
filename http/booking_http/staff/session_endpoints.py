"""Reading all about a session; every look is written down first."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aiohttp import web

from booking_flow.flow import State
from booking_flow.model.history import Event, HistoryBroken, flaw, fold
from booking_flow.model.session import Loaded, Session
from booking_flow.staff.actions import transition_options
from booking_flow.staff.people import Role
from booking_http.api.session_replies import tag
from booking_http.service import Service
from booking_http.staff.action_responses import WaysResponse
from booking_http.staff.requests import CheckQuery, SearchRequest
from booking_http.staff.responses import (
    HistoryResponse,
    HitsResponse,
    StaffSessionResponse,
    StoryResponse,
)
from booking_http.staff.session_search import find_session, id_of, search
from booking_http.staff.timeline import event, timeline
from booking_http.staff.views import (
    check_view,
    hit_view,
    session_view,
    task_view,
    wait_of,
    way_view,
)
from booking_http.web.auth import Staff, staff_of, write_audit
from booking_http.web.request_io import json_response, read_body, read_query, service_of
from persistence.histories import HistoryEntry, history
from persistence.history_check import check_histories
from persistence.task_queries import QueuedTask


async def search_sessions(request: web.Request) -> web.Response:
    """Find sessions by whatever the caller has."""
    staff, ask = await staff_of(request), await read_body(request, SearchRequest)
    page = await search(service_of(request), staff, ask)
    hits = [hit_view(hit, masked=not staff.sees_all) for hit in page.hits]
    return json_response(HitsResponse(sessions=hits, next=page.next))


async def read_staff_session(request: web.Request) -> web.Response:
    """Show a session, its tasks, and everything that happened to it."""
    staff, loaded = await _visit(request)
    story = await story_of(service_of(request), staff, loaded)
    return json_response(story, headers=tag(loaded.session))


async def story_of(service: Service, staff: Staff, loaded: Loaded) -> StoryResponse:
    """Return all about a session, as this member of staff may see it."""
    session_id = loaded.session.id
    await write_audit(service, staff, "read_session", session_ids=(session_id,))
    tasks = await service.support.queue.tasks_of(session_id)
    return StoryResponse(
        session=await present(service, staff, loaded, tasks=tasks),
        tasks=[task_view(task) for task in tasks],
        timeline=await timeline(service.support.database, session_id, tasks),
    )


async def read_staff_history(request: web.Request) -> web.Response:
    """Show whether the stored history still leads to the stored state."""
    staff, loaded = await _visit(request)
    service, session_id = service_of(request), loaded.session.id
    await write_audit(service, staff, "read_history", session_ids=(session_id,))
    entries = await history(service.support.database, session_id)
    return json_response(_checked(loaded.session, entries), headers=tag(loaded.session))


async def read_ways(request: web.Request) -> web.Response:
    """Show where a session can be moved by hand, and what that would not undo."""
    staff, loaded = await _visit(request)
    await write_audit(service_of(request), staff, "read_moves", session_ids=(loaded.session.id,))
    now = await service_of(request).support.actions.situation(loaded)
    ways = [way_view(each) for each in transition_options(now)]
    body = WaysResponse(version=loaded.session.version, ways=ways)
    return json_response(body, headers=tag(loaded.session))


async def check_all_histories(request: web.Request) -> web.Response:
    """Check so many histories against the present flow, and say where to go on."""
    staff, query = await staff_of(request, Role.AGENT), read_query(request, CheckQuery)
    service = service_of(request)
    await write_audit(service, staff, "check_histories")
    after = UUID(query.cursor) if query.cursor else None
    checked = await check_histories(service.support.database, after=after, limit=query.limit)
    return json_response(check_view(checked))


async def _visit(request: web.Request) -> tuple[Staff, Loaded]:
    staff, session_id = await staff_of(request), id_of(request, "session_uuid")
    return staff, await find_session(service_of(request), staff, session_id)


async def present(
    service: Service, staff: Staff, loaded: Loaded, *, tasks: Sequence[QueuedTask] | None = None
) -> StaffSessionResponse:
    """Return a session as this member of staff may see it."""
    session = loaded.session
    if tasks is None:
        tasks = await service.support.queue.tasks_of(session.id)
    now = await service.support.actions.situation(loaded)
    waits = wait_of(session, tasks, owes_undo=now.owes_undo)
    return session_view(now, staff=staff, waits=waits)


def _checked(session: Session, entries: Sequence[HistoryEntry]) -> HistoryResponse:
    events = [entry.event for entry in entries]
    why = flaw(events, state=session.state, version=session.version)
    return HistoryResponse(
        folds=why is None,
        problem=why,
        folded_state=_folded(events),
        stored_state=session.state,
        version=session.version,
        flow_version=session.flow_version,
        events=[event(entry) for entry in entries],
    )


def _folded(events: list[Event]) -> State | None:
    try:
        return fold(events)
    except HistoryBroken:
        return None
