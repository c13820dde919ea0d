"""Answering tasks, for pages and programs alike; of two who compete, the later is shown both."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from booking_flow.errors import RefusalCode, Refused
from booking_flow.model.session import Loaded
from booking_flow.ports import StoredTask
from booking_flow.staff.task_resolution import AnswerKind, TaskAnswer
from booking_http.service import Service
from booking_http.staff.requests import AnswerRequest
from booking_http.web.auth import Staff, ensure_role, write_audit
from booking_http.web.models import rfc3339
from booking_http.web.problems import EdgeCode, Problem, problem
from persistence.tables.staff import Role
from persistence.task_queries import QueuedTask

_OVERTAKEN = (RefusalCode.WRONG_STATE, RefusalCode.IN_PROGRESS, RefusalCode.VERSION_MISMATCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """One answer on its way to the desk, by who saw the task at one of these versions."""

    staff: Staff
    task_id: UUID | None
    seen: frozenset[int]
    ask: AnswerRequest

    @property
    def words(self) -> str:
        """Return the answer in a few words."""
        return " ".join(filter(None, (self.ask.kind.value, self.ask.reservation)))


async def answer(service: Service, answering: Answering) -> Loaded | None:
    """Carry an answer out and close its task; None where that is beside no session.

    Raises:
        Problem: it is not theirs to give, or another answer came first; both are told then.
        Refused: it does not fit, comes too early, or contradicts the line's record.
    """
    staff, ask = answering.staff, answering.ask
    ensure_role(staff, Role.AGENT)
    if ask.override:
        ensure_role(staff, Role.SUPERVISOR, "Only a supervisor overrides the line's record.")
    queued = await task_of(service, answering.task_id)
    task = queued.task
    if not ask.takeover and task.version in answering.seen:
        ensure_free(staff, queued)
    await write_audit(
        service,
        staff,
        "answer_task",
        session_ids=(task.session_id,),
        task_id=task.id,
        reason=ask.reason,
        facts={"answer": answering.words, "override": str(ask.override).lower()},
    )
    try:
        return await service.support.desk.answer(_given(answering, task), origin=staff.origin)
    except Refused as refused:
        raise await _both_sides(service, answering, task.id, refused) from None


async def task_of(service: Service, task_id: UUID | None) -> QueuedTask:
    """Return a task, open or closed.

    Raises:
        Problem: there is none.
    """
    task = await service.support.work.task(task_id) if task_id else None
    if task is None:
        raise problem(EdgeCode.NOT_FOUND, "There is no such task.")
    return task


def ensure_free(staff: Staff, queued: QueuedTask) -> None:
    """Let nobody answer or take what a colleague works on, unless they say so.

    Raises:
        Problem: `wrong_state`, and who works on it.
    """
    claim = queued.claim
    if claim is None or claim.account_id == staff.account.id or queued.task.closed_at:
        return
    raise Problem(
        code=RefusalCode.WRONG_STATE.value,
        detail=f"{claim.name} works on this task; take it over if need be.",
        facts={"claimed_by": claim.name, "claimed_at": rfc3339(claim.at)},
    )


def _given(answering: Answering, task: StoredTask) -> TaskAnswer:
    ask, seen = answering.ask, answering.seen
    return TaskAnswer(
        task_id=task.id,
        version=task.version if task.version in seen else min(seen, default=-1),
        kind=ask.kind,
        reservation=ask.reservation if ask.kind is AnswerKind.RESERVATION else None,
        note=ask.reason,
        supervisor=ask.override,
    )


async def _both_sides(
    service: Service, answering: Answering, task_id: UUID, refused: Refused
) -> Refused | Problem:
    """Return the refusal; where another answer came first, both answers."""
    if refused.refusal.code not in _OVERTAKEN:
        return refused
    task = await service.support.tasks.task(task_id)
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
