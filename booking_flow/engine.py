"""The engine: what a guest can ask of a booking session, step by step.

It decides nothing itself: what may be done and what an answer means are the pure functions of
`booking_flow.steps`. How a decision is committed is `booking_flow.unit_of_work`; how a
step is claimed and settled is `booking_flow.runtime.step_runner`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from booking_flow.context import DecisionContext
from booking_flow.errors import RefusalCode, Refused, refuse
from booking_flow.flow import State, Trigger
from booking_flow.guards import (
    SESSION_OVER,
    allowed_triggers,
    ensure,
    ensure_open,
    expiring,
    wrong_state,
)
from booking_flow.lifecycle import cancellation, edit
from booking_flow.lifecycle.edit import fresh_details
from booking_flow.model.card import Payment
from booking_flow.model.change import Change
from booking_flow.model.pricing import Breakdown, CabinList, Selection
from booking_flow.model.session import Loaded, Session
from booking_flow.model.step import StepStatus
from booking_flow.policy import Policy
from booking_flow.ports import Aside, Catalogue, ClaimJournal, SessionStore, Spool, Watch
from booking_flow.runtime.compensation import Compensation
from booking_flow.runtime.settlement import StepEnd
from booking_flow.runtime.step_runner import Runner
from booking_flow.steps.book import BOOK, BookingDetails
from booking_flow.steps.cabin_choice import CabinChoice, already_held, wanted
from booking_flow.steps.hold import HOLD, HoldRequest, reopened
from booking_flow.steps.live_prices import RateRead, Reader
from booking_flow.steps.open_session import Opener, OpenSession
from booking_flow.steps.pay import PAY
from booking_flow.steps.price import PRICE, quoted
from booking_flow.steps.release import RELEASE
from booking_flow.steps.select_cabin import SELECT_CABIN, SelectRequest, selected
from booking_flow.steps.step import EffectStep, SupplierAccess
from booking_flow.supplier import CallContext, RateKey, Supplier, SupplierSession
from booking_flow.supplier_errors import FailureKind, SupplierError
from booking_flow.unit_of_work import AlreadyBound, Command, UnitOfWork

__all__ = [
    "AlreadyBound",
    "Command",
    "Engine",
    "OpenSession",
    "allowed_triggers",
]

Q = TypeVar("Q")
R = TypeVar("R")
T = TypeVar("T")
OVERTAKEN = 3
"""How often a choice is looked for again after another request made it stale."""


class Engine:
    """Drives booking sessions.

    Every method may raise `Refused` (nothing was changed beyond what its session shows),
    `AlreadyBound` (replay the idempotency key) or `StoreUnavailable`.
    """

    def __init__(
        self,
        *,
        store: SessionStore,
        supplier: Supplier,
        catalogue: Catalogue,
        policy: Policy,
        new_id: Callable[[], UUID],
        new_reference: Callable[[], str],
        boottime: Callable[[], float],
        pause: Callable[[int], Awaitable[None]],
        aside: Aside,
        watch: Watch,
        spool: Spool | None = None,
        journal: ClaimJournal | None = None,
    ) -> None:
        """Wire the ports; see `UnitOfWork` for `boottime` and `pause`."""
        self._unit_of_work = UnitOfWork(
            store=store, policy=policy, new_id=new_id, boottime=boottime, pause=pause
        )
        self._compensation = Compensation(
            store=store, supplier=supplier, unit_of_work=self._unit_of_work, policy=policy
        )
        self._reader = Reader(supplier=supplier, unit_of_work=self._unit_of_work, policy=policy)
        self._runner = Runner(
            access=SupplierAccess(supplier=supplier, reader=self._reader, policy=policy),
            unit_of_work=self._unit_of_work,
            compensation=self._compensation,
            pause=pause,
            aside=aside,
            watch=watch,
            spool=spool,
            journal=journal,
        )
        self._opener = Opener(
            store=store,
            catalogue=catalogue,
            reader=self._reader,
            policy=policy,
            new_reference=new_reference,
        )

    @property
    def unit_of_work(self) -> UnitOfWork:
        """Return the unit of work, which recovery, the desk and support share."""
        return self._unit_of_work

    @property
    def compensation(self) -> Compensation:
        """Return the compensation, which recovery and support share."""
        return self._compensation

    async def open_session(self, ask: OpenSession, *, command: Command) -> Loaded:
        """Search for the sailing and open a session for this party."""
        return await self._opener.open(ask, self._unit_of_work.context(), command)

    async def restart(
        self, loaded: Loaded, *, session_id: UUID, secret_hash: bytes, command: Command
    ) -> Loaded:
        """Open a new session with the party and details of one that has ended."""
        loaded = await self._unit_of_work.lapse(loaded, command=command)
        old = loaded.session
        if not (old.ended or expiring(old)):
            raise Refused(wrong_state(old, "restart").refusal, session=old)
        ask = OpenSession(
            session_id=session_id,
            secret_hash=secret_hash,
            cruise_id=old.sailing.cruise_id,
            adults=old.party.adults,
            children=len(old.party.child_ages),
            child_ages=old.party.child_ages,
            details=fresh_details(old.details),
        )
        return await self._opener.open(ask, self._unit_of_work.context(), command)

    async def look(self, loaded: Loaded, *, command: Command) -> Loaded:
        """Read a session after its clocks were looked at."""
        return await self._unit_of_work.lapse(loaded, command=command)

    async def edit(
        self,
        loaded: Loaded,
        *,
        changes: Mapping[str, object],
        command: Command,
    ) -> Loaded:
        """Keep draft details; the keys of `changes` are fields of `Details`."""

        def decision(session: Session, _at: DecisionContext) -> Change | None:
            return edit.edited(session, changes=changes)

        return await self._unit_of_work.decide(loaded, decision, command=command)

    async def price(self, loaded: Loaded, *, command: Command) -> Loaded:
        """Ask for live prices; where that is no longer due, answer with the stored quote."""
        loaded = await self._unit_of_work.lapse(loaded, command=command)
        session = loaded.session
        if expiring(session):
            raise Refused(SESSION_OVER, session=session)
        if session.open_step is not None or not edit.may_price(session):
            return loaded
        async with self._reader.reading(loaded) as ctx:
            supplier, quote = await PRICE.call(self._reader, loaded, ctx)
        quote = replace(quote, as_of=loaded.now)

        def decision(session: Session, _at: DecisionContext) -> Change:
            return quoted(session, quote, supplier)

        return await self._unit_of_work.decide(loaded, decision, command=command, calls=ctx.calls)

    async def specific_cabins(
        self, loaded: Loaded, *, rate: RateKey, command: Command
    ) -> CabinList:
        """Read the physical cabins of a rate the guest was shown."""
        return await self._of_rate(loaded, rate, self._reader.cabins, command)

    async def breakdown(self, loaded: Loaded, *, rate: RateKey, command: Command) -> Breakdown:
        """Read the per-guest items of a rate the guest was shown."""
        return await self._of_rate(loaded, rate, self._reader.items, command)

    async def _of_rate(
        self, loaded: Loaded, rate: RateKey, ask: RateRead[T], command: Command
    ) -> T:
        loaded = await self._unit_of_work.lapse(loaded, command=command)
        session = loaded.session
        async with self._reader.reading(loaded) as ctx:
            ensure(session, Trigger.SELECT_CABIN)
            _, found = await self._reader.within(
                loaded, lambda key: self._reader.of_rate(key, session, rate, ask, ctx), ctx
            )
        await self._unit_of_work.keep(loaded, ctx.calls)
        return found

    async def select_cabin(
        self,
        loaded: Loaded,
        *,
        choice: CabinChoice,
        add_to_basket: bool,
        command: Command,
    ) -> Loaded:
        """Find the choice in fresh grades at the price seen and, unless told not to, hold it."""
        loaded = await self._unit_of_work.lapse(loaded, command=command)
        async with self._reader.reading(loaded) as ctx:
            loaded, found = await self._resolved(loaded, choice, ctx)
        if found is None:
            return loaded
        supplier, selection = found

        def decision(session: Session, _at: DecisionContext) -> Change | None:
            # A twin of this request may have held the cabin since it was found.
            if already_held(session, choice):
                return None
            return selected(session, selection, supplier)

        first = command.preparing if add_to_basket else command
        loaded = await self._unit_of_work.decide(loaded, decision, command=first, calls=ctx.calls)
        if not add_to_basket or loaded.session.state is State.BASKETED:
            return loaded
        return await self._run(loaded, HOLD, HoldRequest(fresh=True), command)

    async def _resolved(
        self, loaded: Loaded, choice: CabinChoice, ctx: CallContext
    ) -> tuple[Loaded, tuple[SupplierSession, Selection] | None]:
        """Find the choice; None when it is held already.

        A twin of this request that reads prices makes our identifiers stale: then what the twin
        did is looked at first, and only if it did nothing are prices read again.
        """
        for _ in range(OVERTAKEN):
            session = loaded.session
            ensure_open(session)
            if already_held(session, choice):
                return loaded, None
            ensure(session, Trigger.SELECT_CABIN)
            want = wanted(session, choice)
            try:
                request = SelectRequest(loaded=loaded, want=want)
                return loaded, await SELECT_CABIN.call(self._reader, request, ctx)
            except SupplierError as error:
                if error.kind is not FailureKind.STALE:
                    raise
            loaded = await self._unit_of_work.changed(loaded)
        raise refuse(RefusalCode.SELECTION_STALE, "Prices keep changing. Please choose again.")

    async def add_to_basket(self, loaded: Loaded, *, command: Command) -> Loaded:
        """Hold the selected cabin; when it is held already, that is the answer."""
        loaded = await self._unit_of_work.lapse(loaded, command=command)
        session = loaded.session
        async with self._reader.reading(loaded):
            ensure_open(session)
            if session.state is State.BASKETED:
                return loaded
            ensure(session, Trigger.ADD_TO_BASKET)
        if session.supplier is None:
            loaded = await self._reopen(loaded, command)
        return await self._run(loaded, HOLD, HoldRequest(), command)

    async def _reopen(self, loaded: Loaded, command: Command) -> Loaded:
        """Open a new supplier session first, so that the claim of the hold names it."""
        session = loaded.session
        async with self._reader.reading(loaded) as ctx:
            supplier = await self._reader.search(
                session.sailing, session.party, now=loaded.now, ctx=ctx
            )

        def decision(session: Session, _at: DecisionContext) -> Change:
            return reopened(session, supplier)

        return await self._unit_of_work.decide(
            loaded, decision, command=command.unbound, calls=ctx.calls
        )

    async def _run(
        self, loaded: Loaded, step: EffectStep[Q, R], request: Q, command: Command
    ) -> Loaded:
        """Run a forward step; while staff decide about a booking, that is the answer to all."""
        if loaded.session.disputed_since is not None and loaded.session.open_step is None:
            return loaded
        return _outcome(await self._runner.run(loaded, step, request, command=command))

    async def release_basket(self, loaded: Loaded, *, command: Command) -> Loaded:
        """Let the held cabin go; what the supplier does not confirm stays owed and is retried."""
        return (await self._runner.run(loaded, RELEASE, None, command=command)).loaded

    async def book(self, loaded: Loaded, *, request: BookingDetails, command: Command) -> Loaded:
        """Book the held cabin, with a card in the same supplier call where one is given."""
        return await self._run(loaded, BOOK, request, command)

    async def pay(self, loaded: Loaded, *, payment: Payment, command: Command) -> Loaded:
        """Pay what is due for a booked session through the supplier."""
        return await self._run(loaded, PAY, payment, command)

    async def cancel(self, loaded: Loaded, *, reason: str | None, command: Command) -> Loaded:
        """Cancel; with a step open or a reservation made that is a request, obeyed later.

        `reason` is free text of the guest.
        """

        def decision(session: Session, at: DecisionContext) -> Change | None:
            return cancellation.cancel_by_guest(session, words=reason, at=at)

        loaded = await self._unit_of_work.decide(loaded, decision, command=command)
        return await self._compensation.pay_back(loaded, command=command.unbound)


def _outcome(ended: StepEnd) -> Loaded:
    """Return the session, or raise the refusal a step ended with."""
    settled = ended.change.settle if ended.change else None
    if settled is not None and settled.status is StepStatus.REFUSED and settled.refusal:
        raise Refused(settled.refusal, session=ended.loaded.session)
    return ended.loaded
