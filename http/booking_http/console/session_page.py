"""The page of one session: what happened, how it stands, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from booking_flow.errors import Refusal, RefusalCode, Refused
from booking_flow.lifecycle.extend_deadline import movable
from booking_flow.model.session import Loaded, Session
from booking_flow.staff.actions import ACTIONS, MOVE, action_named, transition_options
from booking_flow.staff.people import Role
from booking_http.console import action_forms, event_labels, flow_chart, summary, timeline_rows
from booking_http.console.auth import Fields, require_form, require_staff
from booking_http.console.forms import EMPTY, ConsoleForm, FormRejected, refused
from booking_http.console.pages import HEADERS, go_to, render
from booking_http.staff.session_endpoints import story_of
from booking_http.staff.session_search import find_session, id_of
from booking_http.staff.task_endpoints import next_task
from booking_http.staff.timeline import event
from booking_http.web.auth import Staff
from booking_http.web.problems import from_refusal
from booking_http.web.request_io import service_of
from persistence.histories import history
from persistence.task_queries import QueuedTask

_OVERTAKEN: Final = (
    "The session has changed since you saw it. If you still want this, send the form once more."
)
_ATTACHED: Final = 'attachment; filename="{reference}.json"'


async def show_session(request: web.Request) -> web.Response:
    """Show a session."""
    staff = await require_staff(request)
    loaded = await _loaded(request, staff)
    done = request.query.get("done", "")
    said = _said(done, loaded.session)
    after = await next_task(service_of(request), staff) if done == "answer" else None
    return await _show(request, staff, loaded, EMPTY, said=said, next_task=after)


def _said(name: str, session: Session) -> str | None:
    """Say what has just been done; the address holds no more than its name."""
    if name == "answer":
        return "Your answer was carried out and the task is closed."
    done = ACTIONS.get(name)
    return done.done(session) if done else None


async def export(request: web.Request) -> web.Response:
    """Hand out the whole story, as programs read it."""
    staff = await require_staff(request)
    story = await story_of(service_of(request), staff, await _loaded(request, staff))
    name = _ATTACHED.format(reference=story.session.reference)
    return web.Response(
        text=story.model_dump_json(by_alias=True, indent=1),
        content_type="application/json",
        headers={**HEADERS, "Content-Disposition": name},
    )


async def act(request: web.Request) -> web.Response:
    """Do what a form asks for; what was typed comes back with the reason why it was not done."""
    staff, fields = await require_form(request, Role.AGENT)
    action = action_named(request.match_info["deed"])
    staff.member.ensure(action.role)
    loaded, staff_actions = await _loaded(request, staff), service_of(request).support.actions
    try:
        order, given = action_forms.read_order(action, fields, staff, loaded.session)
        await staff_actions.perform(action, order, given)
    except FormRejected as untaken:
        return await _show(request, staff, loaded, untaken.form, status=422)
    except Refused as error:
        return await _refuse(request, staff, fields, error.refusal, form=action.name)
    return go_to(f"/console/sessions/{loaded.session.id}?done={action.name}")


async def _refuse(
    request: web.Request, staff: Staff, fields: Fields, refusal: Refusal, *, form: str
) -> web.Response:
    """Show the session as it is by now, and the form with what was typed."""
    found = from_refusal(refusal)
    again, loaded = refused(fields, found, form=form), await _loaded(request, staff)
    if found.code == RefusalCode.VERSION_MISMATCH.value:
        since = await _since(request, loaded, action_forms.seen_in(fields))
        again = replace(again, said=_OVERTAKEN, sides=since)
    return await _show(request, staff, loaded, again, status=found.row.status)


async def _since(request: web.Request, loaded: Loaded, seen: frozenset[int]) -> Sequence[str]:
    """Return what has happened since somebody looked."""
    database, last = service_of(request).support.database, max(seen, default=-1)
    entries = await history(database, loaded.session.id, after_seq=last)
    return [event_labels.in_a_line(event(entry)) for entry in entries]


async def _loaded(request: web.Request, staff: Staff) -> Loaded:
    return await find_session(service_of(request), staff, id_of(request, "session_uuid"))


async def _show(
    request: web.Request,
    staff: Staff,
    loaded: Loaded,
    form: ConsoleForm,
    *,
    said: str | None = None,
    next_task: QueuedTask | None = None,
    status: int = 200,
) -> web.Response:
    facts = await _facts(request, staff, loaded, form)
    shown = {"said": said, "next_task": next_task, **facts}
    return await render(request, "session/page.html", staff=staff, status=status, **shown)


async def _facts(
    request: web.Request, staff: Staff, loaded: Loaded, form: ConsoleForm
) -> Mapping[str, Any]:
    service, session = service_of(request), loaded.session
    story = await story_of(service, staff, loaded)
    situation = await service.support.actions.situation(loaded)
    supervises = staff.account.role.includes(MOVE.role)
    path, show = flow_chart.path_of(story), request.query.get("show")
    culprit = summary.failing_row(story)
    return {
        "session": story.session,
        "now": loaded.now,
        "tasks": [task for task in story.tasks if task.closed_at is None],
        "summary": summary.summarize(story, loaded.now),
        "rows": timeline_rows.rows_of(story.timeline, show=show, culprit=culprit),
        "kinds": timeline_rows.KINDS,
        "show_kind": show if show in timeline_rows.KINDS else None,
        "chart": flow_chart.draw(path),
        "stations": flow_chart.stations(path),
        "offers": action_forms.offers(situation, staff=staff),
        "movable": movable(session),
        "ways": tuple(transition_options(situation)) if supervises else (),
        "form": form,
    }
