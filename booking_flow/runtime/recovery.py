"""Recovery: what a worker does with the work that waits, one piece at a time.

Nothing here decides; `booking_flow.steps.reconciliation` and `booking_flow.steps.resolution` do.
What to take, and how often, is the worker's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from booking_flow.claim_journal import JournaledStep
from booking_flow.errors import Refused
from booking_flow.lifecycle import cancellation
from booking_flow.model.change import Change
from booking_flow.model.history import ActorKind, Origin
from booking_flow.model.session import Loaded, Session
from booking_flow.model.step import StepName, StepStatus
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.policy import Policy
from booking_flow.ports import (
    BookingLookup,
    CommitResult,
    ForgottenClaims,
    Lookup,
    SessionStore,
    SpooledAnswer,
    TakenCheck,
    TakenStep,
    TakenUndo,
    WorkQueue,
)
from booking_flow.runtime.compensation import Compensation
from booking_flow.runtime.unit_of_work import (
    CHANGED,
    RACES,
    Command,
    Decision,
    Rejected,
    UnitOfWork,
)
from booking_flow.steps import book, outcomes, reconciliation, resolution
from booking_flow.steps.context import DecisionContext
from booking_flow.steps.hold import supplier_key
from booking_flow.steps.live_prices import line_record
from booking_flow.steps.pay import PayResult, booking_of, received, settle_pay
from booking_flow.supplier import CallContext, ImportedBooking, Supplier, SupplierCall
from booking_flow.supplier_errors import SupplierError

R = TypeVar("R")
LOOK_EVERY = timedelta(seconds=20)
"""How soon an unknown hold is looked for again."""
ASK_EVERY = timedelta(minutes=10)
"""How soon a look-up channel is asked again."""
STUCK_AFTER = 8
"""After so many attempts an undo without a deadline goes to a person."""


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
        self._lookup = lookup
        self._unit_of_work = unit_of_work
        self._compensation = compensation
        self._policy = policy
        self._new_id = new_id
        self._command = Command(origin=Origin(actor=ActorKind.WORKER, actor_name=worker))

    async def open_step(self, taken: TakenStep) -> None:
        """Settle an abandoned step, and find out about one that is unknown."""
        loaded = await self._unit_of_work.reload(taken.session_id)
        if not _is_open(loaded.session, taken):
            return
        if outcomes.open_step(loaded.session).status is StepStatus.STARTED:
            loaded = await self._decide(loaded, _of(taken, reconciliation.abandoned))
        if not _is_open(loaded.session, taken):
            return
        match taken.name:
            case StepName.ADD_TO_BASKET:
                await self._look_in_basket(loaded, taken)
            case StepName.BOOK:
                await self._look_up(loaded, taken)
            case _:
                await self._ask_the_line(loaded, taken)

    async def _decide(
        self, loaded: Loaded, decision: Decision, calls: Sequence[SupplierCall] = ()
    ) -> Loaded:
        return await self._unit_of_work.decide(loaded, decision, command=self._command, calls=calls)

    async def _look_in_basket(self, loaded: Loaded, taken: TakenStep) -> None:
        session, ctx = loaded.session, self._context(taken)
        try:
            answer = await self._supplier.basket(supplier_key(session), session.currency, ctx=ctx)
        except SupplierError:
            await self._settle_or_wait(loaded, taken, reconciliation.basket_unreadable, ctx)
            return

        def decision(session: Session, at: DecisionContext) -> Change | None:
            return reconciliation.found_in_basket(session, answer, at)

        await self._settle_or_wait(loaded, taken, decision, ctx)

    async def _settle_or_wait(
        self, loaded: Loaded, taken: TakenStep, decision: Decision, ctx: CallContext
    ) -> None:
        after = await self._decide(loaded, _of(taken, decision), ctx.calls)
        if _is_open(after.session, taken):
            await self._queue.look_again(taken, after=LOOK_EVERY, calls=())

    async def _look_up(self, loaded: Loaded, taken: TakenStep) -> None:
        ctx = self._context(taken)
        try:
            found = await self._lookup.find(loaded.session, ctx=ctx)
        except SupplierError:
            found = Lookup.NOT_THERE  # pragma: no mutate - anything but NO_CHANNEL asks again
        if isinstance(found, ImportedBooking) and not resolution.disagreements(
            loaded.session, found
        ):
            await self._enter(loaded, taken, found, ctx)
            return
        after = None if found is Lookup.NO_CHANNEL else ASK_EVERY
        await self._queue.look_again(taken, after=after, calls=ctx.calls)

    async def _enter(
        self, loaded: Loaded, taken: TakenStep, found: ImportedBooking, ctx: CallContext
    ) -> None:
        try:
            await self._decide(loaded, _of(taken, _booked(found)), ctx.calls)
        except Refused:
            # It is another session's reservation; ours may still turn up.
            await self._queue.look_again(taken, after=ASK_EVERY, calls=ctx.calls)

    async def _ask_the_line(self, loaded: Loaded, taken: TakenStep) -> None:
        session, ctx = loaded.session, self._context(taken)
        number = booking_of(session).reservation
        found = await line_record(self._supplier, session, number, ctx=ctx)
        charge = resolution.charge_of(outcomes.open_step(session))
        if charge is not None and received(session, charge, found):
            await self._decide(loaded, _of(taken, _paid(found)), ctx.calls)
            return
        await self._queue.look_again(taken, after=ASK_EVERY, calls=ctx.calls)

    async def payment_check(self, taken: TakenCheck) -> None:
        """Compare a payment with what the line has received; unreadable, it is looked at later."""
        loaded = await self._unit_of_work.reload(taken.session_id)
        session, ctx = loaded.session, self._unit_of_work.context()
        number = booking_of(session).reservation
        found = await line_record(self._supplier, session, number, ctx=ctx)
        at = self._unit_of_work.at(loaded)
        change = reconciliation.payment_checked(session, found, taken, at)
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
            change = reconciliation.remembered(
                loaded.session, claims, self._unit_of_work.at(loaded)
            )
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

    async def payment(self, session_id: UUID) -> None:
        """Begin to unwind a booking whose payment deadline has passed."""
        await self._decide(
            await self._unit_of_work.reload(session_id), reconciliation.payment_overdue
        )

    def _context(self, taken: TakenStep) -> CallContext:
        ctx = self._unit_of_work.context()
        ctx.step_id = taken.step_id
        return ctx


def _late(spooled: SpooledAnswer) -> tuple[Decision, Decision]:
    """Return how an answer settles its step, and how it is shown when it comes too late."""
    if spooled.answer is not None:
        asked = book.BookResult(answer=spooled.answer, charge=spooled.charge)
        return _of_answer(book.settle_book, asked), _of_answer(reconciliation.late_book, asked)
    if spooled.paid is None or spooled.charge is None:
        raise ValueError("a spooled answer is one of book.pl or one of payment.pl")
    paid = PayResult(answer=spooled.paid, charge=spooled.charge)
    return _of_answer(settle_pay, paid), _of_answer(reconciliation.late_pay, paid)


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


def _booked(found: ImportedBooking) -> Decision:
    def decide(session: Session, at: DecisionContext) -> Change:
        return resolution.booked_after_all(session, found, at)

    return decide


def _paid(found: ImportedBooking | None) -> Decision:
    def decide(session: Session, at: DecisionContext) -> Change:
        return resolution.paid_after_all(session, at, record=found)

    return decide


def _is_open(session: Session, taken: TakenStep) -> bool:
    step = session.open_step
    return step is not None and step.id == taken.step_id and step.fence == taken.fence
