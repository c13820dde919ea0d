"""Effects: what each effectful step asks of the supplier, between its claim and its settle."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import TypeVar

from booking_flow.booking_results import refusal_of
from booking_flow.errors import Refused
from booking_flow.model.basket import BasketAnswer
from booking_flow.model.card import Payment
from booking_flow.model.pricing import Selection
from booking_flow.model.session import Session
from booking_flow.model.step import StepLimits, StepName
from booking_flow.steps import book as booking
from booking_flow.steps import pay as paying
from booking_flow.steps import select_cabin
from booking_flow.steps.hold import HoldResult, basket_of, chosen_of, supplier_key
from booking_flow.steps.live_prices import Reader, line_record
from booking_flow.supplier import CallContext, ImportedBooking, Supplier
from booking_flow.supplier_errors import FailureKind, SupplierError

T = TypeVar("T")
REFRESHES = 2
"""How often a stale `resultno` is refreshed within one hold (traveltek.md, section 4)."""


class Effects:
    """Changes something at the supplier for a claimed step; commits nothing.

    Every method may raise `SupplierError`, or `Refused` where the effect was certainly not sent.
    """

    def __init__(
        self, *, supplier: Supplier, reader: Reader, limits: Mapping[StepName, StepLimits]
    ) -> None:
        """`limits` say for how long a step may look at what came of it."""
        self._supplier = supplier
        self._reader = reader
        self._limits = limits

    async def hold(self, session: Session, ctx: CallContext, *, fresh: bool) -> HoldResult:
        """Add to the basket; a stale identifier certainly did nothing and is refreshed.

        `fresh` says that the selection was found just now.
        """
        selection = chosen_of(session) if fresh else await self._again(session, ctx)
        for _ in range(REFRESHES):
            try:
                return await self._add(session, selection, ctx)
            except SupplierError as error:
                if error.kind is not FailureKind.STALE:
                    raise
            selection = await self._again(session, ctx)
        return await self._add(session, selection, ctx)

    async def _add(self, session: Session, selection: Selection, ctx: CallContext) -> HoldResult:
        key = supplier_key(session)
        answer = await self._supplier.add_to_basket(key, selection, session.currency, ctx=ctx)
        return HoldResult(
            answer=answer,
            selection=selection,
            sent_after=ctx.last_sent_after,
            session_key=key,
        )

    async def _again(self, session: Session, ctx: CallContext) -> Selection:
        chosen = chosen_of(session)
        key = supplier_key(session)
        want = select_cabin.as_chosen(chosen)
        fresh = await _before(self._reader.fresh(key, session, want, ctx))
        return replace(fresh, items=chosen.items)

    async def release(self, session: Session, ctx: CallContext) -> BasketAnswer:
        """Take the held cabin out of the basket."""
        return await self._supplier.remove_from_basket(
            supplier_key(session), basket_of(session).item_key, session.currency, ctx=ctx
        )

    async def book(
        self, session: Session, request: booking.BookRequest, ctx: CallContext
    ) -> booking.BookResult:
        """Book what is held, after a look whether it still is where that was ever in doubt."""
        if basket_of(session).recheck:
            key = supplier_key(session)
            seen = await _before(self._supplier.basket(key, session.currency, ctx=ctx))
            booking.ensure_still_held(session, seen)
        answer = await self._supplier.book(booking.order_of(session, request), ctx=ctx)
        return booking.BookResult(
            answer=answer, charge=request.payment.charge if request.payment else None
        )

    async def pay(self, session: Session, payment: Payment, ctx: CallContext) -> paying.PayResult:
        """Pay, and see at the line what came of it; a no its record contradicts is no answer."""
        key, charge = supplier_key(session), payment.charge
        try:
            answer = await self._supplier.pay(key, session.details, payment, ctx=ctx)
        except SupplierError as error:
            if not (error.certain and error.sent):
                raise
            if paying.received(session, charge, await self._record(session, ctx)):
                raise SupplierError(FailureKind.BROKEN, endpoint=error.endpoint) from error
            raise
        record = await self._record(session, ctx)
        return paying.PayResult(answer=answer, charge=charge, record=record)

    async def _record(self, session: Session, ctx: CallContext) -> ImportedBooking | None:
        ctx.deadline = ctx.started + self._limits[StepName.PAY].whole
        number = paying.booking_of(session).reservation
        return await line_record(self._supplier, session, number, ctx=ctx)


async def _before(read: Awaitable[T]) -> T:
    """Read before an effect: where that fails the effect was not sent, so nothing is unknown."""
    try:
        return await read
    except SupplierError as error:
        if error.kind is FailureKind.SESSION_EXPIRED:
            raise
        raise Refused(refusal_of(error)) from error
