"""The queue of what waits for a person, and one task with all that is needed to answer it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web

from booking_flow.errors import Refused
from booking_flow.ports import StoredTask
from booking_flow.staff.people import Role
from booking_flow.staff.task_claims import TaskClaims, TaskWish
from booking_http.console import timeline_rows
from booking_http.console.action_forms import seen_in
from booking_http.console.auth import require_form, require_staff
from booking_http.console.forms import EMPTY, Form, FormRejected, refused, understand
from booking_http.console.pages import go_to, render
from booking_http.service import Service
from booking_http.staff.requests import AnswerRequest, ReasonRequest, TasksQuery
from booking_http.staff.responses import HappeningResponse, StoryResponse, TaskResponse
from booking_http.staff.session_endpoints import story_of
from booking_http.staff.session_search import find_session, id_of
from booking_http.staff.task_endpoints import queue, queued_task
from booking_http.staff.views import task_view
from booking_http.web.auth import Staff, write_audit
from booking_http.web.problems import from_refusal
from booking_http.web.request_io import read_query, service_of
from persistence.task_queries import QueuedTask

TASKS: Final = "/console/tasks"
_SHOWN: Final = frozenset({"step", "call"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When the supplier was asked, as narrowly as we know."""

    start: datetime
    end: datetime


async def show_queue(request: web.Request) -> web.Response:
    """Show what nobody has answered, the most urgent first."""
    staff, query = await require_staff(request), read_query(request, TasksQuery)
    service = service_of(request)
    page = await queue(service, staff, query)
    return await render(
        request,
        "task/queue.html",
        staff=staff,
        tasks=page.tasks,
        more=page.next,
        query=query,
        form=EMPTY,
    )


async def show_task(request: web.Request) -> web.Response:
    """Show one task."""
    staff = await require_staff(request)
    queued = await queued_task(service_of(request), id_of(request, "task_id"))
    return await _show(request, staff, queued, EMPTY)


async def answer_task(request: web.Request) -> web.Response:
    """Take an answer; one that is not believed or came second is shown with what speaks against."""
    staff, fields = await require_form(request, Role.AGENT)
    service = service_of(request)
    queued = await queued_task(service, id_of(request, "task_id"))
    kind = fields.get("kind", "")
    try:
        ask = understand(fields, AnswerRequest, form=kind)
        answer = ask.answer(queued.task.id, seen_in(fields))
        loaded = await service.support.desk.answer(answer, by=staff.member)
    except FormRejected as untaken:
        return await _show(request, staff, queued, untaken.form, status=422)
    except Refused as error:
        found = from_refusal(error.refusal)
        form = refused(fields, found, form=kind)
        now = await queued_task(service, queued.task.id)
        return await _show(request, staff, now, form, status=found.row.status)
    return go_to(f"/console/sessions/{loaded.session.id}?done=answer" if loaded else TASKS)


async def claim_task(request: web.Request) -> web.Response:
    """Let who asks work on a task; what a colleague works on is taken over with a reason."""
    return await _change(request, _claim)


async def hand_back_task(request: web.Request) -> web.Response:
    """Leave a task to others."""
    return await _change(request, _hand_back)


async def _claim(claims: TaskClaims, wish: TaskWish) -> str:
    """Take a task, and go on to work on it."""
    await claims.claim(wish, takeover=wish.reason is not None)
    return f"{TASKS}/{wish.task_id}"


async def _hand_back(claims: TaskClaims, wish: TaskWish) -> str:
    """Give a task back, and go on to the others."""
    await claims.hand_back(wish)
    return TASKS


async def _change(
    request: web.Request, do: Callable[[TaskClaims, TaskWish], Awaitable[str]]
) -> web.Response:
    staff, fields = await require_form(request, Role.AGENT)
    service, name = service_of(request), request.path.rpartition("/")[2]
    queued = await queued_task(service, id_of(request, "task_id"))
    reason = fields.get("reason")
    wish = TaskWish(staff=staff.member, task_id=queued.task.id, seen=seen_in(fields), reason=reason)
    try:
        if reason is not None:
            understand(fields, ReasonRequest, form=name)
        return go_to(await do(service.support.claims, wish))
    except FormRejected as untaken:
        return await _show(request, staff, queued, untaken.form, status=422)
    except Refused as error:
        found = from_refusal(error.refusal)
        now, form = await queued_task(service, queued.task.id), refused(fields, found, form=name)
        return await _show(request, staff, now, form, status=found.row.status)


async def _show(
    request: web.Request, staff: Staff, queued: QueuedTask, form: Form, *, status: int = 200
) -> web.Response:
    service, task = service_of(request), queued.task
    if queued.state is None:
        return await _show_alone(request, staff, queued, form, status=status)
    loaded = await find_session(service, staff, task.session_id)
    story = await story_of(service, staff, loaded)
    told = next(each for each in story.tasks if each.task_id == str(task.id))
    rows = timeline_rows.rows_of([each for each in story.timeline if _about(each, told)])
    return await render(
        request,
        "task/page.html",
        staff=staff,
        status=status,
        task=told,
        session=story.session,
        now=loaded.now,
        rows=rows,
        window=_window(service, story, told),
        mine=_is_mine(task, staff),
        form=form,
    )


async def _show_alone(
    request: web.Request, staff: Staff, queued: QueuedTask, form: Form, *, status: int
) -> web.Response:
    """Show what is known of a session that the database has forgotten."""
    task = queued.task
    await write_audit(
        service_of(request), staff, "read_task", session_ids=(task.session_id,), task_id=task.id
    )
    return await render(
        request,
        "task/page.html",
        staff=staff,
        status=status,
        task=task_view(queued),
        session=None,
        now=queued.now,
        rows=(),
        window=None,
        mine=_is_mine(task, staff),
        form=form,
    )


def _is_mine(task: StoredTask, staff: Staff) -> bool:
    return task.claim is not None and task.claim.account_id == staff.account.id


def _about(told: HappeningResponse, task: TaskResponse) -> bool:
    return told.kind in _SHOWN and told.step_id is not None and told.step_id == task.step_id


def _window(service: Service, story: StoryResponse, task: TaskResponse) -> Window | None:
    """Return between when and when the supplier can have acted."""
    asked = next((e for e in story.timeline if e.kind == "step" and _about(e, task)), None)
    if asked is None or asked.step is None:
        return None
    lease = service.support.policy.lease_seconds(asked.step)
    return Window(start=asked.at, end=asked.at + timedelta(seconds=lease))
