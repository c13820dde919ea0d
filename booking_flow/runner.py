"""The protocol of an effectful step: claim, call and settle."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

from booking_flow.change import Change
from booking_flow.compensation import Compensation
from booking_flow.deciding import Command, Decider
from booking_flow.failures import FailureKind, SupplierError
from booking_flow.policy import Policy
from booking_flow.ports import CommitResult, Spool, SpooledAnswer, StoreUnavailable
from booking_flow.refused import Refused
from booking_flow.saga import StepName
from booking_flow.session import Loaded, Session
from booking_flow.steps import settling
from booking_flow.steps.moment import Moment
from booking_flow.supplier import CallContext

R = TypeVar("R")


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
    """Runs effectful steps; an answer that came is entered, or shown to people."""

    def __init__(
        self,
        *,
        decider: Decider,
        compensation: Compensation,
        policy: Policy,
        pause: Callable[[int], Awaitable[None]],
        spool: Spool | None = None,
    ) -> None:
        """`pause` waits before the n-th retry of a settle."""
        self._decider = decider
        self._compensation = compensation
        self._policy = policy
        self._pause = pause
        self._spool = spool

    async def run(self, loaded: Loaded, effect: Effect[R], *, command: Command) -> Ended:
        """Claim a step, ask the supplier, and settle what came of it."""
        ctx = self._decider.context()
        ctx.deadline = ctx.started + self._policy.limits[effect.name].send
        loaded = await self._decider.decide(loaded, effect.claim, command=command)
        ctx.step_id = settling.open_step(loaded.session).id
        ended = await _perform(effect, loaded.session, ctx)
        return await self._settle(loaded, effect, ended, ctx=ctx, command=command)

    async def _settle(
        self,
        loaded: Loaded,
        effect: Effect[R],
        answer: R | settling.Failure,
        *,
        ctx: CallContext,
        command: Command,
    ) -> Ended:
        claimed, ended = loaded.session, answer
        unconfirmed: list[Change] = []
        while _settles(ended, claimed, loaded.session):
            change = effect.settle(loaded.session, ended, self._decider.at(loaded))
            try:
                committed = await self._decider.commit(
                    change, command=command.unbound, calls=ctx.calls
                )
                if committed.result is CommitResult.DONE:
                    return await self._settled(claimed, effect, change, committed.now, command)
                if committed.result is CommitResult.REJECTED:
                    ended = _rejected(effect.name, change)
                    await self._pause(1)
                loaded = await self._decider.reload(claimed.id)
            except StoreUnavailable:
                unconfirmed.append(change)
                if len(unconfirmed) == 1:
                    await self._keep(claimed, effect, answer)
                await self._pause(len(unconfirmed))
            for entered in unconfirmed:
                if _same(entered.after, loaded.session):
                    return await self._settled(claimed, effect, entered, loaded.now, command)
        return Ended(loaded=await self._late(loaded, effect, answer, ctx=ctx, command=command))

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
            await self._decider.keep(loaded, ctx.calls)
            return loaded

        def decision(session: Session, at: Moment) -> Change | None:
            return late(session, ended, at)

        return await self._decider.decide(
            loaded, decision, command=command.unbound, calls=ctx.calls
        )

    async def _settled(
        self, claimed: Session, effect: Effect[R], change: Change, now: datetime, command: Command
    ) -> Ended:
        await self._drop(claimed, effect)
        loaded = Loaded(session=change.after, now=now)
        if change.owed:
            loaded = await self._compensation.pay_back(loaded, command=command.unbound)
        return Ended(loaded=loaded, change=change)


async def _perform(effect: Effect[R], session: Session, ctx: CallContext) -> R | settling.Failure:
    try:
        return await effect.perform(session, ctx)
    except (SupplierError, Refused) as error:
        return settling.Failure(error=error)


def _settles(ended: object, claimed: Session, present: Session) -> bool:
    """Whether what came of a call still settles its step: a doubt only for whoever has the fence.

    A call is made once for a claim, so what it certainly came to is the truth, however late.
    """
    ours, open_now = settling.open_step(claimed), present.open_step
    if open_now is None or open_now.id != ours.id:
        return False
    doubt = isinstance(ended, settling.Failure) and not ended.certain
    return open_now.fence == ours.fence or not doubt


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
