"""Recovery: what a worker does with the work that waits, one piece at a time.

Nothing here decides; the steps of the saga do, each in its file of `booking_flow.steps`.
What to take, and how often, is the worker's affair.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from booking_flow.claim_journal import JournaledStep
from booking_flow.context import DecisionContext
from booking_flow.errors import Refused
from booking_flow.lifecycle import cancellation, collection
from booking_flow.model.change import Change
from booking_flow.model.history import ActorKind, Origin
from booking_flow.model.session import Loaded, Session, booking_of, open_step
from booking_flow.model.step import StepStatus
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.policy import Policy
from booking_flow.ports import (
    BookingLookup,
    CommitResult,
    ForgottenClaims,
    SessionStore,
    SpooledAnswer,
    TakenCheck,
    TakenStep,
    TakenUndo,
    WorkQueue,
)
from booking_flow.runtime.compensation import Compensation
from booking_flow.saga import EFFECTS, abandoned
from booking_flow.steps.book import BookResult, late_book, settle_book
from booking_flow.steps.forgotten import remembered
from booking_flow.steps.live_prices import line_record
from booking_flow.steps.pay import PayResult, late_pay, payment_checked, settle_pay
from booking_flow.steps.step import EvidenceSources, Finding
from booking_flow.supplier import CallContext, Supplier, SupplierCall
from booking_flow.unit_of_work import (
    CHANGED,
    RACES,
    Command,
    Decision,
    Rejected,
    UnitOfWork,
)

R = TypeVar("R")
Reconcile = Callable[[Session, EvidenceSources, CallContext], Awaitable[Finding]]
STUCK_AFTER = 8
"""After so many attempts an undo without a deadline goes to a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWork:
    """An open step to find out about."""

    taken: TakenStep
    loaded: Loaded | None = None
    """Its session after it was settled as unknown; None to look at it anew."""


