"""Settling: what came of a call is written, whatever is in the way of that.

An answer to an effect is the only trace of what was done at the supplier. So nothing leaves here
before it is in the database or in the spool. Every error is held to be passing: the answer is kept
aside, operators are told once, and it is tried again. What the database never takes becomes less
from try to try: first the evidence of the calls goes, and last the outcome becomes an unknown one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from booking_flow.claim_journal import end_of
from booking_flow.errors import Refused
from booking_flow.model.change import Change
from booking_flow.model.session import Loaded, Session, open_step
from booking_flow.model.step import OpenStep, StepName
from booking_flow.ports import (
    ClaimJournal,
    CommitResult,
    Spool,
    StoreUnavailable,
    Watch,
)
from booking_flow.steps import outcomes
from booking_flow.steps.step import EffectStep
from booking_flow.supplier import CallContext, SupplierCall
from booking_flow.supplier_errors import FailureKind, SupplierError
from booking_flow.unit_of_work import Command, UnitOfWork

R = TypeVar("R")
PERSISTENT = 3
"""So many unforeseen errors in a row are no accident: less is written from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnd:
    """How an effectful step ended, as committed."""

    loaded: Loaded
    change: Change | None = None
    """None when another had settled it meanwhile, or when it is still to be written."""


class _NotTaken(Exception):  # noqa: N818 - says what the database did
    """The database refuses a commit, and will whenever it is tried."""

    def __init__(self, by: CommitResult) -> None:
        super().__init__(by.value)
        self.by = by


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft(Generic[R]):
    """What is to be written: the outcome, and the evidence of the calls."""

    ended: R | outcomes.Failure
    calls: Sequence[SupplierCall]

    @property
    def doubtful(self) -> bool:
        return isinstance(self.ended, outcomes.Failure) and not self.ended.certain

    def less(self, by: CommitResult, name: StepName, said: Mapping[str, str]) -> _Draft[R]:
        """Return what can still be written; `said` is what the answer told in plain words."""
        if by is CommitResult.UNFIT and self.calls:
            return replace(self, calls=())
        if isinstance(self.ended, outcomes.Failure):
            return replace(self, ended=replace(self.ended, said=outcomes.NOTHING), calls=())
        broken = SupplierError(FailureKind.BROKEN, endpoint=name.value)
        return replace(self, ended=outcomes.Failure(error=broken, said=said))


