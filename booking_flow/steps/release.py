"""Letting a held cabin go: release, the undo of add_to_basket."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from booking_flow.context import DecisionContext
from booking_flow.errors import Refusal, RefusalCode
from booking_flow.flow import Trigger
from booking_flow.guards import ensure
from booking_flow.lifecycle.cancellation import obey_cancel, owed_for
from booking_flow.model.basket import BasketAnswer
from booking_flow.model.change import Change, begin
from booking_flow.model.session import Session, basket_of
from booking_flow.model.step import StepKind, StepLimits, StepName
from booking_flow.model.task import TaskKind
from booking_flow.steps import outcomes
from booking_flow.steps.hold import supplier_key
from booking_flow.steps.step import EffectStep, StepEnds, SupplierAccess
from booking_flow.supplier import CallContext
from booking_flow.supplier_errors import FailureKind


def claim_release(session: Session, at: DecisionContext) -> Change:
    """Claim the release of the held cabin."""
    ensure(session, Trigger.RELEASE_BASKET)
    key = basket_of(session).item_key
    return outcomes.claimed(begin(session), RELEASE, at, intent={"itemKey": key}, item_key=key)


async def call_release(
    session: Session, _request: None, access: SupplierAccess, ctx: CallContext
) -> BasketAnswer:
    """Take the held cabin out of the basket."""
    return await access.supplier.remove_from_basket(
        supplier_key(session), basket_of(session).item_key, session.currency, ctx=ctx
    )


def settle_release(
    session: Session, ended: BasketAnswer | outcomes.Failure, at: DecisionContext
) -> Change:
    """Let the cabin go whatever the supplier said; what is not certain stays an owed undo."""
    key = basket_of(session).item_key
    if _let_go(ended, key):
        change = outcomes.done(session, evidence={"itemKey": key})
    else:
        change = _release_owed(session, ended, at)
    change = change.move(Trigger.RELEASE_BASKET).put(basket=None)
    return obey_cancel(change, at)  # pragma: no mutate - with nothing held it needs no moment


def _let_go(ended: BasketAnswer | outcomes.Failure, item_key: str) -> bool:
    if isinstance(ended, outcomes.Failure):
        return ended.is_a(FailureKind.NOT_IN_BASKET)
    return ended.item(item_key) is None


def _release_owed(
    session: Session, ended: BasketAnswer | outcomes.Failure, at: DecisionContext
) -> Change:
    evidence = ended.evidence if isinstance(ended, outcomes.Failure) else outcomes.NOTHING
    still = Refusal(code=RefusalCode.SUPPLIER_ERROR, detail="The supplier has not let go yet.")
    change = outcomes.refused(session, still, sent=True, evidence=evidence)
    return replace(change, owed=owed_for(session, at)).put(supplier=None)


RELEASE: Final[EffectStep[None, BasketAnswer]] = EffectStep(
    name=StepName.RELEASE,
    label="Let the cabin go",
    kind=StepKind.UNDO,
    endpoints=("basketremove",),
    undo_meaning="none: it is itself the undo of add_to_basket",
    limits=StepLimits(send=5, answer=15),
    ends=StepEnds(
        done="The cabin is free. The guest may choose again.",
        refused="The guest may choose again. The release stays owed: the worker repeats it until"
        " the supplier confirms it or the hold has lapsed.",
        unknown="As where it was refused. Where no deadline of the hold is known, people are asked"
        " in the end.",
        question=TaskKind.UNDO_STUCK,
    ),
    claim=lambda session, _request, at: claim_release(session, at),
    call=call_release,
    settle=settle_release,
)