class Recovery:
    """Finishes, finds out or undoes what others left."""

    def __init__(
        self,
        *,
        store: SessionStore,
        queue: WorkQueue,
        forgotten: ForgottenClaims,
        supplier: Supplier,
        lookup: BookingLookup,
        unit_of_work: UnitOfWork,
        compensation: Compensation,
        policy: Policy,
        new_id: Callable[[], UUID],
        worker: str,
    ) -> None:
        """`worker` names this process in the history."""
        self._store = store
        self._queue = queue
        self._forgotten = forgotten
        self._supplier = supplier
        self._sources = EvidenceSources(supplier=supplier, lookup=lookup)
        self._unit_of_work = unit_of_work
        self._compensation = compensation
        self._policy = policy
        self._new_id = new_id
        self._command = Command(origin=Origin(actor=ActorKind.WORKER, actor_name=worker))

    async def open_steps(self, taken: Sequence[TakenStep]) -> Sequence[StepWork]:
        """Settle abandoned steps together; return those to find out about, one by one.

        Each is settled under its own fence. One that lost it, or is refused, is among those that
        are returned, to be looked at by itself.
        """
        ours = {each.session_id: each for each in taken}
        found = [
            loaded
            for loaded in await self._store.load_each(ours)
            if _is_open(loaded.session, ours[loaded.session.id])
        ]
        settled = await self._unit_of_work.decide_each(found, _if_started, command=self._command)
        work = [
            StepWork(taken=ours[before.session.id], loaded=after)
            for before, after in zip(found, settled, strict=True)
        ]
        await self._queue.leave_to_people([each.taken for each in work if self._is_peoples(each)])
        return [each for each in work if self._is_left(each)]

    def _is_peoples(self, work: StepWork) -> bool:
        """Whether a step is unknown and nobody can be asked about it."""
        return _is_unknown(work) and not EFFECTS[work.taken.name].can_ask(self._sources)

    def _is_left(self, work: StepWork) -> bool:
        return work.loaded is None or (_is_unknown(work) and not self._is_peoples(work))

    async def open_step(self, taken: TakenStep, loaded: Loaded | None = None) -> None:
        """Settle an abandoned step, and find out about one that is unknown."""
        loaded = loaded or await self._unit_of_work.reload(taken.session_id)
        if not _is_open(loaded.session, taken):
            return
        step = EFFECTS[taken.name]
        if open_step(loaded.session).status is StepStatus.STARTED:
            loaded = await self._decide(loaded, _of(taken, abandoned))
        if step.reconcile is not None and _is_open(loaded.session, taken):
            await self._find_out(loaded, taken, step.reconcile)

    async def _decide(
        self, loaded: Loaded, decision: Decision, calls: Sequence[SupplierCall] = ()
    ) -> Loaded:
        return await self._unit_of_work.decide(loaded, decision, command=self._command, calls=calls)

    async def _find_out(self, loaded: Loaded, taken: TakenStep, reconcile: Reconcile) -> None:
        ctx = self._context(taken)
        finding = await reconcile(loaded.session, self._sources, ctx)
        if finding.decide is not None and await self._settled(loaded, taken, finding.decide, ctx):
            return
        # A call that is kept already is not kept twice.
        await self._queue.look_again(taken, after=finding.again, calls=ctx.calls)

    async def _settled(
        self, loaded: Loaded, taken: TakenStep, decision: Decision, ctx: CallContext
    ) -> bool:
        try:
            after = await self._decide(loaded, _of(taken, decision), ctx.calls)
        except Rejected:
            # It is another session's reservation; ours may still turn up.
            return False
        return not _is_open(after.session, taken)

    async def payment_check(self, taken: TakenCheck) -> None:
        """Compare a payment with what the line has received; unreadable, it is looked at later."""
        loaded = await self._unit_of_work.reload(taken.session_id)
        session, ctx = loaded.session, self._unit_of_work.context()
        number = booking_of(session).reservation
        found = await line_record(self._supplier, session, number, ctx=ctx)
        at = self._unit_of_work.at(loaded)
        change = payment_checked(session, found, taken, at)
        if change is None:
            await self._unit_of_work.keep(loaded, ctx.calls)
            return
        # Where somebody else was first, the task is closed, or it is looked at again.
        await self._unit_of_work.commit(change, command=self._command, calls=ctx.calls)

    async def late_answer(self, spooled: SpooledAnswer) -> None:
        """Enter an answer that could not be written when it came; it is the truth."""
        settled, shown = _late(spooled)

        def entered(session: Session, at: DecisionContext) -> Change | None:
            step = session.open_step
            if step is not None and step.id == spooled.step_id:
                return settled(session, at)
            return shown(session, at)

        loaded = await self._unit_of_work.reload(spooled.session_id)
        try:
            await self._decide(loaded, entered)
        except Rejected:
            # A constraint keeps it out of the books: people are shown it.
            await self._decide(loaded, shown)

    async def forgotten(self, session_id: UUID) -> None:
        """Enter what the database has forgotten of a session; somebody else may do the same.

        The clocks of the session are not looked at before: a hold that has lapsed since would hide
        that it was booked.
        """
        for _ in range(RACES):
            claims = await self._forgotten.waiting(session_id)
            if not claims or await self._remembered(session_id, claims):
                return
        raise Refused(CHANGED)

    async def _remembered(self, session_id: UUID, claims: Sequence[JournaledStep]) -> bool:
        loaded = await self._store.load(session_id)
        if loaded is not None:
            change = remembered(loaded.session, claims, self._unit_of_work.at(loaded))
            committed = await self._unit_of_work.commit(change, command=self._command)
            if committed.result in (CommitResult.DONE, CommitResult.LOST):
                return committed.result is CommitResult.DONE
        await self._forgotten.leave_to_staff([each.claim.step_id for each in claims])
        return True

    async def undo(self, taken: TakenUndo) -> None:
        """Let a cabin go that the supplier may still hold for nobody."""
        if taken.undo.lapsed(await self._store.now()):
            await self._queue.settle_undo(taken, done=True, calls=())
            return
        ctx = self._compensation.begin_undo(taken.undo)
        done = await self._compensation.let_go(taken.undo, taken.currency, ctx)
        task = None if done else await self._stuck(taken)
        await self._queue.settle_undo(taken, done=done, calls=ctx.calls, task=task)

    async def _stuck(self, taken: TakenUndo) -> StaffTask | None:
        if taken.undo.hold_until is not None or taken.attempts < STUCK_AFTER:
            return None
        loaded = await self._unit_of_work.reload(taken.session_id)
        at = DecisionContext(now=loaded.now, new_id=self._new_id, policy=self._policy)
        extra = {"itemKey": taken.undo.item_key}
        return cancellation.staff_task(
            loaded.session, TaskKind.UNDO_STUCK, at, step_id=taken.undo.id, extra=extra
        )

    async def clocks(self, session_id: UUID) -> None:
        """Enter what the clocks have done to a session, and end its unwinding if it can."""
        loaded = await self._unit_of_work.lapse(
            await self._unit_of_work.reload(session_id), command=self._command
        )
        if loaded.session.unwinding is not None:
            await self._compensation.finish_if_paid_back(loaded, command=self._command)

    async def clocks_each(self, session_ids: Sequence[UUID]) -> Sequence[UUID]:
        """Enter together what the clocks have done to sessions; return those that need more."""
        found = await self._store.load_each(session_ids)
        lapsed = await self._unit_of_work.decide_each(
            found, cancellation.lapse, command=self._command.by_clock
        )
        return [
            before.session.id
            for before, after in zip(found, lapsed, strict=True)
            if after is None or after.session.unwinding is not None
        ]

    async def collection(self, session_id: UUID) -> None:
        """Have staff collect what is due for a booking, and hear of it once it is late."""
        await self._decide(
            await self._unit_of_work.reload(session_id), collection.see_to_collection
        )

    async def remind(self, session_id: UUID) -> None:
        """Remind a guest of a balance that will be due soon."""
        await self._decide(await self._unit_of_work.reload(session_id), collection.remind)

    async def payment(self, session_id: UUID) -> None:
        """Begin to unwind a booking whose time is over that the line itself has set."""
        await self._decide(
            await self._unit_of_work.reload(session_id), cancellation.payment_overdue
        )

    def _context(self, taken: TakenStep) -> CallContext:
        ctx = self._unit_of_work.context()
        ctx.step_id = taken.step_id
        return ctx


