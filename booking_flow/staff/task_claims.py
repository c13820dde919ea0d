"""Who works on which task: taking one, giving it back, and leaving a colleague's alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from booking_flow.errors import RefusalCode, Refused, invalid, refuse
from booking_flow.model.audit import AuditEntry
from booking_flow.ports import StoredTask, TaskStore
from booking_flow.staff.people import Role, StaffMember


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskWish:
    """A wish to take a task or to give it back, by who saw it at one of these versions."""

    staff: StaffMember
    task_id: UUID | None
    seen: frozenset[int]
    reason: str | None = None


class TaskClaims:
    """Takes tasks for people and gives them back."""

    def __init__(self, tasks: TaskStore) -> None:
        """Take where tasks are kept."""
        self._tasks = tasks

    async def claim(self, wish: TaskWish, *, takeover: bool = False) -> None:
        """Work on a task from now on; a colleague's is taken over only with a reason.

        Raises:
            Refused: it was answered or changed meanwhile, or a colleague works on it.
        """
        task, staff = await self._seen(wish), wish.staff
        if not takeover:
            ensure_free(task, staff)
        elif wish.reason is None:
            raise Refused(invalid("/reason", "is needed to take a task over"))
        if staff.account_id is None:
            raise refuse(RefusalCode.FORBIDDEN, "Only who has an account takes tasks.")
        taken = await self._tasks.claim(
            task.id,
            account_id=staff.account_id,
            name=staff.name,
            seen=wish.seen,
            takeover=takeover,
            audit=_entry("claim_task", wish, task),
        )
        await self._ensure_done(wish, done=taken)

    async def hand_back(self, wish: TaskWish) -> None:
        """Leave a task to others; a supervisor may do so for a colleague.

        Raises:
            Refused: nobody works on it, or somebody else does, or it changed meanwhile.
        """
        task, staff = await self._seen(wish), wish.staff
        if task.claim is None:
            raise refuse(RefusalCode.WRONG_STATE, "Nobody works on this task.")
        anybodys = staff.role.includes(Role.SUPERVISOR)
        if not anybodys:
            ensure_free(task, staff)
        given = await self._tasks.hand_back(
            task.id,
            account_id=staff.account_id,
            seen=wish.seen,
            anybodys=anybodys,
            audit=_entry("hand_back_task", wish, task),
        )
        await self._ensure_done(wish, done=given)

    async def _seen(self, wish: TaskWish) -> StoredTask:
        wish.staff.ensure(Role.AGENT)
        task = await task_of(self._tasks, wish.task_id)
        if task.closed_at is not None or task.version not in wish.seen:
            raise _changed(task)
        return task

    async def _ensure_done(self, wish: TaskWish, *, done: bool) -> None:
        if not done:
            raise _changed(await task_of(self._tasks, wish.task_id))


async def task_of(tasks: TaskStore, task_id: UUID | None) -> StoredTask:
    """Return a task, open or closed.

    Raises:
        Refused: there is none.
    """
    task = await tasks.task(task_id) if task_id else None
    if task is None:
        raise refuse(RefusalCode.NOT_FOUND, "There is no such task.")
    return task


def ensure_free(task: StoredTask, staff: StaffMember) -> None:
    """Let nobody answer or take what a colleague works on, unless they say so.

    Colleagues are told apart by their accounts: two may have one name.

    Raises:
        Refused: `wrong_state`, and who works on it.
    """
    claim = task.claim
    if claim is None or claim.account_id == staff.account_id or task.closed_at is not None:
        return
    raise refuse(
        RefusalCode.WRONG_STATE,
        f"{claim.name} works on this task; take it over if need be.",
        claimed_by=claim.name,
        claimed_at=stamp(claim.at),
    )


def stamp(moment: datetime) -> str:
    """Return a moment as facts of refusals tell it: in UTC, to the millisecond (RFC 3339)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _changed(task: StoredTask) -> Refused:
    said = "This task has changed meanwhile."
    if task.closed_at is not None:
        said = f"{task.closed_by} answered {task.answer}."
    elif task.claim is not None:
        said = f"{task.claim.name} works on this task now."
    return refuse(RefusalCode.VERSION_MISMATCH, said)


def _entry(action: str, wish: TaskWish, task: StoredTask) -> AuditEntry:
    return wish.staff.entry(
        action,
        session_ids=(task.session_id,),
        task_id=task.id,
        reason=wish.reason,
        facts={"from": task.claim.name} if task.claim else {},
    )
