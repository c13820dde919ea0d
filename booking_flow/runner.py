"""The protocol of a step: decide and commit; claim, call and settle; pay back owed undos."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from booking_flow.change import Change, IdempotencyBinding, begin
from booking_flow.failures import FailureKind, SupplierError
from booking_flow.history import ActorKind, Origin
from booking_flow.policy import Policy
from booking_flow.ports import (
    CommitResult,
    Committed,
    SessionStore,
    Spool,
    SpooledAnswer,
    StoreUnavailable,
)
from booking_flow.refusals import Refusal, RefusalCode
from booking_flow.refused import Refused, refuse
from booking_flow.saga import STEPS, OwedUndo, StepKind, StepName, StepStatus
from booking_flow.session import Loaded, Session
from booking_flow.steps import settling, unwind
from booking_flow.steps.moment import Moment
from booking_flow.supplier import CallContext, Supplier, SupplierCall

R = TypeVar("R")
RACES = 16
"""How often a lost race is decided anew before the guest is asked to try again."""
GLANCES = 3
"""How often a session is looked at again while another request may be changing it."""

Decision = Callable[[Session, Moment], Change | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Who asks, and the idempotency key to bind the outcome to."""

    origin: Origin
    binding: IdempotencyBinding | None = None

    @property
    def unbound(self) -> Command:
        """Return the command for a commit that is not yet its outcome."""
        return replace(self, binding=None)

    @property
    def by_clock(self) -> Command:
        """Return the command under which a lapse is recorded that this one came upon."""
        origin = replace(self.origin, actor=ActorKind.WORKER, actor_name="clock")
        return Command(origin=origin)


class AlreadyBound(Exception):  # noqa: N818 - names what happened
    """The Idempotency-Key was bound by another request meanwhile: replay it."""


TAKEN = Refusal(code=RefusalCode.WRONG_STATE, detail="Another session has this reservation.")