@dataclass(slots=True, kw_only=True)
class Settlement(Generic[R]):
    """Brings what came of one call into the database."""

    step: EffectStep[Any, R]
    claimed: Loaded
    answer: R | outcomes.Failure
    ctx: CallContext
    command: Command
    lease: float
    """Seconds after which a worker may take the step over."""
    unit_of_work: UnitOfWork
    pause: Callable[[int], Awaitable[None]]
    watch: Watch
    spool: Spool | None
    journal: ClaimJournal
    _loaded: Loaded = field(init=False)
    _draft: _Draft[R] = field(init=False)
    _said: Mapping[str, str] = field(init=False, default_factory=lambda: outcomes.NOTHING)
    _unconfirmed: list[Change] = field(init=False, default_factory=list)
    _attempts: int = field(init=False, default=0)
    _faults: int = field(init=False, default=0)
    _spooled: bool = field(init=False, default=False)
    _journaled: bool = field(init=False, default=False)
    _gone: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        """Begin from the claimed session, with all that came."""
        self._loaded = self.claimed
        self._draft = _Draft(ended=self.answer, calls=self.ctx.calls)

    @property
    def _open_step(self) -> OpenStep:
        return open_step(self.claimed.session)

    async def write(self) -> StepEnd:
        """Write it; where the database stays away, leave it to the spool when the lease ends."""
        try:
            while True:
                ended = await self._tried()
                if ended is not None:
                    return ended
        finally:
            if self._attempts:
                self.watch.ended(self._open_step.id)

    async def _tried(self) -> StepEnd | None:
        """Try once; None to try again."""
        try:
            ended = await self._attempt()
        except Exception as fault:
            await self._endure(fault)
            if self._left_to_others():
                return StepEnd(loaded=self.claimed)
            await self.pause(self._attempts)
            return None
        if ended is not None:
            await self._forget()
        return ended

    async def _attempt(self) -> StepEnd | None:
        loaded = self._loaded
        for entered in self._unconfirmed:
            if _same(entered.after, loaded.session):
                return StepEnd(loaded=loaded, change=entered)
        change = await self._change()
        if change is None:
            await self.unit_of_work.keep(self._loaded, self._draft.calls)
            return StepEnd(loaded=self._loaded)
        await self._journal_end(change)
        # Until its end is known a commit may have been made, even where it seems to have failed.
        self._unconfirmed.append(change)
        committed = await self.unit_of_work.commit(
            change, command=self.command, calls=self._draft.calls
        )
        self._unconfirmed.pop()
        if committed.result is CommitResult.DONE:
            after = Loaded(session=change.after, now=committed.now)
            return StepEnd(loaded=after, change=change if change.settle else None)
        if committed.result is not CommitResult.LOST:
            raise _NotTaken(committed.result)
        self._loaded = await self.unit_of_work.reload(loaded.session.id)
        return None

    async def _journal_end(self, change: Change) -> None:
        """Write down once how the step has ended, as it was judged at first."""
        end = end_of(change)
        if self._journaled or end is None or not self.step.forward:
            return
        self._journaled = True
        await self.journal.ended(end)

    async def _change(self) -> Change | None:
        """Return what the answer changes: it settles its step, or comes too late for that."""
        session = self._loaded.session
        if _settles(self._draft.doubtful, self.claimed.session, session):
            at = self.unit_of_work.at(self._loaded)
            change = self.step.settle(session, self._draft.ended, at)
            # What was said first is the whole of it; what is left after a cut says less.
            if change.settle is not None and not self._said:
                self._said = change.settle.evidence
            return change
        if self.step.late is None:
            return None
        self._loaded = await self.unit_of_work.lapse(self._loaded, command=self.command)
        # However little of it could be written in time, people are shown what was answered.
        return self.step.late(self._loaded.session, self.answer, self.unit_of_work.at(self._loaded))

    async def _endure(self, fault: Exception) -> None:
        """Keep the answer aside, tell operators once, and learn what can still be written."""
        self._attempts += 1
        if not self._spooled:
            self._spooled = await self._keep()
        match fault:
            case _NotTaken():
                self._write_less(fault.by)
            case Refused():
                # The session is not in this database: nothing can be written to it.
                self._give_up()
            case _:
                self._told(fault)

    def _told(self, fault: Exception) -> None:
        if not isinstance(fault, StoreUnavailable):
            self._faults += 1
            if self._faults % PERSISTENT == 0:
                self._write_less(CommitResult.UNFIT)
        if self._attempts == 1 or self._faults == 1:
            self.watch.waits(self._open_step.name, self._open_step.id, fault)

    def _write_less(self, by: CommitResult) -> None:
        before = self._draft
        self._draft = before.less(by, self._open_step.name, self._said)
        if self._draft == before:
            self._give_up()
        elif self._draft.doubtful and not before.doubtful:
            self.watch.cut(self._open_step.name, self._open_step.id, self._said)

    def _give_up(self) -> None:
        """Leave it to operators and to the worker, which finds the step abandoned."""
        self._gone = True
        self.watch.cut(self._open_step.name, self._open_step.id, self._said)

    def _left_to_others(self) -> bool:
        """Whether a worker finds the same as is waiting here, once it may take the step."""
        if self._gone:
            return True
        found_by_others = self._spooled or self._draft.doubtful
        return found_by_others and self.unit_of_work.since(self.ctx) > self.lease

    async def _keep(self) -> bool:
        spooled = self.step.spooled
        if self.spool is None or spooled is None or isinstance(self.answer, outcomes.Failure):
            return False
        return await self.spool.keep(spooled(self.claimed.session, self.answer))

    async def _forget(self) -> None:
        if self.spool is not None and self.step.spooled is not None:
            await self.spool.drop(self._open_step.id)


def _settles(doubtful: bool, claimed: Session, present: Session) -> bool:
    """Whether what came of a call still settles its step: a doubt only for whoever has the fence.

    A call is made once for a claim, so what it certainly came to is the truth, however late. An
    unknown outcome that comes after a worker has taken the step over tells nothing new.
    """
    ours, open_now = open_step(claimed), present.open_step
    if open_now is None or open_now.id != ours.id:
        return False
    return open_now.fence == ours.fence or not doubtful


def _same(one: Session, other: Session) -> bool:
    """Whether two values of a session are one.

    The moment at which its step was stored is the database's, and the prices that a guest was shown
    are left out by who waits for long.
    """
    steps = [session.open_step and session.open_step.id for session in (one, other)]
    return steps[0] == steps[1] and _compared(one) == _compared(other)


def _compared(session: Session) -> Session:
    return replace(session, open_step=None, quote=None)
