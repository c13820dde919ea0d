"""The desk: what staff answer to their tasks, checked before it is believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from booking_flow.context import DecisionContext
from booking_flow.errors import Fault, Refusal, RefusalCode, Refused, invalid, refuse
from booking_flow.lifecycle import cancellation, line_cancellation, record_payment, refund
from booking_flow.lifecycle.correct import answer_name
from booking_flow.lifecycle.duplicate import end_duplicate
from booking_flow.model.audit import AuditEntry
from booking_flow.model.change import Change, TaskClosing, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import DuplicateStatus, Loaded, Session, booking_of
from booking_flow.model.task import TaskKind
from booking_flow.ports import Audit, StoredTask, TaskStore
from booking_flow.staff.people import Role, StaffMember
from booking_flow.staff.task_claims import ensure_free, stamp, task_of
from booking_flow.steps.book import booked_after_all, not_booked
from booking_flow.steps.line_comparison import Disagreement, disagreements
from booking_flow.steps.live_prices import line_record
from booking_flow.steps.pay import not_paid, paid_after_all
from booking_flow.supplier import ImportedBooking, Supplier
from booking_flow.unit_of_work import Command, UnitOfWork

Decided = Callable[[Session, DecisionContext], Change]
"""What an answer makes of a session."""


class AnswerKind(StrEnum):
    """What a person can find out."""

    RESERVATION = "reservation"
    NOT_BOOKED = "not_booked"
    PAID = "paid"
    NOT_PAID = "not_paid"
    LINE_CANCELLED = "line_cancelled"
    LINE_REFUSED = "line_refused"
    RECEIVED = "received"
    """What is due now was received outside."""
    CANCEL_BOOKING = "cancel_booking"
    """It will not be paid: the line is to cancel it."""
    SECOND_CANCELLED = "second_cancelled"
    """Of two reservations the second is cancelled and refunded."""
    FIRST_CANCELLED = "first_cancelled"
    """The first is, and the second stands."""
    REFUNDED = "refunded"
    """The line keeps so much of a cancelled booking, and the rest has gone back."""
    DONE = "done"


POSSIBLE = {
    TaskKind.BOOK_UNKNOWN: (AnswerKind.RESERVATION, AnswerKind.NOT_BOOKED),
    TaskKind.PAY_UNKNOWN: (AnswerKind.PAID, AnswerKind.NOT_PAID),
    TaskKind.CANCEL_WITH_LINE: (AnswerKind.LINE_CANCELLED, AnswerKind.LINE_REFUSED),
    TaskKind.COLLECT_PAYMENT: (AnswerKind.RECEIVED, AnswerKind.CANCEL_BOOKING),
    TaskKind.CANCELLATION_REFUND: (AnswerKind.REFUNDED,),
    TaskKind.DUPLICATE_BOOKING: (AnswerKind.SECOND_CANCELLED, AnswerKind.FIRST_CANCELLED),
    TaskKind.PRICE_MISMATCH: (AnswerKind.DONE,),
    TaskKind.SAILING_MISMATCH: (AnswerKind.DONE,),
    TaskKind.REFUND: (AnswerKind.DONE,),
    TaskKind.PAYMENT_UNCHECKED: (AnswerKind.DONE,),
    TaskKind.CONFLICT: (AnswerKind.DONE,),
    TaskKind.UNDO_STUCK: (AnswerKind.DONE,),
    TaskKind.PASS_ON_REQUESTS: (AnswerKind.DONE,),
    TaskKind.CORRECT_NAME: (AnswerKind.DONE, AnswerKind.LINE_REFUSED),
    TaskKind.MAIL_UNDELIVERED: (AnswerKind.DONE,),
    TaskKind.ERASURE_REQUESTED: (AnswerKind.DONE,),
    TaskKind.FORGOTTEN: (AnswerKind.DONE,),
}
"""Which answers settle which task."""
_OF_OPEN_STEPS = (
    AnswerKind.RESERVATION,
    AnswerKind.NOT_BOOKED,
    AnswerKind.PAID,
    AnswerKind.NOT_PAID,
)
"""Answers about a step whose outcome is unknown."""
_OVERTAKEN = (RefusalCode.WRONG_STATE, RefusalCode.IN_PROGRESS, RefusalCode.VERSION_MISMATCH)
"""Refusals behind which there may be another answer that came first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAnswer:
    """One answer to one task, by whoever saw it at one of the versions `seen`."""

    task_id: UUID | None
    seen: frozenset[int]
    kind: AnswerKind
    reservation: str | None = None
    note: str | None = None
    override: bool = False
    """Takes a reservation that disagrees with the attempt, or that cannot be read."""
    takeover: bool = False
    """Answers what a colleague works on."""
    kept: Decimal | None = None
    """What the line keeps of a cancelled booking, in the currency that was paid."""

    @property
    def words(self) -> str:
        """Return the answer in a few words, as the closed task keeps it."""
        return " ".join(filter(None, (self.kind.value, self.reservation)))


