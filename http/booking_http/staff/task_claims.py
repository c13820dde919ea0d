"""Who works on which task, for pages and programs alike."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from booking_flow.errors import Fault, RefusalCode
from booking_http.service import Service
from booking_http.staff.task_answers import ensure_free, task_of
from booking_http.web.auth import Staff, ensure_role, write_audit
from booking_http.web.problems import Problem, problem
from persistence.tables.staff import Role
from persistence.task_queries import QueuedTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Claiming:
    """A wish to take a task or to give it back, by who saw it at one of these versions."""

    staff: Staff
    task_id: UUID | None
    seen: frozenset[int]
    reason: str | None = None


async def claim_task(service: Service, claiming: Claiming, *, takeover: bool = False) -> QueuedTask:
    """Work on a task from now on; a colleague's is taken over only with a reason.

    Raises:
        Problem: it was answered or changed meanwhile, or a colleague works on it.
    """
    staff = claiming.staff
    queued = await _seen(service, claiming)
    if not takeover:
        ensure_free(staff, queued)
    elif claiming.reason is None:
        fault = Fault(pointer="/reason", detail="is needed to take a task over")
        raise Problem(code=RefusalCode.VALIDATION_FAILED.value, errors=(fault,))
    await _note(service, claiming, "claim_task", queued)
    taken = await service.support.claims.claim(
        queued.task.id,
        account_id=staff.account.id,
        name=staff.account.name,
        seen=claiming.seen,
        takeover=takeover,
    )
    return await _after(service, claiming, taken=taken)


async def hand_back(service: Service, claiming: Claiming) -> QueuedTask:
    """Leave a task to others; a supervisor may do so for a colleague.

    Raises:
        Problem: nobody works on it, or somebody else does, or it changed meanwhile.
    """
    staff = claiming.staff
    queued = await _seen(service, claiming)
    if queued.claim is None:
        raise problem(RefusalCode.WRONG_STATE, "Nobody works on this task.")
    anybodys = staff.account.role.includes(Role.SUPERVISOR)
    if not anybodys:
        ensure_free(staff, queued)
    await _note(service, claiming, "hand_back_task", queued)
    given = await service.support.claims.hand_back(
        queued.task.id, account_id=staff.account.id, seen=claiming.seen, anybodys=anybodys
    )
    return await _after(service, claiming, taken=given)


async def _seen(service: Service, claiming: Claiming) -> QueuedTask:
    ensure_role(claiming.staff, Role.AGENT)
    queued = await task_of(service, claiming.task_id)
    if queued.task.closed_at is not None or queued.task.version not in claiming.seen:
        raise _changed(queued)
    return queued


async def _after(service: Service, claiming: Claiming, *, taken: bool) -> QueuedTask:
    queued = await task_of(service, claiming.task_id)
    if not taken:
        raise _changed(queued)
    return queued


def _changed(queued: QueuedTask) -> Problem:
    task, claim = queued.task, queued.claim
    said = "This task has changed meanwhile."
    if task.closed_at is not None:
        said = f"{task.closed_by} answered {task.answer}."
    elif claim is not None:
        said = f"{claim.name} works on this task now."
    return problem(RefusalCode.VERSION_MISMATCH, said)


async def _note(service: Service, claiming: Claiming, action: str, queued: QueuedTask) -> None:
    before = queued.claim
    await write_audit(
        service,
        claiming.staff,
        action,
        session_ids=(queued.task.session_id,),
        task_id=queued.task.id,
        reason=claiming.reason,
        facts={"from": before.name} if before else {},
    )
