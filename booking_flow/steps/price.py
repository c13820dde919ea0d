"""Pricing: live prices are read, and what was chosen before is looked for in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from booking_flow.errors import RefusalCode, refuse
from booking_flow.flow import State, Trigger
from booking_flow.guards import ensure
from booking_flow.model.change import Change, begin
from booking_flow.model.pricing import Offer, Quote, Selection
from booking_flow.model.session import Loaded, Session
from booking_flow.model.step import StepKind, StepName
from booking_flow.steps.live_prices import Reader
from booking_flow.steps.step import ReadStep
from booking_flow.supplier import CallContext, SupplierSession


async def read_prices(
    reader: Reader, loaded: Loaded, ctx: CallContext
) -> tuple[SupplierSession, Quote]:
    """Read live prices, in a new supplier session where the old one is over."""
    session = loaded.session
    return await reader.within(loaded, lambda key: reader.grades(key, session, ctx), ctx)


def quoted(session: Session, quote: Quote, supplier: SupplierSession) -> Change:
    """Take a fresh quote; a selection that is still offered is kept under its new identifiers."""
    ensure(session, Trigger.PRICE)
    if not quote.grades:
        raise refuse(RefusalCode.SOLD_OUT, "No cabin of this sailing is available for this party.")
    change = begin(session).put(quote=quote, supplier=supplier).move(Trigger.PRICE)
    kept = _kept(session, quote)
    if kept is None:
        return change.put(selection=None, basket=None)
    return change.move(Trigger.SELECT_CABIN, reason="still offered").put(selection=kept)


def _kept(session: Session, quote: Quote) -> Selection | None:
    chosen = session.selection
    if session.state is not State.CABIN_SELECTED or chosen is None:
        return None
    offer = quote.offer(cabin_code=chosen.cabin_code, rate_code=chosen.rate_code)
    return None if offer is None else reidentified(chosen, offer)


def reidentified(chosen: Selection, offer: Offer) -> Selection:
    """Return the selection under the identifiers, and at the price, of a fresh offer."""
    rate = offer.rate
    items = chosen.items if rate.total == chosen.price else ()
    return replace(
        chosen,
        result_no=rate.result_no,
        grade_no=rate.grade_no,
        price=rate.total,
        agreed=None,
        terms=rate.terms,
        items=items,
    )


PRICE: Final = ReadStep(
    name=StepName.PRICE,
    label="Read prices",
    kind=StepKind.READ,
    endpoints=("cruisecabingrades",),
    undo_meaning="none: nothing was changed",
    call=read_prices,
)
