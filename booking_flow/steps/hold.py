"""Holding a cabin: add_to_basket. Its undo is `booking_flow.steps.release`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from booking_flow.booking_results import judge_basket
from booking_flow.context import DecisionContext
from booking_flow.errors import Refusal, RefusalCode, refuse
from booking_flow.flow import Trigger
from booking_flow.guards import ensure, ensure_on_sale
from booking_flow.lifecycle.cancellation import obey_cancel
from booking_flow.model.agreement import decisive
from booking_flow.model.basket import Basket, BasketAnswer, BasketItem
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.pricing import Selection
from booking_flow.model.session import Session, open_step
from booking_flow.model.step import OpenStep, OwedUndo, StepKind, StepLimits, StepName
from booking_flow.steps import agreement, outcomes
from booking_flow.steps.cabin_choice import as_chosen, rate_refusal
from booking_flow.steps.live_prices import before_effect
from booking_flow.steps.step import (
    LOOK_EVERY,
    EffectStep,
    EvidenceSources,
    Finding,
    StepEnds,
    SupplierAccess,
)
from booking_flow.supplier import CallContext, SupplierSession
from booking_flow.supplier_errors import FailureKind, SupplierError

NOT_HELD = Refusal(code=RefusalCode.SELECTION_STALE, detail="The cabin could not be held.")
REFRESHES = 2
"""How often a stale `resultno` is refreshed within one hold (traveltek.md, section 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldResult:
    """What basketadd answered: for which selection, where, and how long after the claim."""

    answer: BasketAnswer
    selection: Selection
    sent_after: timedelta
    session_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest:
    """What a hold is asked for: the selected cabin; `fresh` where it was found just now."""

    fresh: bool = False


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
    return outcomes.claimed(begin(session), HOLD, at, intent=intent)


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
    found = _other_voyage(session, ended.answer, at) or judge_basket(
        ended.answer, selection=ended.selection
    )
    if not ended.answer.items:
        return outcomes.unknown(session, evidence={"failure": "basketadd answered no item"})
    if isinstance(found, Refusal):
        return _not_as_shown(session, ended, found, at)
    return _held(session, ended, found, at)


def _other_voyage(session: Session, answer: BasketAnswer, at: DecisionContext) -> Refusal | None:
    said = (agreement.refusal_of(session, one.stated, policy=at.policy) for one in answer.items)
    return next(filter(None, said), None)


def _hold_failed(session: Session, failure: outcomes.Failure) -> Change:
    if not failure.certain:
        return outcomes.unknown(session, evidence=failure.evidence)
    refusal = rate_refusal(chosen_of(session).cabin_number, failure.refusal)
    change = outcomes.refused(session, refusal, sent=failure.sent, evidence=failure.evidence)
    return change.put(supplier=None) if failure.is_a(FailureKind.SESSION_EXPIRED) else change


def _not_as_shown(
    session: Session, ended: HoldResult, refusal: Refusal, at: DecisionContext
) -> Change:
    change = outcomes.refused(session, refusal, sent=True).put(supplier=None)
    return change.plus(owed=_undos_of(ended, at))


def _undos_of(
    ended: HoldResult, at: DecisionContext, *, kept: str | None = None
) -> tuple[OwedUndo, ...]:
    """Return the undos of all that an answer holds, save for the item that is kept."""
    return tuple(
        OwedUndo(
            id=at.new_id(),
            session_key=ended.session_key,
            item_key=item.item_key,
            hold_until=free_after(item, at),
        )
        for item in ended.answer.items
        if item.item_key != kept
    )


def step_claimed_at(session: Session) -> datetime:
    """Return when the open step was claimed, by the database's clock."""
    return open_step(session).since


def _held(session: Session, ended: HoldResult, item: BasketItem, at: DecisionContext) -> Change:
    said = ended.answer
    fits = at.policy.deposit_fits(said.deposit, said.total)
    basket = Basket(
        item_key=item.item_key,
        total=said.total,
        deposit=said.deposit if fits else said.total,
        items=item.items,
        dining=item.dining,
        hold_until=_hold_until(session, ended, item, at),
        free_after=free_after(item, at),
    )
    evidence = {"itemKey": item.item_key, "total": str(basket.total)}
    if not fits:
        evidence["depositRefused"] = str(said.deposit)
    change = outcomes.done(session, evidence=evidence)
    differing = decisive(agreement.differences_of(session, item.stated))
    step = open_step(session)
    change = change.plus(tasks=agreement.mismatch_task(session, differing, at, step_id=step.id))
    return change.put(basket=basket, selection=ended.selection).move(
        Trigger.ADD_TO_BASKET,
        details={"total": str(basket.total), "deposit": str(basket.deposit)},
    )


def _hold_until(
    session: Session, ended: HoldResult, item: BasketItem, at: DecisionContext
) -> datetime:
    length = min(item.hold_length or at.policy.hold_default, at.policy.hold_longest)
    return step_claimed_at(session) + ended.sent_after + length - at.policy.hold_margin


def free_after(item: BasketItem, at: DecisionContext) -> datetime:
    """Return when the supplier has certainly let go by itself: counted from after its answer."""
    return at.now + min(item.hold_length or at.policy.hold_longest, at.policy.hold_longest)


async def call_hold(
    session: Session, request: HoldRequest, access: SupplierAccess, ctx: CallContext
) -> HoldResult:
    """Add to the basket; a stale identifier certainly did nothing and is refreshed."""
    selection = chosen_of(session) if request.fresh else await _again(session, access, ctx)
    for _ in range(REFRESHES):
        try:
            return await _add(session, selection, access, ctx)
        except SupplierError as error:
            if error.kind is not FailureKind.STALE:
                raise
        selection = await _again(session, access, ctx)
    return await _add(session, selection, access, ctx)


async def _add(
    session: Session, selection: Selection, access: SupplierAccess, ctx: CallContext
) -> HoldResult:
    key = supplier_key(session)
    answer = await access.supplier.add_to_basket(key, selection, session.currency, ctx=ctx)
    return HoldResult(
        answer=answer, selection=selection, sent_after=ctx.last_sent_after, session_key=key
    )


async def _again(session: Session, access: SupplierAccess, ctx: CallContext) -> Selection:
    chosen = chosen_of(session)
    want = as_chosen(chosen)
    fresh = await before_effect(access.reader.fresh(supplier_key(session), session, want, ctx))
    return replace(fresh, items=chosen.items)


async def reconcile_hold(session: Session, ask: EvidenceSources, ctx: CallContext) -> Finding:
    """Look into the supplier's basket, which may lag behind a hold."""
    try:
        answer = await ask.supplier.basket(supplier_key(session), session.currency, ctx=ctx)
    except SupplierError:
        return Finding(decide=basket_unreadable, again=LOOK_EVERY)

    def decide(session: Session, at: DecisionContext) -> Change | None:
        return found_in_basket(session, answer, at)

    return Finding(decide=decide, again=LOOK_EVERY)


def nothing_held_after(step: OpenStep, at: DecisionContext) -> datetime:
    """Return when an empty basket proves that nothing was added: read lag in mind."""
    lease = timedelta(seconds=at.policy.lease_seconds(HOLD.limits))
    return step.since + lease + at.policy.basket_read_lag


def held_no_longer_after(step: OpenStep, at: DecisionContext) -> datetime:
    """Return when even a cabin that was added has lapsed by itself."""
    lease = timedelta(seconds=at.policy.lease_seconds(HOLD.limits))
    return step.since + lease + at.policy.hold_longest


def found_in_basket(session: Session, answer: BasketAnswer, at: DecisionContext) -> Change | None:
    """Settle an unknown add_to_basket by what basket.pl shows; None to look again later."""
    step = open_step(session)
    if answer.items:
        held = HoldResult(
            answer=answer,
            selection=chosen_of(session),
            sent_after=timedelta(0),
            session_key=supplier_key(session),
        )
        return settle_hold(session, held, at)
    if at.now < nothing_held_after(step, at):
        return None
    return _not_held(session, at)  # pragma: no mutate - with nothing held it needs no moment


def basket_unreadable(session: Session, at: DecisionContext) -> Change | None:
    """Settle an unknown add_to_basket that can only have lapsed by now; None to look again."""
    if at.now < held_no_longer_after(open_step(session), at):
        return None
    return _not_held(session, at)  # pragma: no mutate - with nothing held it needs no moment


def _not_held(session: Session, at: DecisionContext) -> Change:
    change = outcomes.refused(session, NOT_HELD, sent=True).put(supplier=None)
    return obey_cancel(change, at)  # pragma: no mutate - with nothing held it needs no moment


def late_hold(
    session: Session, ended: HoldResult | outcomes.Failure, at: DecisionContext
) -> Change | None:
    """Take back what a late basketadd turns out to hold, once its step was settled otherwise."""
    if isinstance(ended, outcomes.Failure):
        return None
    kept = session.basket.item_key if session.basket else None
    owed = _undos_of(ended, at, kept=kept)
    if not owed:
        return None
    said = {"step": StepName.ADD_TO_BASKET.value, "outcome": "held after all"}
    return begin(session).record(EventKind.LATE_ANSWER, details=said).plus(owed=owed)


HOLD: Final[EffectStep[HoldRequest, HoldResult]] = EffectStep(
    name=StepName.ADD_TO_BASKET,
    label="Hold the cabin",
    kind=StepKind.REVERSIBLE,
    endpoints=("cruisecabingrades", "cruisecabins", "basketadd"),
    undo=StepName.RELEASE,
    undo_meaning="basketremove, retried until done or the hold has lapsed by itself",
    limits=StepLimits(send=120, answer=30),
    ends=StepEnds(
        done="The cabin is held, at the price agreed to.",
        refused="Nothing is held; what was held at another price is given back at once. The guest"
        " chooses again.",
        unknown="No other step begins. The worker looks into the supplier's basket until the cabin"
        " is seen there, or can be held no longer.",
    ),
    claim=lambda session, _request, at: claim_hold(session, at),
    call=call_hold,
    settle=settle_hold,
    late=late_hold,
    reconcile=reconcile_hold,
)