def _late(spooled: SpooledAnswer) -> tuple[Decision, Decision]:
    """Return how an answer settles its step, and how it is shown when it comes too late."""
    if spooled.answer is not None:
        booked = BookResult(answer=spooled.answer, charge=spooled.charge)
        return _of_answer(settle_book, booked), _of_answer(late_book, booked)
    if spooled.paid is None or spooled.charge is None:
        raise ValueError("a spooled answer is one of book.pl or one of payment.pl")
    paid = PayResult(answer=spooled.paid, charge=spooled.charge)
    return _of_answer(settle_pay, paid), _of_answer(late_pay, paid)


def _of_answer(
    decide: Callable[[Session, R, DecisionContext], Change | None], answer: R
) -> Decision:
    def decision(session: Session, at: DecisionContext) -> Change | None:
        return decide(session, answer, at)

    return decision


def _of(taken: TakenStep, decision: Decision) -> Decision:
    """Decide only while the step is still ours: what was found of it settles no other."""

    def decide(session: Session, at: DecisionContext) -> Change | None:
        return decision(session, at) if _is_open(session, taken) else None

    return decide


def _is_open(session: Session, taken: TakenStep) -> bool:
    step = session.open_step
    return step is not None and step.id == taken.step_id and step.fence == taken.fence


def _if_started(session: Session, at: DecisionContext) -> Change | None:
    """Settle a step that nobody has settled yet."""
    return abandoned(session, at) if open_step(session).status is StepStatus.STARTED else None


def _is_unknown(work: StepWork) -> bool:
    """Whether a step was settled as unknown and is still to be found out about."""
    return work.loaded is not None and _is_open(work.loaded.session, work.taken)
