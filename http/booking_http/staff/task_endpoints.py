"""Tasks as requests: what waits for a person, and taking their answer."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from aiohttp import web

from booking_flow.errors import RefusalCode
from booking_flow.staff.people import Role
from booking_flow.staff.task_claims import TaskWish
from booking_http.service import Service
from booking_http.staff.action_endpoints import named_versions, tell_acted
from booking_http.staff.cursors import read_place, write_place
from booking_http.staff.requests import (
    AnswerRequest,
    ClaimRequest,
    GroupAnswerRequest,
    HandBackRequest,
    TasksQuery,
)
from booking_http.staff.responses import (
    GroupAnswerResponse,
    RefusedAnswerResponse,
    TaskCountsResponse,
    TasksResponse,
)
from booking_http.staff.session_search import id_of
from booking_http.staff.views import task_view
from booking_http.web.auth import Staff, staff_of, write_audit
from booking_http.web.problems import problem
from booking_http.web.request_io import json_response, read_body, read_query, service_of
from persistence.task_queries import QueuedTask, TaskFilter

_LOOKED_AT: Final = 100
"""Tasks among which one is looked for that nobody works on."""


async def list_tasks(request: web.Request) -> web.Response:
    """List what nobody has answered, the most urgent first."""
    staff, query = await staff_of(request), read_query(request, TasksQuery)
    return json_response(await queue(service_of(request), staff, query))


async def queue(service: Service, staff: Staff, query: TasksQuery) -> TasksResponse:
    """Return a page of what nobody has answered, the most urgent first."""
    place = read_place(query.cursor)
    found = list(
        await service.support.queue.tasks(
            limit=query.limit + 1,
            after_at=place.at if place else None,
            after_id=place.id if place else None,
            only=TaskFilter(
                kind=query.kind,
                claimant=staff.account.id if query.mine else None,
                overdue=query.overdue,
            ),
        )
    )
    page = found[: query.limit]
    about = tuple({each.task.session_id for each in page})
    await write_audit(
        service, staff, "list_tasks", session_ids=about, facts={"found": str(len(page))}
    )
    last = page[-1].task if len(found) > query.limit else None
    more = write_place(last.due_at, last.id) if last else None
    return TasksResponse(tasks=[task_view(each) for each in page], next=more)


async def next_task(service: Service, staff: Staff) -> QueuedTask | None:
    """Return the most urgent task that nobody else works on, if there is one."""
    found = await service.support.queue.tasks(limit=_LOOKED_AT)
    free = (each for each in found if _is_free(each, staff))
    return next(free, None)


def _is_free(queued: QueuedTask, staff: Staff) -> bool:
    claim = queued.task.claim
    return claim is None or claim.account_id == staff.account.id


async def count_tasks(request: web.Request) -> web.Response:
    """Count what waits, what is late, and what is one's own."""
    staff = await staff_of(request)
    service = service_of(request)
    await write_audit(service, staff, "count_tasks")
    found = await service.support.queue.counts(staff.account.id)
    return json_response(TaskCountsResponse.model_validate(found, from_attributes=True))


async def queued_task(service: Service, task_id: UUID | None) -> QueuedTask:
    """Return a task, open or closed, with the session it is about.

    Raises:
        Problem: there is none.
    """
    queued = await service.support.queue.task(task_id) if task_id else None
    if queued is None:
        raise problem(RefusalCode.NOT_FOUND, "There is no such task.")
    return queued


async def claim_task(request: web.Request) -> web.Response:
    """Work on a task from now on."""
    wish, takeover = await _wish(request, ClaimRequest)
    await service_of(request).support.claims.claim(wish, takeover=takeover)
    return await _shown(request, wish)


async def hand_back_task(request: web.Request) -> web.Response:
    """Leave a task to others."""
    wish, _ = await _wish(request, HandBackRequest)
    await service_of(request).support.claims.hand_back(wish)
    return await _shown(request, wish)


async def _wish(
    request: web.Request, model: type[ClaimRequest | HandBackRequest]
) -> tuple[TaskWish, bool]:
    staff = await staff_of(request, Role.AGENT)
    versions, ask = named_versions(request), await read_body(request, model, optional=True)
    wish = TaskWish(
        staff=staff.member, task_id=id_of(request, "task_id"), seen=versions, reason=ask.reason
    )
    return wish, isinstance(ask, ClaimRequest) and ask.takeover


async def _shown(request: web.Request, wish: TaskWish) -> web.Response:
    queued = await queued_task(service_of(request), wish.task_id)
    return json_response(task_view(queued), headers=_tag(queued))


def _tag(queued: QueuedTask) -> dict[str, str]:
    return {"ETag": f'"{queued.task.version}"'}


async def answer_tasks(request: web.Request) -> web.Response:
    """Carry one answer out for several tasks, each by itself."""
    staff = await staff_of(request, Role.AGENT)
    ask = await read_body(request, GroupAnswerRequest)
    return json_response(await answer_group(service_of(request), staff, ask))


async def answer_group(
    service: Service, staff: Staff, ask: GroupAnswerRequest
) -> GroupAnswerResponse:
    """Answer several tasks alike, and say which could not be answered so."""
    refusals = await service.support.desk.answer_each(ask.answers(), by=staff.member)
    return GroupAnswerResponse(
        answered=len(ask.tasks) - len(refusals),
        refused=[
            RefusedAnswerResponse(
                task_id=str(task_id), code=refusal.code.value, why=refusal.detail or refusal.code
            )
            for task_id, refusal in refusals.items()
        ],
    )


async def answer_task(request: web.Request) -> web.Response:
    """Carry an answer out; of two that compete, the later is shown both."""
    staff = await staff_of(request, Role.AGENT)
    versions, ask = named_versions(request), await read_body(request, AnswerRequest)
    answer = ask.answer(id_of(request, "task_id"), versions)
    service = service_of(request)
    loaded = await service.support.desk.answer(answer, by=staff.member)
    if loaded is None:
        queued = await queued_task(service, answer.task_id)
        return json_response(task_view(queued), headers=_tag(queued))
    return await tell_acted(request, staff, loaded)
