"""Holding a cabin and letting it go: add_to_basket and its undo, release."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from booking_flow.booking_results import judge_basket
from booking_flow.errors import Refusal, RefusalCode, refuse
from booking_flow.flow import Trigger
from booking_flow.lifecycle.cancellation import obey_cancel, owed_for
from booking_flow.model.basket import Basket, BasketAnswer, BasketItem
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.pricing import Selection
from booking_flow.model.session import Session
from booking_flow.model.step import OwedUndo, StepName
from booking_flow.steps import outcomes
from booking_flow.steps.context import DecisionContext
from booking_flow.steps.guards import ensure, ensure_on_sale
from booking_flow.steps.select_cabin import rate_refusal
from booking_flow.supplier import SupplierSession
from booking_flow.supplier_errors import FailureKind


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldResult:
    """What basketadd answered: for which selection, where, and how long after the claim."""

    answer: BasketAnswer
    selection: Selection
    sent_after: timedelta
    session_key: str


def reopened(session: Session, supplier: SupplierSession) -> Change:
    """Enter a new supplier session before the hold that is claimed within it."""
    ensure(session, Trigger.ADD_TO_BASKET)
    reason = "a new supplier session was opened"
    return begin(session).put(supplier=supplier).record(EventKind.NOTE, reason=reason)


def supplier_key(session: Session) -> str:
    """Return the key of the supplier session a hold lives in."""
    if session.supplier is None:
        raise LookupError("no supplier session is open")
    return session.supplier.key


def claim_hold(session: Session, at: DecisionContext) -> Change:
    """Claim add_to_basket for the selected cabin, in the supplier session that is open for it."""
    ensure(session, Trigger.ADD_TO_BASKET)
    ensure_on_sale(session, at)
    if session.supplier is None:
        raise refuse(RefusalCode.IN_PROGRESS, "The session is being changed by others.")
    chosen = chosen_of(session)
    intent = {
        "cabinCode": chosen.cabin_code,
        "cabinNumber": chosen.cabin_number,
        "rateCode": chosen.rate_code,
        "price": str(chosen.price),
    }
    return outcomes.claimed(begin(session), StepName.ADD_TO_BASKET, at, intent=intent)


def chosen_of(session: Session) -> Selection:
    """Return the selection of a session whose state says that it has one."""
    if session.selection is None:
        raise LookupError("no cabin is selected")
    return session.selection


def settle_hold(
    session: Session, ended: HoldResult | outcomes.Failure, at: DecisionContext
) -> Change:
    """Judge what basketadd answered and enter it."""
    return obey_cancel(_hold_judged(session, ended, at), at)


def _hold_judged(
    session: Session, ended: HoldResult | outcomes.Failure, at: DecisionContext
) -> Change:
    if isinstance(ended, outcomes.Failure):
        return _hold_failed(session, ended)
    found = judge_basket(ended.answer, selection=ended.selection)
    if not ended.answer.items:
        return outcomes.unknown(session, evidence={"failure": "basketadd answered no item"})
    if isinstance(found, Refusal):
        return _not_as_shown(session, ended, found, at)
    return _held(session, ended, found, at)


def _hold_failed(session: Session, failure: outcomes.Failure) -> Change:
    if not failure.certain:
        return outcomes.unknown(session, evidence=failure.evidence)
    refusal = rate_refusal(chosen_of(session).cabin_number, failure.refusal)
    change = outcomes.refused(session, refusal, sent=failure.sent, evidence=failure.evidence)
    return change.put(supplier=None) if failure.is_a(FailureKind.SESSION_EXPIRED) else change


def _not_as_shown(
    session: Session, ended: HoldResult, refusal: Refusal, at: DecisionContext
) -> Change:
    owed = tuple(
        OwedUndo(
            id=at.new_id(),
            session_key=ended.session_key,
            item_key=item.item_key,
            hold_until=free_after(item, at),
        )
        for item in ended.answer.items
    )
    return outcomes.refused(session, refusal, sent=True).put(supplier=None).plus(owed=owed)


def step_claimed_at(session: Session) -> datetime:
    """Return when the open step was claimed, by the database's clock."""
    return outcomes.open_step(session).since


def _held(session: Session, ended: HoldResult, item: BasketItem, at: DecisionContext) -> Change:
    basket = Basket(
        item_key=item.item_key,
        total=ended.answer.total,
        deposit=ended.answer.deposit,
        items=item.items,
        dining=item.dining,
        hold_until=_hold_until(session, ended, item, at),
        free_after=free_after(item, at),
    )
    change = outcomes.done(session, evidence={"itemKey": item.item_key, "total": str(basket.total)})
    return change.put(basket=basket, selection=ended.selection).move(
        Trigger.ADD_TO_BASKET,
        details={"total": str(basket.total), "deposit": str(basket.deposit)},
    )


def _hold_until(
    session: Session, ended: HoldResult, item: BasketItem, at: DecisionContext
) -> datetime:
    length = item.hold_length or at.policy.hold_default
    return step_claimed_at(session) + ended.sent_after + length - at.policy.hold_margin


def free_after(item: BasketItem, at: DecisionContext) -> datetime:
    """Return when the supplier has certainly let go by itself: counted from after its answer."""
    return at.now + (item.hold_length or at.policy.hold_longest)


def claim_release(session: Session, at: DecisionContext) -> Change:
    """Claim the release of the held cabin."""
    ensure(session, Trigger.RELEASE_BASKET)
    key = basket_of(session).item_key
    return outcomes.claimed(
        begin(session), StepName.RELEASE, at, intent={"itemKey": key}, item_key=key
    )


def basket_of(session: Session) -> Basket:
    """Return the basket of a session whose state says that it has one."""
    if session.basket is None:
        raise LookupError("no cabin is held")
    return session.basket


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
