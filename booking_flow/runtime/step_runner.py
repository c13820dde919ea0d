"""The protocol of an effectful step: claim, call and settle."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from booking_flow.booking_results import refusal_of
from booking_flow.claim_journal import Unjournaled, claim_of
from booking_flow.context import DecisionContext
from booking_flow.errors import Refused
from booking_flow.guards import BEHIND
from booking_flow.model.change import Change
from booking_flow.model.session import Loaded, Session, open_step
from booking_flow.model.step import StepLimits
from booking_flow.ports import Aside, ClaimJournal, Spool, StoreUnavailable, Watch
from booking_flow.runtime.compensation import Compensation
from booking_flow.runtime.settlement import Settlement, StepEnd
from booking_flow.steps import outcomes
from booking_flow.steps.step import EffectStep, SupplierAccess
from booking_flow.supplier import CallContext
from booking_flow.supplier_errors import FailureKind, SupplierError
from booking_flow.unit_of_work import Command, UnitOfWork

Q = TypeVar("Q")
R = TypeVar("R")


class Runner:
    """Runs effectful steps; once a step is claimed it comes to its end, whoever waits for it."""

    def __init__(
        self,
        *,
        access: SupplierAccess,
        unit_of_work: UnitOfWork,
        compensation: Compensation,
        pause: Callable[[int], Awaitable[None]],
        aside: Aside,
        watch: Watch,
        spool: Spool | None = None,
        journal: ClaimJournal | None = None,
    ) -> None:
        """`pause` waits before the n-th retry of a settle."""
        self._access = access
        self._supplier = access.supplier
        self._unit_of_work = unit_of_work
        self._compensation = compensation
        self._policy = access.policy
        self._pause = pause
        self._aside = aside
        self._watch = watch
        self._spool = spool
        self._journal = journal or Unjournaled()

    async def run(
        self, loaded: Loaded, step: EffectStep[Q, R], request: Q, *, command: Command
    ) -> StepEnd:
        """Claim a step, ask the supplier, and settle what came of it.

        Where that takes longer than the step may, the claimed session is the answer: its outcome
        is open, and what remains to be done goes on.
        """
        limits = self._policy.scaled(step.limits)
        if step.forward:
            loaded = await self._remembered(loaded)
        ctx = await self._signed_in(loaded, limits)

        def claim(session: Session, at: DecisionContext) -> Change:
            return step.claim(session, request, at)

        loaded = await self._unit_of_work.decide(loaded, claim, command=command)
        ctx.step_id = open_step(loaded.session).id
        ended = await self._aside.within(
            limits.whole + self._policy.settle_patience,
            self._carry_out(loaded, step, request, ctx, command),
        )
        return ended or StepEnd(loaded=loaded)

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
        self,
        claimed: Loaded,
        step: EffectStep[Q, R],
        request: Q,
        ctx: CallContext,
        command: Command,
    ) -> StepEnd:
        answer = await self._asked(claimed.session, step, request, ctx)
        settlement = Settlement(
            step=step,
            claimed=claimed,
            answer=answer,
            ctx=ctx,
            command=command.unbound,
            lease=self._policy.lease_seconds(step.limits),
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
            return StepEnd(loaded=loaded, change=ended.change)
        return ended

    async def _asked(
        self, session: Session, step: EffectStep[Q, R], request: Q, ctx: CallContext
    ) -> R | outcomes.Failure:
        """Journal the claim and ask the supplier.

        Claims of a session only ever get higher versions. One that does not was made in a database
        that went back meanwhile, and is not sent.
        """
        if step.forward:
            if self._journal.seen(session.id) >= session.version:
                self._journal.doubt()
                return outcomes.Failure(error=Refused(BEHIND))
            await self._journal.claimed(claim_of(session))
        return await self._called(session, step, request, ctx)

    async def _called(
        self, session: Session, step: EffectStep[Q, R], request: Q, ctx: CallContext
    ) -> R | outcomes.Failure:
        """Ask the supplier; whatever goes wrong after a claim is an end of the step."""
        try:
            return await step.call(session, request, self._access, ctx)
        except (SupplierError, Refused) as error:
            return outcomes.Failure(error=error)
        except Exception as fault:
            broken = SupplierError(FailureKind.BROKEN, endpoint=step.name.value)
            return outcomes.Failure(error=broken, said={"fault": type(fault).__name__})
