"""The desk: what staff answer to their tasks, checked before it is believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from booking_flow.errors import Fault, Refusal, RefusalCode, Refused, invalid, refuse
from booking_flow.model.change import Change, TaskClosing, begin
from booking_flow.model.history import EventKind, Origin
from booking_flow.model.session import Loaded, Session
from booking_flow.ports import StoredTask, TaskStore
from booking_flow.runtime.unit_of_work import Command, Decider
from booking_flow.saga import TaskKind
from booking_flow.steps import resolution
from booking_flow.steps.context import Moment
from booking_flow.steps.live_prices import line_record
from booking_flow.supplier import ImportedBooking, Supplier


class AnswerKind(StrEnum):
    """What a person can find out."""

    RESERVATION = "reservation"
    NOT_BOOKED = "not_booked"
    PAID = "paid"
    NOT_PAID = "not_paid"
    LINE_CANCELLED = "line_cancelled"
    LINE_REFUSED = "line_refused"
    DONE = "done"


POSSIBLE = {
    TaskKind.BOOK_UNKNOWN: (AnswerKind.RESERVATION, AnswerKind.NOT_BOOKED),
    TaskKind.PAY_UNKNOWN: (AnswerKind.PAID, AnswerKind.NOT_PAID),
    TaskKind.CANCEL_WITH_LINE: (AnswerKind.LINE_CANCELLED, AnswerKind.LINE_REFUSED),
    TaskKind.PRICE_MISMATCH: (AnswerKind.DONE,),
    TaskKind.SAILING_MISMATCH: (AnswerKind.DONE,),
    TaskKind.REFUND: (AnswerKind.DONE,),
    TaskKind.PAYMENT_UNCHECKED: (AnswerKind.DONE,),
    TaskKind.CONFLICT: (AnswerKind.DONE,),
    TaskKind.UNDO_STUCK: (AnswerKind.DONE,),
    TaskKind.FORGOTTEN: (AnswerKind.DONE,),
}
"""Which answers settle which task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAnswer:
    """One answer to one task, by whoever saw it at `version`."""

    task_id: UUID
    version: int
    kind: AnswerKind
    reservation: str | None = None
    note: str | None = None
    supervisor: bool = False
    """May take a reservation that disagrees with the attempt, or that cannot be read."""


class Desk:
    """Takes answers to staff tasks; competing answers are decided by the task's version."""

    def __init__(self, *, tasks: TaskStore, supplier: Supplier, decider: Decider) -> None:
        """Answers are verified at the supplier where it can be asked."""
        self._tasks = tasks
        self._supplier = supplier
        self._decider = decider

    async def answer(self, answer: TaskAnswer, *, origin: Origin) -> Loaded | None:
        """Carry an answer out and close its task in the same commit; return its session.

        None for a forgotten claim, which stands for itself: its session may be gone.

        Raises:
            Refused: the answer does not fit, comes too early, or contradicts the line's record.
        """
        task = await self._task(answer)
        if task.kind is TaskKind.FORGOTTEN:
            await self._close(answer, origin)
            return None
        loaded = await self._decider.reload(task.session_id)
        _ensure_due(task, answer, loaded)
        carry_out = await self._prepared(task, answer, loaded.session)
        closing = TaskClosing(task_id=task.id, version=answer.version, answer=_words(answer))

        def decision(session: Session, at: Moment) -> Change:
            return replace(carry_out(session, at), closes=closing)

        try:
            return await self._decider.decide(loaded, decision, command=Command(origin=origin))
        except Refused as refused:
            if refused.refusal.code is RefusalCode.IN_PROGRESS:
                # Every commit was lost: where somebody answered first, say who did.
                await self._task(answer)
            raise

    async def _close(self, answer: TaskAnswer, origin: Origin) -> None:
        said, name = _words(answer), origin.actor_name or origin.actor.value
        if not await self._tasks.close(
            answer.task_id, version=answer.version, answer=said, name=name
        ):
            await self._task(answer)
            raise refuse(RefusalCode.VERSION_MISMATCH, "It changed.")

    async def _task(self, answer: TaskAnswer) -> StoredTask:
        task = await self._tasks.task(answer.task_id)
        if task is None:
            raise refuse(RefusalCode.SESSION_NOT_FOUND, "This task is not known.")
        if task.closed_at is not None or task.version != answer.version:
            said = f"{task.closed_by} answered {task.answer}." if task.closed_at else "It changed."
            raise refuse(RefusalCode.VERSION_MISMATCH, said)
        if answer.kind not in POSSIBLE[task.kind]:
            raise refuse(
                RefusalCode.VALIDATION_FAILED, f"{answer.kind} does not answer {task.kind}."
            )
        return task

    async def _prepared(
        self, task: StoredTask, answer: TaskAnswer, session: Session
    ) -> Callable[[Session, Moment], Change]:
        if answer.kind is not AnswerKind.RESERVATION:
            return _plain(task, answer)
        _ensure_step(session, task)
        found = await self._verified(answer, session)

        def carry_out(session: Session, at: Moment) -> Change:
            _ensure_step(session, task)
            return resolution.booked_after_all(session, found, at)

        return carry_out

    async def _verified(self, answer: TaskAnswer, session: Session) -> ImportedBooking:
        number = answer.reservation
        if not number:
            raise Refused(invalid("/reservation", "is needed"))
        ctx = self._decider.context()
        found = await line_record(self._supplier, session, number, ctx=ctx)
        if found is None:
            return _unseen(number, answer)
        differences = resolution.disagreements(session, found)
        if differences and not answer.supervisor:
            raise Refused(_both_sides(differences))
        return found