class Desk:
    """Takes answers to staff tasks; competing answers are decided by the task's version."""

    def __init__(
        self, *, tasks: TaskStore, supplier: Supplier, unit_of_work: UnitOfWork, audit: Audit
    ) -> None:
        """Answers are verified at the supplier where it can be asked."""
        self._tasks = tasks
        self._supplier = supplier
        self._unit_of_work = unit_of_work
        self._audit = audit

    async def answer(self, answer: TaskAnswer, *, by: StaffMember) -> Loaded | None:
        """Carry an answer out and close its task, with a line in the audit, in one commit.

        Returns its session; None for a forgotten claim, which stands for itself.

        Raises:
            Refused: it is not theirs to give, another answer came first, it does not fit, comes
                too early, or contradicts the line's record.
        """
        by.ensure(Role.AGENT)
        if answer.override:
            by.ensure(Role.SUPERVISOR, "Only a supervisor overrides the line's record.")
        task = await task_of(self._tasks, answer.task_id)
        if not answer.takeover and task.version in answer.seen:
            ensure_free(task, by)
        audit = _entry(answer, task, by)
        try:
            return await self._carry_out(answer, task, by, audit)
        except Refused as refused:
            code = refused.refusal.code.value
            await self._audit.write(replace(audit, facts={**audit.facts, "refused": code}))
            if refused.refusal.code in _OVERTAKEN:
                ensure_unanswered(await task_of(self._tasks, task.id), answer)
            raise

    async def answer_each(
        self, answers: Sequence[TaskAnswer], *, by: StaffMember
    ) -> Mapping[UUID | None, Refusal]:
        """Answer several tasks of one cause, each by itself; return which were refused, and why."""
        refusals: dict[UUID | None, Refusal] = {}
        for answer in answers:
            try:
                await self.answer(answer, by=by)
            except Refused as refused:
                refusals[answer.task_id] = refused.refusal
        return refusals

    async def _carry_out(
        self, answer: TaskAnswer, task: StoredTask, by: StaffMember, audit: AuditEntry
    ) -> Loaded | None:
        _ensure_fits(task, answer)
        if task.kind is TaskKind.FORGOTTEN:
            await self._close(answer, task, by, audit)
            return None
        loaded = await self._unit_of_work.reload(task.session_id)
        _ensure_due(task, answer, loaded)
        carry_out = await self._prepared(task, answer, loaded.session)
        closing = TaskClosing(task_id=task.id, version=task.version, answer=answer.words)

        def decision(session: Session, at: DecisionContext) -> Change:
            if answer.kind in _OF_OPEN_STEPS:
                _ensure_step(session, task)
            return replace(carry_out(session, at), closes=closing)

        command = Command(origin=by.origin, audit=audit)
        return await self._unit_of_work.decide(loaded, decision, command=command)

    async def _close(
        self, answer: TaskAnswer, task: StoredTask, by: StaffMember, audit: AuditEntry
    ) -> None:
        if not await self._tasks.close(
            task.id, version=task.version, answer=answer.words, name=by.name, audit=audit
        ):
            raise refuse(RefusalCode.VERSION_MISMATCH, "It changed.")

    async def _prepared(self, task: StoredTask, answer: TaskAnswer, session: Session) -> Decided:
        """Look first at the line's record, where an answer is compared with it."""
        if answer.kind not in (AnswerKind.RESERVATION, AnswerKind.NOT_PAID):
            return _answered(task, answer)
        _ensure_step(session, task)
        if answer.kind is AnswerKind.RESERVATION:
            return _booked(await self._verified(answer, session))
        return _not_paid(await self._record(booking_of(session).reservation, session), task)

    async def _record(self, number: str, session: Session) -> ImportedBooking | None:
        ctx = self._unit_of_work.context()
        return await line_record(self._supplier, session, number, ctx=ctx)

    async def _verified(self, answer: TaskAnswer, session: Session) -> ImportedBooking:
        number = answer.reservation
        if not number:
            raise Refused(invalid("/reservation", "is needed"))
        found = await self._record(number, session)
        if found is None:
            return _unseen(number, answer)
        differences = disagreements(session, found)
        if differences and not answer.override:
            raise Refused(_both_sides(differences))
        return found


