"""Reading live prices and cabins within a supplier session that may be over at any time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from booking_flow.booking_results import refusal_of
from booking_flow.errors import RefusalCode, Refused, refuse
from booking_flow.model.party import Party
from booking_flow.model.pricing import Breakdown, CabinList, Quote, Selection
from booking_flow.model.sailing import Sailing
from booking_flow.model.session import Loaded, Session
from booking_flow.policy import Policy
from booking_flow.steps import agreement, cabin_choice
from booking_flow.supplier import CallContext, ImportedBooking, RateKey, Supplier, SupplierSession
from booking_flow.supplier_errors import FailureKind, SupplierError
from booking_flow.unit_of_work import UnitOfWork

T = TypeVar("T")
RateRead = Callable[[str, Session, RateKey, CallContext], Awaitable[T]]


async def line_record(
    supplier: Supplier, session: Session, reservation: str, *, ctx: CallContext
) -> ImportedBooking | None:
    """Read a reservation as the line has it; None when it shows none or cannot be asked.

    Some lines only can be asked at all (traveltek.md, section 8).
    """
    try:
        return await supplier.import_booking(
            session.sailing.line_id, reservation, session.currency, ctx=ctx
        )
    except SupplierError:
        return None


async def before_effect(read: Awaitable[T]) -> T:
    """Read before an effect: where that fails the effect was not sent, so nothing is unknown."""
    try:
        return await read
    except SupplierError as error:
        if error.kind is FailureKind.SESSION_EXPIRED:
            raise
        raise Refused(refusal_of(error)) from error


class Reader:
    """Reads for one command after another; holds nothing of any guest."""

    def __init__(self, *, supplier: Supplier, unit_of_work: UnitOfWork, policy: Policy) -> None:
        """Read from `supplier` by `policy`; the unit of work keeps the evidence of failed reads."""
        self._supplier = supplier
        self._unit_of_work = unit_of_work
        self._policy = policy

    @asynccontextmanager
    async def reading(self, loaded: Loaded) -> AsyncIterator[CallContext]:
        """Turn a failed read into a refusal, and keep the evidence of it."""
        ctx = self._unit_of_work.context()
        try:
            yield ctx
        except (SupplierError, Refused) as error:
            await self._unit_of_work.keep(loaded, ctx.calls)
            refusal = error.refusal if isinstance(error, Refused) else refusal_of(error)
            raise Refused(refusal, session=loaded.session) from error

    async def search(
        self, sailing: Sailing, party: Party, *, now: datetime, ctx: CallContext
    ) -> SupplierSession:
        """Open a supplier session for one sailing.

        Raises:
            Refused: `sold_out`, `line_not_bookable` where the catalogue's line is wrong, or
                `sailing_mismatch` where something else is.
        """
        currency = self._policy.currency
        hit = await self._supplier.search(sailing, party, currency, ctx=ctx)
        if hit is None or hit.sold_out:
            raise refuse(RefusalCode.SOLD_OUT, "This sailing is not on sale at the moment.")
        if hit.line_id != sailing.line_id:
            raise refuse(
                RefusalCode.LINE_NOT_BOOKABLE,
                "The catalogue and the supplier disagree about this sailing's cruise line.",
            )
        other = agreement.search_refusal(sailing, party, currency, hit.stated, policy=self._policy)
        if other is not None:
            raise Refused(other)
        return SupplierSession(key=hit.session_key, opened_at=now)

    async def within(
        self, loaded: Loaded, ask: Callable[[str], Awaitable[T]], ctx: CallContext
    ) -> tuple[SupplierSession, T]:
        """Ask within the supplier session; open a new one if there is none or it is over."""
        session = loaded.session
        if session.supplier is not None:
            try:
                return session.supplier, await ask(session.supplier.key)
            except SupplierError as error:
                if error.kind is not FailureKind.SESSION_EXPIRED:
                    raise
        supplier = await self.search(session.sailing, session.party, now=loaded.now, ctx=ctx)
        return supplier, await ask(supplier.key)

    async def grades(self, key: str, session: Session, ctx: CallContext) -> Quote:
        """Read live prices; the identifiers of every earlier quote go stale.

        Raises:
            Refused: `sailing_mismatch` where they are those of something else.
        """
        quote = await self._supplier.grades(
            key, session.sailing, session.party, session.currency, ctx=ctx
        )
        if other := agreement.quote_refusal(session, quote.stated, policy=self._policy):
            raise Refused(other)
        return replace(quote, stated=None)

    async def cabins(
        self, key: str, session: Session, rate: RateKey, ctx: CallContext
    ) -> CabinList:
        """Read the physical cabins of a rate."""
        return await self._supplier.cabins(key, session.sailing, session.party, rate, ctx=ctx)

    async def items(self, key: str, session: Session, rate: RateKey, ctx: CallContext) -> Breakdown:
        """Read the per-guest items of a rate."""
        return await self._supplier.breakdown(key, session.sailing, rate, session.currency, ctx=ctx)

    async def of_rate(
        self, key: str, session: Session, rate: RateKey, ask: RateRead[T], ctx: CallContext
    ) -> T:
        """Ask under the identifiers shown; when they went stale, under their fresh successors."""
        want = cabin_choice.wanted(session, cabin_choice.choice_of(rate))
        try:
            return await ask(key, session, rate, ctx)
        except SupplierError as error:
            if error.kind is not FailureKind.STALE:
                raise
        offer = cabin_choice.find_offer(await self.grades(key, session, ctx), want)
        return await ask(key, session, cabin_choice.rate_key(offer.rate), ctx)

    async def resolve(
        self, loaded: Loaded, want: cabin_choice.Wanted, ctx: CallContext
    ) -> tuple[SupplierSession, Selection]:
        """Find what is wanted in fresh grades and cabins, with its price items."""
        session = loaded.session

        async def ask(key: str) -> Selection:
            selection = await self.fresh(key, session, want, ctx)
            cabin_choice.ensure_declared(selection)
            items = await self.items(key, session, cabin_choice.selected_rate(selection), ctx)
            return replace(selection, items=items.items)

        return await self.within(loaded, ask, ctx)

    async def fresh(
        self, key: str, session: Session, want: cabin_choice.Wanted, ctx: CallContext
    ) -> Selection:
        """Find what is wanted in fresh grades and cabins, at the price the guest saw."""
        offer = cabin_choice.find_offer(await self.grades(key, session, ctx), want)
        cabins = await self.cabins(key, session, cabin_choice.rate_key(offer.rate), ctx)
        cabin = cabin_choice.find_cabin(cabins, want=want, party=session.party)
        return cabin_choice.selection_of(offer, cabin, want)
