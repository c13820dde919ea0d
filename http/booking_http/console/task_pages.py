"""The queue of what waits for a person, and one task with all that is needed to answer it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from aiohttp import web
from pydantic import ValidationError

from booking_flow.errors import Refused
from booking_flow.model.task import TaskKind
from booking_flow.ports import StoredTask
from booking_flow.saga import EFFECTS
from booking_flow.staff.people import Role
from booking_flow.staff.task_claims import TaskClaims, TaskWish
from booking_flow.staff.task_resolution import POSSIBLE, AnswerKind
from booking_http.console import timeline_rows
from booking_http.console.action_forms import seen_in
from booking_http.console.auth import Fields, require_form, require_staff
from booking_http.console.formats import short
from booking_http.console.forms import EMPTY, ConsoleForm, FormRejected, Typed, refused, understand
from booking_http.console.pages import go_to, render
from booking_http.service import Service
from booking_http.staff.requests import (
    AnswerRequest,
    GroupAnswerRequest,
    ReasonRequest,
    TasksQuery,
)
from booking_http.staff.responses import HappeningResponse, StoryResponse, TaskResponse
from booking_http.staff.session_endpoints import story_of
from booking_http.staff.session_search import find_session, id_of
from booking_http.staff.task_endpoints import answer_group as run_group
from booking_http.staff.task_endpoints import queue, queued_task
from booking_http.staff.views import task_view
from booking_http.web.auth import Staff, write_audit
from booking_http.web.problems import from_refusal
from booking_http.web.request_io import read_query, service_of
from persistence.task_queries import QueuedTask

TASKS: Final = "/console/tasks"
_GROUP: Final = "group"
_CHOSEN: Final = "task-"
_CHOICE: Final = re.compile(r"task-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ANSWERS: Final = frozenset(kind.value for kind in AnswerKind)
_KINDS: Final = frozenset(kind.value for kind in TaskKind)
_SINGLE: Final = (AnswerKind.RESERVATION, AnswerKind.REFUNDED)
_SHOWN: Final = frozenset({"step", "call"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When the supplier was asked, as narrowly as we know."""

    start: datetime
    end: datetime


class QueueQuery(TasksQuery):
    """Which tasks, and how many were just answered alike."""

    answered: int = 0


class GroupForm(ReasonRequest):
    """One answer for the chosen tasks, and why."""

    kind: AnswerKind


async def show_queue(request: web.Request) -> web.Response:
    """Show what nobody has answered, the most urgent first."""
    staff = await require_staff(request)
    return await _show_queue(request, staff, read_query(request, QueueQuery), EMPTY)


async def _show_queue(
    request: web.Request, staff: Staff, query: QueueQuery, form: ConsoleForm, *, status: int = 200
) -> web.Response:
    service = service_of(request)
    page = await queue(service, staff, query)
    kinds = await service.support.queue.backlogs()
    return await render(
        request,
        "task/queue.html",
        staff=staff,
        status=status,
        tasks=page.tasks,
        more=page.next,
        query=query,
        kinds=sorted(kinds, key=lambda each: -each.waiting),
        answers=_group_answers(query.kind) if query.kind and staff.sees_all else (),
        form=form,
    )


def _group_answers(kind: TaskKind) -> Sequence[AnswerKind]:
    """Return what may be said of several tasks at once; numbers and amounts are one task's own."""
    return [each for each in POSSIBLE[kind] if each not in _SINGLE]


async def answer_group(request: web.Request) -> web.Response:
    """Answer the chosen tasks alike; those that cannot be are named with the reason."""
    staff, fields = await require_form(request, Role.AGENT)
    query = QueueQuery(kind=TaskKind(fields["of"])) if fields.get("of") in _KINDS else QueueQuery()
    try:
        typed = understand(fields, GroupForm, form=_GROUP)
        ask = GroupAnswerRequest.model_validate(
            {
                "reason": typed.reason,
                "kind": typed.kind,
                "tasks": [
                    {"taskId": task, "version": seen} for task, seen in _chosen(fields).items()
                ],
            }
        )
    except FormRejected as untaken:
        return await _show_queue(request, staff, query, untaken.form, status=422)
    except ValidationError:
        form = ConsoleForm(typed=Typed(fields), said="Choose the tasks to answer.", name=_GROUP)
        return await _show_queue(request, staff, query, form, status=422)
    done = await run_group(service_of(request), staff, ask)
    if done.refused:
        why = [f"{short(each.task_id)}: {each.why}" for each in done.refused]
        said = f"{done.answered} were answered; {len(done.refused)} could not be."
        form = ConsoleForm(typed=Typed(fields), said=said, sides=why, name=_GROUP)
        return await _show_queue(request, staff, query, form, status=409)
    return go_to(f"{TASKS}?answered={done.answered}")


def _chosen(fields: Fields) -> dict[UUID, int]:
    """Return the tasks that are ticked, at the versions at which they were shown."""
    ticked = ((name, seen) for name, seen in fields.items() if _CHOICE.fullmatch(name))
    return {UUID(name.removeprefix(_CHOSEN)): int(seen) for name, seen in ticked if seen.isdigit()}


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
    kind = fields["kind"] if fields.get("kind") in _ANSWERS else ""
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
    request: web.Request, staff: Staff, queued: QueuedTask, form: ConsoleForm, *, status: int = 200
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
    request: web.Request, staff: Staff, queued: QueuedTask, form: ConsoleForm, *, status: int
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
    lease = service.support.policy.lease_seconds(EFFECTS[asked.step].limits)
    return Window(start=asked.at, end=asked.at + timedelta(seconds=lease))
