"""Tasks as requests: what waits for a person, and taking their answer."""

from __future__ import annotations

from aiohttp import web

from booking_http.service import Service
from booking_http.staff import task_claims as desk
from booking_http.staff.action_endpoints import named_versions, tell_acted
from booking_http.staff.cursors import read_place, write_place
from booking_http.staff.requests import AnswerRequest, ClaimRequest, HandBackRequest, TasksQuery
from booking_http.staff.responses import TaskCountsResponse, TasksResponse
from booking_http.staff.session_search import id_of
from booking_http.staff.task_answers import Answering, answer, task_of
from booking_http.staff.task_claims import Claiming
from booking_http.staff.views import task_view
from booking_http.web.auth import Staff, staff_of, write_audit
from booking_http.web.request_io import json_response, read_body, read_query, service_of
from persistence.tables.staff import Role
from persistence.task_queries import QueuedTask, TaskFilter


async def list_tasks(request: web.Request) -> web.Response:
    """List what nobody has answered, the most urgent first."""
    staff, query = await staff_of(request), read_query(request, TasksQuery)
    return json_response(await queue(service_of(request), staff, query))


async def queue(service: Service, staff: Staff, query: TasksQuery) -> TasksResponse:
    """Return a page of what nobody has answered, the most urgent first."""
    place = read_place(query.cursor)
    found = list(
        await service.support.work.tasks(
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


async def count_tasks(request: web.Request) -> web.Response:
    """Count what waits, what is late, and what is one's own."""
    staff = await staff_of(request)
    found = await service_of(request).support.work.counts(staff.account.id)
    return json_response(TaskCountsResponse.model_validate(found, from_attributes=True))


async def claim_task(request: web.Request) -> web.Response:
    """Work on a task from now on."""
    staff = await staff_of(request, Role.AGENT)
    versions, ask = named_versions(request), await read_body(request, ClaimRequest, optional=True)
    claiming = Claiming(
        staff=staff, task_id=id_of(request, "task_id"), seen=versions, reason=ask.reason
    )
    queued = await desk.claim_task(service_of(request), claiming, takeover=ask.takeover)
    return json_response(task_view(queued), headers=_tag(queued))


async def hand_back_task(request: web.Request) -> web.Response:
    """Leave a task to others."""
    staff = await staff_of(request, Role.AGENT)
    versions, ask = (
        named_versions(request),
        await read_body(request, HandBackRequest, optional=True),
    )
    claiming = Claiming(
        staff=staff, task_id=id_of(request, "task_id"), seen=versions, reason=ask.reason
    )
    queued = await desk.hand_back(service_of(request), claiming)
    return json_response(task_view(queued), headers=_tag(queued))


def _tag(queued: QueuedTask) -> dict[str, str]:
    return {"ETag": f'"{queued.task.version}"'}


async def answer_task(request: web.Request) -> web.Response:
    """Carry an answer out; of two that compete, the later is shown both."""
    staff = await staff_of(request, Role.AGENT)
    versions, ask = named_versions(request), await read_body(request, AnswerRequest)
    task_id = id_of(request, "task_id")
    answering = Answering(staff=staff, task_id=task_id, seen=versions, ask=ask)
    service = service_of(request)
    loaded = await answer(service, answering)
    if loaded is None:
        queued = await task_of(service, task_id)
        return json_response(task_view(queued), headers=_tag(queued))
    return await tell_acted(request, staff, loaded)
