"""Choosing a cabin: it is found in fresh prices, at the price the guest saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from booking_flow.flow import Trigger
from booking_flow.guards import ensure
from booking_flow.model.change import Change, begin
from booking_flow.model.pricing import Selection
from booking_flow.model.session import Loaded, Session
from booking_flow.model.step import StepKind, StepName
from booking_flow.steps.cabin_choice import Wanted
from booking_flow.steps.live_prices import Reader
from booking_flow.steps.step import ReadStep
from booking_flow.supplier import CallContext, SupplierSession


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectRequest:
    """What is wanted, in the session that wants it."""

    loaded: Loaded
    want: Wanted


async def find_selection(
    reader: Reader, request: SelectRequest, ctx: CallContext
) -> tuple[SupplierSession, Selection]:
    """Find what is wanted in fresh grades and cabins, with its price items."""
    return await reader.resolve(request.loaded, request.want, ctx)


def selected(session: Session, selection: Selection, supplier: SupplierSession) -> Change:
    """Enter the choice into the session."""
    ensure(session, Trigger.SELECT_CABIN)
    return (
        begin(session)
        .put(selection=selection, supplier=supplier, basket=None)
        .move(
            Trigger.SELECT_CABIN,
            details={
                "cabinCode": selection.cabin_code,
                "cabinNumber": selection.cabin_number,
                "rateCode": selection.rate_code,
                "price": str(selection.price),
            },
        )
    )


SELECT_CABIN: Final = ReadStep(
    name=StepName.SELECT_CABIN,
    label="Choose a cabin",
    kind=StepKind.READ,
    endpoints=("cruisecabingrades", "cruisecabins", "cruisecabingradebreakdown"),
    undo_meaning="none: nothing was changed",
    call=find_selection,
)
