"""Finding sessions and reading all about one; every look is written down first."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aiohttp import web

from booking_flow.engine import Command
from booking_flow.flow import State
from booking_flow.history import HistoryBroken, fold
from booking_flow.refusals import RefusalCode
from booking_flow.session import Loaded, Session
from booking_http.exchange import read_body, service_of, tag, tell
from booking_http.problems import problem
from booking_http.schemas.support import HistoryTell, HitsTell, StaffSessionTell, StoryTell
from booking_http.schemas.support_asks import SearchAsk
from booking_http.support.identity import Staff, note_in_audit, staff_of, support_of_request
from booking_http.support.places import read_place, write_place
from booking_http.support.story import event, timeline, whole_history
from booking_http.support.views import hit_view, session_view, task_view, wait_of
from persistence.histories import HistoryEntry
from persistence.support_search import Wanted
from persistence.support_work import QueuedTask


async def search_sessions(request: web.Request) -> web.Response:
    """Find sessions by whatever the caller has; what was searched for is kept nowhere."""
    staff = await staff_of(request)
    ask = await read_body(request, SearchAsk)
    hits = list(await support_of_request(request).search.find(_wanted(ask)))
    page = hits[: ask.limit]
    found = tuple(hit.session.id for hit in page)
    await note_in_audit(request, staff, "search", session_ids=found, found=str(len(found)))
    last = page[-1].session if len(hits) > ask.limit else None
    return tell(
        HitsTell(
            sessions=[hit_view(hit, masked=not staff.sees_all) for hit in page],
            next=write_place(last.created_at, last.id) if last else None,
        )
    )


def _wanted(ask: SearchAsk) -> Wanted:
    return Wanted(
        query=ask.query,
        state=ask.state,
        attention=ask.attention,
        cruise_id=ask.cruise_id,
        since=ask.since,
        until=ask.until,
        before=read_place(ask.cursor),
        limit=ask.limit + 1,
    )


async def read_staff_session(request: web.Request) -> web.Response:
    """Show a session, its tasks, and everything that happened to it."""
    staff, loaded = await visit(request)
    await note_in_audit(request, staff, "read_session", session_ids=(loaded.session.id,))
    support = support_of_request(request)
    tasks = await support.work.tasks_of(loaded.session.id)
    story = StoryTell(
        session=await present(request, staff, loaded, tasks=tasks),
        tasks=[task_view(task) for task in tasks],
        timeline=await timeline(support, loaded.session.id, tasks),
    )
    return tell(story, headers=tag(loaded.session))


async def read_staff_history(request: web.Request) -> web.Response:
    """Show whether the stored history still leads to the stored state."""
    staff, loaded = await visit(request)
    await note_in_audit(request, staff, "read_history", session_ids=(loaded.session.id,))
    entries = await whole_history(support_of_request(request).database, loaded.session.id)
    return tell(_checked(loaded.session, entries), headers=tag(loaded.session))


async def visit(request: web.Request) -> tuple[Staff, Loaded]:
    """Return who asks, and the session of the path as the clocks have it now."""
    staff = await staff_of(request)
    return staff, await session_of_path(request, staff)


async def session_of_path(request: web.Request, staff: Staff) -> Loaded:
    """Return the session that the path names, without its secret."""
    service, session_id = service_of(request), id_of(request, "session_uuid")
    loaded = await service.store.load(session_id) if session_id else None
    if loaded is None:
        raise problem(RefusalCode.SESSION_NOT_FOUND)
    answer = await service.engine.look(loaded, command=Command(origin=staff.origin))
    return Loaded(session=answer.session, now=answer.now)


def id_of(request: web.Request, name: str) -> UUID | None:
    """Return an id in the path, or None where there is no such thing."""
    try:
        return UUID(request.match_info[name])
    except ValueError:
        return None


async def present(
    request: web.Request, staff: Staff, loaded: Loaded, *, tasks: Sequence[QueuedTask] | None = None
) -> StaffSessionTell:
    """Return a session as this member of staff may see it."""
    support, session = support_of_request(request), loaded.session
    if tasks is None:
        tasks = await support.work.tasks_of(session.id)
    owed = await service_of(request).store.owed(session.id)
    waits = wait_of(session, tasks, owes_undo=bool(owed))
    return session_view(session, now=loaded.now, staff=staff, waits=waits)


def _checked(session: Session, entries: list[HistoryEntry]) -> HistoryTell:
    found, why = _folded(entries)
    if why is None and found is not session.state:
        why = f"it leads to {found}, and {session.state} is stored"
    if why is None and entries[-1].seq != session.version:
        why = f"it ends with event {entries[-1].seq}, and version {session.version} is stored"
    return HistoryTell(
        folds=why is None,
        problem=why,
        folded_state=found,
        stored_state=session.state,
        version=session.version,
        flow_version=session.flow_version,
        events=[event(entry) for entry in entries],
    )


def _folded(entries: list[HistoryEntry]) -> tuple[State | None, str | None]:
    try:
        return fold(entry.event for entry in entries), None
    except HistoryBroken as broken:
        return None, str(broken)