def ensure_unanswered(task: StoredTask, answer: TaskAnswer) -> None:
    """Tell who comes second both answers.

    Raises:
        Refused: `version_mismatch`, somebody has answered.
    """
    if task.closed_at is None:
        return
    raise refuse(
        RefusalCode.VERSION_MISMATCH,
        f"{task.closed_by} answered {task.answer} first.",
        answered=task.answer or "",
        answered_by=task.closed_by or "",
        answered_at=stamp(task.closed_at),
        your_answer=answer.words,
    )


def _ensure_fits(task: StoredTask, answer: TaskAnswer) -> None:
    ensure_unanswered(task, answer)
    if task.version not in answer.seen:
        raise refuse(RefusalCode.VERSION_MISMATCH, "It changed.")
    if answer.kind not in POSSIBLE[task.kind]:
        raise refuse(RefusalCode.VALIDATION_FAILED, f"{answer.kind} does not answer {task.kind}.")


def _entry(answer: TaskAnswer, task: StoredTask, by: StaffMember) -> AuditEntry:
    return by.entry(
        "answer_task",
        session_ids=(task.session_id,),
        task_id=task.id,
        reason=answer.note,
        facts={"answer": answer.words, "override": str(answer.override).lower()},
    )


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
    if not answer.override:
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


def _both_sides(differences: tuple[Disagreement, ...]) -> Refusal:
    return Refusal(
        code=RefusalCode.WRONG_STATE,
        detail="The line's record disagrees with the attempt; a supervisor must decide.",
        errors=tuple(
            Fault(pointer=f"/{found.fact}", detail=f"ours {found.ours}, the line's {found.theirs}")
            for found in differences
        ),
    )


def _name_answered(session: Session, task: StoredTask, answer: TaskAnswer) -> Change:
    done = answer.kind is AnswerKind.DONE
    return answer_name(session, task.id, done=done, reason=answer.note)


def _comes_to(  # noqa: C901 - one case for each kind of answer
    session: Session, at: DecisionContext, task: StoredTask, answer: TaskAnswer
) -> Change:
    """Return what an answer comes to that needs no look at the line's record."""
    reason = answer.note
    match answer.kind:
        case AnswerKind.NOT_BOOKED:
            change = not_booked(session, at)
        case AnswerKind.PAID:
            change = paid_after_all(session, at)
        case AnswerKind.LINE_CANCELLED:
            change = line_cancellation.line_cancelled(session, at, reason=reason)
        case AnswerKind.LINE_REFUSED:
            change = line_cancellation.line_refused(session, at, reason=reason)
        case AnswerKind.RECEIVED:
            change = record_payment.received_in_full(session, reason=reason)
        case AnswerKind.CANCEL_BOOKING:
            change = cancellation.cancel_unpaid(session, at, reason=reason)
        case AnswerKind.REFUNDED:
            change = refund.refunded(session, answer.kept, reason=reason)
        case AnswerKind.SECOND_CANCELLED:
            change = _duplicate_ended(session, task, DuplicateStatus.CANCELLED, reason)
        case AnswerKind.FIRST_CANCELLED:
            change = _duplicate_ended(session, task, DuplicateStatus.STANDS, reason)
        case AnswerKind.DONE:
            change = begin(session).record(EventKind.NOTE, reason=reason or "done")
        case AnswerKind.RESERVATION | AnswerKind.NOT_PAID:  # pragma: no cover - see _prepared
            raise AssertionError
        case never:
            assert_never(never)
    return change


def _duplicate_ended(
    session: Session, task: StoredTask, status: DuplicateStatus, reason: str | None
) -> Change:
    return end_duplicate(session, task.facts["duplicate"], status, reason=reason)


def _booked(found: ImportedBooking) -> Decided:
    return lambda session, at: booked_after_all(session, found, at)


def _not_paid(record: ImportedBooking | None, task: StoredTask) -> Decided:
    """Have what was taken all the same refunded, by the record or by what the answer told."""
    return lambda session, at: not_paid(session, at, record=record, said=task.facts)


def _answered(task: StoredTask, answer: TaskAnswer) -> Decided:
    def carry_out(session: Session, at: DecisionContext) -> Change:
        if task.kind is TaskKind.CORRECT_NAME:
            return _name_answered(session, task, answer)
        return _comes_to(session, at, task, answer)

    return carry_out