class Rejected(Refused):
    """A constraint keeps a decision out of the books, and will whenever it is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect(Generic[R]):
    """An effectful step: what it claims, what it asks, and what the answer changes."""

    name: StepName
    claim: Callable[[Session, Moment], Change]
    perform: Callable[[Session, CallContext], Awaitable[R]]
    settle: Callable[[Session, R | settling.Failure, Moment], Change]
    late: Callable[[Session, R | settling.Failure, Moment], Change | None] | None = None
    """What an answer changes that comes after the step was settled without it."""
    spooled: Callable[[Session, R], SpooledAnswer] | None = None
    """What of an answer must survive this process while it cannot be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How an effectful step ended, as committed."""

    loaded: Loaded
    change: Change | None = None
    """None when another had settled it meanwhile."""


class Runner:
    """Commits decisions under their guards and runs effectful steps."""

    def __init__(
        self,
        *,
        store: SessionStore,
        supplier: Supplier,
        policy: Policy,
        new_id: Callable[[], UUID],
        boottime: Callable[[], float],
        pause: Callable[[int], Awaitable[None]],
        spool: Spool | None = None,
    ) -> None:
        """`boottime` counts seconds through suspension; `pause` waits before the n-th retry."""
        self._store = store
        self._supplier = supplier
        self._policy = policy
        self._new_id = new_id
        self._boottime = boottime
        self._pause = pause
        self._spool = spool

    def context(self) -> CallContext:
        """Begin the evidence of a command."""
        return CallContext(started=self._boottime())

    async def decide(
        self,
        loaded: Loaded,
        decision: Decision,
        *,
        command: Command,
        calls: Sequence[SupplierCall] = (),
    ) -> Loaded:
        """Commit what `decision` makes of the session, deciding anew after each lost race."""
        for _ in range(RACES):
            loaded = await self.lapse(loaded, command=command)
            change = await self._decided(loaded, decision, calls)
            if change is None:
                await self.keep(loaded, calls)
                return loaded
            committed = await self._commit(change, command=command, calls=calls)
            if committed.result is CommitResult.DONE:
                return Loaded(session=change.after, now=committed.now)
            if committed.result is CommitResult.REJECTED:
                raise Rejected(TAKEN)
            loaded = await self.reload(loaded.session.id)
        raise refuse(RefusalCode.IN_PROGRESS, "The session is being changed by others.")

    async def _decided(
        self, loaded: Loaded, decision: Decision, calls: Sequence[SupplierCall]
    ) -> Change | None:
        try:
            return decision(loaded.session, self._at(loaded))
        except Refused as refused:
            await self.keep(loaded, calls)
            raise Refused(refused.refusal, session=loaded.session) from refused

    async def keep(self, loaded: Loaded, calls: Sequence[SupplierCall]) -> None:
        """Keep the evidence of calls after which nothing changed."""
        if calls:
            await self._store.record_calls(loaded.session.id, calls)

    async def _commit(
        self, change: Change, *, command: Command, calls: Sequence[SupplierCall]
    ) -> Committed:
        committed = await self._store.commit(
            change, origin=command.origin, calls=calls, binding=command.binding
        )
        if committed.result is CommitResult.DUPLICATE:
            raise AlreadyBound
        return committed

    def _at(self, loaded: Loaded) -> Moment:
        return Moment(now=loaded.now, new_id=self._new_id, policy=self._policy)

    async def reload(self, session_id: UUID) -> Loaded:
        """Return the session as it stands now.

        Raises:
            Refused: `session_not_found` when it is gone.
        """
        loaded = await self._store.load(session_id)
        if loaded is None:
            raise refuse(RefusalCode.SESSION_NOT_FOUND)
        return loaded

    async def changed(self, loaded: Loaded) -> Loaded:
        """Wait a moment for another request to change the session, and return it either way."""
        for attempt in range(1, GLANCES + 1):
            await self._pause(attempt)
            present = await self.reload(loaded.session.id)
            if present.session.version != loaded.session.version:
                break
        return present

    async def lapse(self, loaded: Loaded, *, command: Command) -> Loaded:
        """Enter what the clocks have done since anyone looked; the undos it leaves stay owed."""
        for _ in range(RACES):
            change = unwind.lapse(loaded.session, self._at(loaded))
            if change is None:
                break
            committed = await self._commit(change, command=command.by_clock, calls=())
            if committed.result is CommitResult.DONE:
                return Loaded(session=change.after, now=committed.now)
            loaded = await self.reload(loaded.session.id)
        return loaded

    async def run(self, loaded: Loaded, effect: Effect[R], *, command: Command) -> Ended:
        """Claim a step, ask the supplier, and settle what came of it."""
        ctx = self.context()
        ctx.deadline = ctx.started + self._policy.limits[effect.name].send
        loaded = await self.decide(loaded, effect.claim, command=command)
        ctx.step_id = settling.open_step(loaded.session).id
        ended = await _perform(effect, loaded.session, ctx)
        return await self._settle(loaded, effect, ended, ctx=ctx, command=command)

    async def _settle(
        self,
        loaded: Loaded,
        effect: Effect[R],
        ended: R | settling.Failure,
        *,
        ctx: CallContext,
        command: Command,
    ) -> Ended:
        claimed = loaded.session
        unconfirmed: list[Change] = []
        while _still_ours(claimed, loaded.session):
            change = effect.settle(loaded.session, ended, self._at(loaded))
            try:
                committed = await self._commit(change, command=command.unbound, calls=ctx.calls)
                if committed.result is CommitResult.DONE:
                    return await self._settled(claimed, effect, change, committed.now, command)
                if committed.result is CommitResult.REJECTED:
                    ended = _rejected(effect.name, change)
                    await self._pause(1)
                loaded = await self.reload(claimed.id)
            except StoreUnavailable:
                unconfirmed.append(change)
                if len(unconfirmed) == 1:
                    await self._keep(claimed, effect, ended)
                await self._pause(len(unconfirmed))
            for entered in unconfirmed:
                if _same(entered.after, loaded.session):
                    return await self._settled(claimed, effect, entered, loaded.now, command)
        return Ended(loaded=await self._late(loaded, effect, ended, ctx=ctx, command=command))

    async def _keep(self, claimed: Session, effect: Effect[R], ended: R | settling.Failure) -> None:
        if self._spool is None or effect.spooled is None or isinstance(ended, settling.Failure):
            return
        await self._spool.keep(effect.spooled(claimed, ended))

    async def _drop(self, claimed: Session, effect: Effect[R]) -> None:
        if self._spool is not None and effect.spooled is not None:
            await self._spool.drop(settling.open_step(claimed).id)

    async def _late(
        self,
        loaded: Loaded,
        effect: Effect[R],
        ended: R | settling.Failure,
        *,
        ctx: CallContext,
        command: Command,
    ) -> Loaded:
        late = effect.late
        if late is None:
            await self.keep(loaded, ctx.calls)
            return loaded

        def decision(session: Session, at: Moment) -> Change | None:
            return late(session, ended, at)

        return await self.decide(loaded, decision, command=command.unbound, calls=ctx.calls)

    async def _settled(
        self, claimed: Session, effect: Effect[R], change: Change, now: datetime, command: Command
    ) -> Ended:
        await self._drop(claimed, effect)
        loaded = Loaded(session=change.after, now=now)
        if change.owed:
            loaded = await self.pay_back(loaded, command=command.unbound)
        return Ended(loaded=loaded, change=change)

    async def pay_back(self, loaded: Loaded, *, command: Command) -> Loaded:
        """Try the undos a session owes once; end its unwinding when none is left."""
        owed = await self._store.owed(loaded.session.id)
        paid = [await self._pay_back_one(undo, loaded, command) for undo in owed]
        if loaded.session.unwinding is None or not all(paid):
            return loaded
        return await self._finish(await self.reload(loaded.session.id), command)

    async def finish_if_paid_back(self, loaded: Loaded, *, command: Command) -> Loaded:
        """End the unwinding of a session that owes no undo any more."""
        if await self._store.owed(loaded.session.id):
            return loaded
        return await self._finish(loaded, command)

    async def _finish(self, loaded: Loaded, command: Command) -> Loaded:
        change = unwind.finish_unwinding(begin(loaded.session))
        if not change.events:
            return loaded
        committed = await self._commit(change, command=command.unbound, calls=())
        if committed.result is CommitResult.DONE:
            return Loaded(session=change.after, now=committed.now)
        return await self.reload(loaded.session.id)

    async def _pay_back_one(self, undo: OwedUndo, loaded: Loaded, command: Command) -> bool:
        ctx = self.context()
        ctx.step_id = undo.id
        ctx.deadline = ctx.started + self._policy.limits[StepName.RELEASE].send
        lease = self._policy.lease_seconds(StepName.RELEASE)
        fence = await self._store.take_owed(undo.id, lease_seconds=lease, origin=command.origin)
        if fence is None:
            return False
        done = await self.let_go(undo, loaded.session.currency, ctx)
        return (
            await self._store.settle_owed(undo.id, fence=fence, done=done, calls=ctx.calls) and done
        )

    async def let_go(self, undo: OwedUndo, currency: str, ctx: CallContext) -> bool:
        """Take an item out of the supplier's basket once; whether it is certainly out."""
        try:
            answer = await self._supplier.remove_from_basket(
                undo.session_key, undo.item_key, currency, ctx=ctx
            )
        except SupplierError as error:
            return error.kind is FailureKind.NOT_IN_BASKET
        return answer.item(undo.item_key) is None


