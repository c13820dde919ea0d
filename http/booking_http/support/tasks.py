"""Tasks: what waits for a person, and taking their answer."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from booking_flow.desk import AnswerKind, TaskAnswer
from booking_flow.ports import StoredTask
from booking_flow.refusals import RefusalCode, Refused
from booking_http.exchange import read_body, read_query, tag, tell
from booking_http.problems import EdgeCode, Problem, problem
from booking_http.schemas.base import rfc3339
from booking_http.schemas.support import TasksTell
from booking_http.schemas.support_asks import AnswerAsk, TasksQuery
from booking_http.support.acting import named_versions
from booking_http.support.identity import Staff, note_in_audit, staff_of, support_of_request
from booking_http.support.places import read_place, write_place
from booking_http.support.reading import id_of, present
from booking_http.support.views import task_view
from persistence.schema_staff import Role

_OVERTAKEN = (RefusalCode.WRONG_STATE, RefusalCode.IN_PROGRESS, RefusalCode.VERSION_MISMATCH)


async def list_tasks(request: web.Request) -> web.Response:
    """List what nobody has answered, the most urgent first."""
    staff, query = await staff_of(request), read_query(request, TasksQuery)
    place = read_place(query.cursor)
    found = list(
        await support_of_request(request).work.tasks(
            limit=query.limit + 1,
            after_at=place.at if place else None,
            after_id=place.id if place else None,
        )
    )
    page = found[: query.limit]
    about = tuple({each.task.session_id for each in page})
    await note_in_audit(request, staff, "list_tasks", session_ids=about, found=str(len(page)))
    last = page[-1].task if len(found) > query.limit else None
    more = write_place(last.due_at, last.id) if last else None
    return tell(TasksTell(tasks=[task_view(each) for each in page], next=more))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """One answer on its way to the desk."""

    staff: Staff
    ask: AnswerAsk
    task: StoredTask
    version: int

    @property
    def words(self) -> str:
        """Return the answer in a few words."""
        return " ".join(filter(None, (self.ask.kind.value, self.ask.reservation)))


async def answer_task(request: web.Request) -> web.Response:
    """Carry an answer out; of two that compete, the later is shown both."""
    answering = await _answering(request)
    staff, ask, task = answering.staff, answering.ask, answering.task
    await note_in_audit(
        request,
        staff,
        "answer_task",
        session_ids=(task.session_id,),
        task_id=task.id,
        reason=ask.reason,
        answer=answering.words,
        override=str(ask.override).lower(),
    )
    try:
        loaded = await support_of_request(request).desk.answer(
            _given(answering), origin=staff.origin
        )
    except Refused as refused:
        raise await _both_sides(request, answering, refused) from None
    return tell(await present(request, staff, loaded), headers=tag(loaded.session))


async def _answering(request: web.Request) -> Answering:
    staff = await staff_of(request, Role.AGENT)
    versions, ask = named_versions(request), await read_body(request, AnswerAsk)
    if ask.override and not staff.account.role.includes(Role.SUPERVISOR):
        raise problem(EdgeCode.FORBIDDEN, "Only a supervisor overrides the line's record.")
    task_id = id_of(request, "task_id")
    task = await support_of_request(request).tasks.task(task_id) if task_id else None
    if task is None:
        raise problem(EdgeCode.NOT_FOUND, "There is no such task.")
    version = task.version if task.version in versions else min(versions, default=-1)
    return Answering(staff=staff, ask=ask, task=task, version=version)


def _given(answering: Answering) -> TaskAnswer:
    ask = answering.ask
    return TaskAnswer(
        task_id=answering.task.id,
        version=answering.version,
        kind=ask.kind,
        reservation=ask.reservation if ask.kind is AnswerKind.RESERVATION else None,
        note=ask.reason,
        supervisor=ask.override,
    )


async def _both_sides(
    request: web.Request, answering: Answering, refused: Refused
) -> Refused | Problem:
    """Return the refusal; where another answer came first, both answers."""
    if refused.refusal.code not in _OVERTAKEN:
        return refused
    task = await support_of_request(request).tasks.task(answering.task.id)
    if task is None or task.closed_at is None:
        return refused
    theirs = {
        "answered": task.answer or "",
        "answered_by": task.closed_by or "",
        "answered_at": rfc3339(task.closed_at),
    }
    return Problem(
        code=RefusalCode.VERSION_MISMATCH.value,
        detail=f"{task.closed_by} answered {task.answer} first.",
        facts={**theirs, "your_answer": answering.words},
    )
