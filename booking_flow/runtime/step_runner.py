"""The protocol of an effectful step: claim, call and settle."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from booking_flow.booking_results import refusal_of
from booking_flow.claim_journal import FORWARD, Unjournaled, claim_of
from booking_flow.errors import Refused
from booking_flow.model.session import Loaded, Session
from booking_flow.model.step import StepLimits
from booking_flow.policy import Policy
from booking_flow.ports import Aside, ClaimJournal, Spool, StoreUnavailable, Watch
from booking_flow.runtime.compensation import Compensation
from booking_flow.runtime.settlement import Effect, Ended, Settlement
from booking_flow.runtime.unit_of_work import Command, UnitOfWork
from booking_flow.steps import outcomes
from booking_flow.steps.guards import BEHIND
from booking_flow.supplier import CallContext, Supplier
from booking_flow.supplier_errors import FailureKind, SupplierError

R = TypeVar("R")


class Runner:
    """Runs effectful steps; once a step is claimed it comes to its end, whoever waits for it."""

    def __init__(
        self,
        *,
        supplier: Supplier,
        unit_of_work: UnitOfWork,
        compensation: Compensation,
        policy: Policy,
        pause: Callable[[int], Awaitable[None]],
        aside: Aside,
        watch: Watch,
        spool: Spool | None = None,
        journal: ClaimJournal | None = None,
    ) -> None:
        """`pause` waits before the n-th retry of a settle."""
        self._supplier = supplier
        self._unit_of_work = unit_of_work
        self._compensation = compensation
        self._policy = policy
        self._pause = pause
        self._aside = aside
        self._watch = watch
        self._spool = spool
        self._journal = journal or Unjournaled()

    async def run(self, loaded: Loaded, effect: Effect[R], *, command: Command) -> Ended:
        """Claim a step, ask the supplier, and settle what came of it.

        Where that takes longer than the step may, the claimed session is the answer: its outcome
        is open, and what remains to be done goes on.
        """
        limits = self._policy.limits[effect.name]
        if effect.name in FORWARD:
            loaded = await self._remembered(loaded)
        ctx = await self._signed_in(loaded, limits)
        loaded = await self._unit_of_work.decide(loaded, effect.claim, command=command)
        ctx.step_id = outcomes.open_step(loaded.session).id
        ended = await self._aside.within(
            limits.whole + self._policy.settle_patience,
            self._carry_out(loaded, effect, ctx, command),
        )
        return ended or Ended(loaded=loaded)

    async def _remembered(self, loaded: Loaded) -> Loaded:
        """Claim nothing in a database that has gone back behind what the journal has seen.

        A session that was only read before another request's claim is read again.
        """
        seen = self._journal.seen
        if seen(loaded.session.id) > loaded.session.version:
            loaded = await self._unit_of_work.reload(loaded.session.id)
            if seen(loaded.session.id) > loaded.session.version:
                self._journal.doubt()
        if not self._journal.may_claim():
            raise Refused(BEHIND, session=loaded.session)
        return loaded

    async def _signed_in(self, loaded: Loaded, limits: StepLimits) -> CallContext:
        """Begin the evidence of a step, with a token that does not end before the step does.

        A booking is not sent again where the token is refused, so that is made rare.
        """
        ctx = self._begin(limits)
        try:
            await self._supplier.sign_in(ctx=ctx, seconds=limits.whole)
        except SupplierError as error:
            await self._unit_of_work.keep(loaded, ctx.calls)
            raise Refused(refusal_of(error), session=loaded.session) from error
        if not ctx.calls:
            return ctx
        await self._unit_of_work.keep(loaded, ctx.calls)
        return self._begin(limits)

    def _begin(self, limits: StepLimits) -> CallContext:
        ctx = self._unit_of_work.context()
        ctx.deadline = ctx.started + limits.send
        return ctx

    async def _carry_out(
        self, claimed: Loaded, effect: Effect[R], ctx: CallContext, command: Command
    ) -> Ended:
        answer = await self._asked(claimed, effect, ctx)
        settlement = Settlement(
            effect=effect,
            claimed=claimed,
            answer=answer,
            ctx=ctx,
            command=command.unbound,
            lease=self._policy.lease_seconds(effect.name),
            unit_of_work=self._unit_of_work,
            pause=self._pause,
            watch=self._watch,
            spool=self._spool,
            journal=self._journal,
        )
        ended = await settlement.write()
        if ended.change is None or not ended.change.owed:
            return ended
        with suppress(StoreUnavailable):
            # What cannot be paid back now stays owed; the outcome of the step stands.
            loaded = await self._compensation.pay_back(ended.loaded, command=command.unbound)
            return Ended(loaded=loaded, change=ended.change)
        return ended

    async def _asked(
        self, claimed: Loaded, effect: Effect[R], ctx: CallContext
    ) -> R | outcomes.Failure:
        """Journal the claim and ask the supplier.

        Claims of a session only ever get higher versions. One that does not was made in a database
        that went back meanwhile, and is not sent.
        """
        session = claimed.session
        if effect.name in FORWARD:
            if self._journal.seen(session.id) >= session.version:
                self._journal.doubt()
                return outcomes.Failure(error=Refused(BEHIND))
            await self._journal.claimed(claim_of(session))
        return await _perform(effect, session, ctx)


async def _perform(effect: Effect[R], session: Session, ctx: CallContext) -> R | outcomes.Failure:
    """Ask the supplier; whatever goes wrong after a claim is an end of the step."""
    try:
        return await effect.perform(session, ctx)
    except (SupplierError, Refused) as error:
        return outcomes.Failure(error=error)
    except Exception as fault:
        broken = SupplierError(FailureKind.BROKEN, endpoint=effect.name.value)
        return outcomes.Failure(error=broken, said={"fault": type(fault).__name__})