async def _perform(effect: Effect[R], session: Session, ctx: CallContext) -> R | settling.Failure:
    try:
        return await effect.perform(session, ctx)
    except (SupplierError, Refused) as error:
        return settling.Failure(error=error)


def _still_ours(claimed: Session, present: Session) -> bool:
    """Whether a settle may still be written: a late book or pay answer is always the truth."""
    ours, open_now = settling.open_step(claimed), present.open_step
    if open_now is None or open_now.id != ours.id:
        return False
    late = STEPS[ours.name].kind is StepKind.IRREVERSIBLE and open_now.status is StepStatus.UNKNOWN
    return open_now.fence == ours.fence or late


def _same(one: Session, other: Session) -> bool:
    """Whether two values of a session are one, apart from the moment its step was stored."""
    steps = [session.open_step and session.open_step.id for session in (one, other)]
    return steps[0] == steps[1] and replace(one, open_step=None) == replace(other, open_step=None)


def _rejected(name: StepName, change: Change) -> settling.Failure:
    """Return what is left of an answer that a constraint refuses: its evidence, for people."""
    settled = change.settle  # pragma: no mutate - what a constraint refused was a settle
    said = settled.evidence if settled else settling.NOTHING  # pragma: no mutate - always is
    error = SupplierError(FailureKind.BROKEN, endpoint=name.value)
    return settling.Failure(error=error, said=said)