def _ensure_due(task: StoredTask, answer: TaskAnswer, loaded: Loaded) -> None:
    due = task.not_before
    if answer.kind is not AnswerKind.NOT_BOOKED or due is None:
        return
    if loaded.now < due:  # pragma: no mutate - the very moment decides nothing
        when = due.isoformat(timespec="seconds")
        raise refuse(RefusalCode.WRONG_STATE, f"Not before {when}: it may still turn up.")


def _ensure_step(session: Session, task: StoredTask) -> None:
    step = session.open_step
    if step is None or step.id != task.step_id or not step.unknown:
        raise refuse(RefusalCode.WRONG_STATE, "This step is no longer open.")


def _unseen(number: str, answer: TaskAnswer) -> ImportedBooking:
    if not answer.supervisor:
        raise refuse(
            RefusalCode.WRONG_STATE,
            "The line's record could not be read: a supervisor must confirm this reservation.",
        )
    return ImportedBooking(
        reservation=number,
        status="Booked",
        cruise_id=None,
        sailing_date=None,
        grade_code=None,
        price=None,
        received=None,
        booked_on=None,
        lead_surname=None,
        passengers=None,
    )


def _both_sides(differences: tuple[resolution.Disagreement, ...]) -> Refusal:
    return Refusal(
        code=RefusalCode.WRONG_STATE,
        detail="The line's record disagrees with the attempt; a supervisor must decide.",
        errors=tuple(
            Fault(pointer=f"/{found.fact}", detail=f"ours {found.ours}, the line's {found.theirs}")
            for found in differences
        ),
    )


def _plain(task: StoredTask, answer: TaskAnswer) -> Callable[[Session, Moment], Change]:
    def carry_out(session: Session, at: Moment) -> Change:
        match answer.kind:
            case AnswerKind.NOT_BOOKED:
                _ensure_step(session, task)
                return resolution.not_booked(session, at)
            case AnswerKind.PAID:
                _ensure_step(session, task)
                return resolution.paid_after_all(session, at)
            case AnswerKind.NOT_PAID:
                _ensure_step(session, task)
                return resolution.not_paid(session, at)
            case AnswerKind.LINE_CANCELLED:
                return resolution.line_cancelled(session, reason=answer.note)
            case AnswerKind.LINE_REFUSED:
                return resolution.line_refused(session, reason=answer.note)
            case _:
                return begin(session).record(EventKind.NOTE, reason=answer.note or "done")

    return carry_out


def _words(answer: TaskAnswer) -> str:
    return " ".join(filter(None, (answer.kind.value, answer.reservation)))
