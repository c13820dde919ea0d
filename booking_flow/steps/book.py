"""Booking: what is checked before book.pl and what its answer changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from booking_flow.booking_results import BookVerdict, judge_book
from booking_flow.channels import channel_of
from booking_flow.context import DecisionContext
from booking_flow.errors import Refusal, RefusalCode, Refused, invalid, price_changed, refuse
from booking_flow.flow import State, Trigger
from booking_flow.guards import ensure, ensure_on_sale, ensure_open, passes
from booking_flow.lifecycle.cancellation import owed_for, staff_task
from booking_flow.lifecycle.collection import conclude
from booking_flow.model.agreement import decisive
from booking_flow.model.basket import Basket, BasketAnswer, due_now
from booking_flow.model.card import Charge, Payment
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.money import Money
from booking_flow.model.party import Contact, Passenger, check_passengers
from booking_flow.model.session import Booking, Session, basket_of, open_step
from booking_flow.model.step import StepKind, StepLimits, StepName, StepStatus
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.policy import Policy
from booking_flow.ports import Lookup, SpooledAnswer
from booking_flow.steps import agreement, outcomes
from booking_flow.steps.hold import chosen_of, supplier_key
from booking_flow.steps.line_comparison import disagreements
from booking_flow.steps.live_prices import before_effect
from booking_flow.steps.pay import (
    charge_of,
    check_payment,
    compare_received_money,
    intent_of,
    paid,
    pay_unknown,
    received,
    told_of_money,
    uncounted,
)
from booking_flow.steps.step import (
    ASK_EVERY,
    EffectStep,
    EvidenceSources,
    Finding,
    StepEnds,
    SupplierAccess,
)
from booking_flow.supplier import BookAnswer, BookOrder, BookStatus, CallContext, ImportedBooking
from booking_flow.supplier_errors import FailureKind, SupplierError

PAYMENT_REQUIRED = Refusal(
    code=RefusalCode.PAYMENT_REQUIRED,
    detail="The payment is taken together with the booking: send a card.",
)
NOT_BOOKED = Refusal(code=RefusalCode.SUPPLIER_ERROR, detail="The booking was not made.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the guest was shown and agreed to buy; None where it was not said."""

    total: Money | None = None
    cabin_code: str | None = None
    rate_code: str | None = None


NO_CONSENT = Consent()


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingDetails:
    """What the guest sends to book; `payment` belongs to it where the channel takes cards here."""

    passengers: tuple[Passenger, ...]
    contact: Contact
    dining: str | None
    payment: Payment | None
    consent: Consent = NO_CONSENT


def claim_book(session: Session, request: BookingDetails, at: DecisionContext) -> Change:
    """Check everything that can be checked before the supplier is asked, and claim the step."""
    _ensure_held(session)
    _ensure_agreed(session, request.consent)
    ensure_on_sale(session, at)
    _check_request(session, request, at)
    details = session.details.with_changes(
        contact=request.contact, passengers=request.passengers, dining=request.dining
    )
    change = begin(session).put(details=details)
    if request.payment is not None:
        change = change.put(cards_tried=session.cards_tried + 1)
    change = outcomes.claimed(change, BOOK, at, intent=_intent(session, request))
    return replace(change, hold_for=at.policy.book_limit)


def _ensure_held(session: Session) -> None:
    ensure_open(session)
    if session.state is State.CABIN_SELECTED and session.basket is not None:
        raise refuse(
            RefusalCode.HOLD_LAPSED, "The cabin was held too long and let go. Hold it again."
        )
    ensure(session, Trigger.BOOK)


def _ensure_agreed(session: Session, consent: Consent) -> None:
    """Refuse to book another cabin, or at another total, than the guest agreed to."""
    chosen, total = chosen_of(session), basket_of(session).total
    agreed = (consent.cabin_code or chosen.cabin_code, consent.rate_code or chosen.rate_code)
    if agreed != (chosen.cabin_code, chosen.rate_code):
        held = f"{chosen.cabin_code} at {chosen.rate_code}"
        raise refuse(
            RefusalCode.SELECTION_STALE,
            f"The cabin that is held is {held}, not {' at '.join(agreed)}.",
        )
    if consent.total not in (None, total):
        raise Refused(price_changed(expected=consent.total, actual=total))


def _check_request(session: Session, request: BookingDetails, at: DecisionContext) -> None:
    refusal = (
        check_passengers(
            request.passengers,
            party=session.party,
            sailing_date=session.sailing.sailing_date,
            rules=at.policy.party.of_line(session.sailing.line_id),
        )
        or _check_dining(basket_of(session), request.dining)
        or _check_payment(session, request.payment, at)
    )
    if refusal is not None:
        raise Refused(refusal)
    if not passes(session, Trigger.BOOK, at):
        raise refuse(RefusalCode.HOLD_LAPSED, "The hold ends too soon to book. Hold it again.")


def _check_dining(basket: Basket, dining: str | None) -> Refusal | None:
    if dining is None or any(seating.code == dining for seating in basket.dining):
        return None
    return invalid("/dining", "is not one of the seatings offered")


def _check_payment(
    session: Session, payment: Payment | None, at: DecisionContext
) -> Refusal | None:
    takes_card = channel_of(at.policy).card_with_booking
    if payment is None:
        return PAYMENT_REQUIRED if takes_card and not at.policy.pay_later else None
    if not takes_card:
        return invalid("/payment", "is not taken together with the booking")
    return check_payment(
        payment, due=due_now(basket_of(session), payment.payment_type), session=session, at=at
    )


def _intent(session: Session, request: BookingDetails) -> dict[str, str]:
    basket = basket_of(session)
    intent = {"itemKey": basket.item_key, "total": str(basket.total)}
    if request.payment is not None:
        intent |= intent_of(request.payment.charge)
    return intent


def order_of(session: Session, request: BookingDetails) -> BookOrder:
    """Put together what book.pl is sent."""
    basket = basket_of(session)
    payment = request.payment
    first = basket.dining[0].code if basket.dining else ""
    return BookOrder(
        session_key=supplier_key(session),
        item_key=basket.item_key,
        sailing=session.sailing,
        details=session.details,
        dining=request.dining or first,
        deposit_booking=payment is not None and payment.amount != basket.total,
        payment=payment,
        reference=session.reference,
    )


def ensure_still_held(session: Session, answer: BasketAnswer, *, policy: Policy) -> None:
    """Let another card be tried only while basket.pl shows exactly our item, still priced.

    Raises:
        Refused: `hold_lapsed`, `sailing_mismatch`, `basket_unpriced` or `price_changed`.
    """
    basket = basket_of(session)
    if [item.item_key for item in answer.items] != [basket.item_key]:
        raise refuse(RefusalCode.HOLD_LAPSED, "The cabin is no longer held. Hold it again.")
    if other := agreement.refusal_of(session, answer.items[0].stated, policy=policy):
        raise Refused(other)
    if not answer.priced:
        raise refuse(RefusalCode.BASKET_UNPRICED, "The held cabin lost its price. Hold it again.")
    if answer.total != basket.total:
        raise Refused(price_changed(expected=basket.total, actual=answer.total))


@dataclass(frozen=True, slots=True, kw_only=True)
class BookResult:
    """book.pl's answer beside what was asked."""

    answer: BookAnswer
    charge: Charge | None


def spooled(session: Session, ended: BookResult) -> SpooledAnswer:
    """Return what must survive of an answer that cannot be written yet."""
    step = open_step(session)
    return SpooledAnswer(
        session_id=session.id, step_id=step.id, answer=ended.answer, charge=ended.charge
    )


def settle_book(
    session: Session, ended: BookResult | outcomes.Failure, at: DecisionContext
) -> Change:
    """Judge what book.pl answered and enter it."""
    if isinstance(ended, outcomes.Failure):
        return conclude(_book_failed(session, ended, at), at)
    differing = agreement.differences_of(session, ended.answer.stated)
    verdict = judge_book(
        ended.answer,
        agrees=not decisive(differing),
        asked=ended.charge.amount if ended.charge else None,
        total=basket_of(session).total,
        failed_yellow=at.policy.failed_yellow,
    )
    return conclude(entered(session, ended, verdict, at), at)


def _book_failed(session: Session, failure: outcomes.Failure, at: DecisionContext) -> Change:
    if not failure.certain:
        return _book_unknown(session, failure.evidence, (TaskKind.BOOK_UNKNOWN,), at)
    refusal = failure.refusal
    if failure.is_a(FailureKind.SESSION_EXPIRED):
        refusal = Refusal(code=RefusalCode.HOLD_LAPSED, detail="The supplier let the cabin go.")
    change = outcomes.refused(session, refusal, sent=failure.sent, evidence=failure.evidence)
    change = uncounted(change, failure)
    if refusal.code in (RefusalCode.HOLD_LAPSED, RefusalCode.BASKET_UNPRICED):
        return let_go(change, session, at)
    return _to_be_rechecked(change) if failure.sent else change


def _to_be_rechecked(change: Change) -> Change:
    """Have the basket looked at before anything is booked from it again."""
    return change.put(basket=replace(basket_of(change.after), recheck=True))


def let_go(change: Change, session: Session, at: DecisionContext) -> Change:
    """Return to the chosen cabin: the supplier holds it no more."""
    return (
        change.move(Trigger.RELEASE_BASKET, reason="the supplier holds it no more")
        .put(supplier=None)
        .plus(owed=owed_for(session, at))
    )


def _book_unknown(
    session: Session, evidence: Mapping[str, str], kinds: tuple[TaskKind, ...], at: DecisionContext
) -> Change:
    step = open_step(session)
    not_before = visible_after(step.since, at)
    tasks = tuple(
        staff_task(session, kind, at, step_id=step.id, not_before=not_before, extra=_said(evidence))
        for kind in kinds
    )
    return outcomes.unknown(session, evidence=evidence).plus(tasks=tasks)


def _said(evidence: Mapping[str, str]) -> dict[str, str]:
    """Return the line's side of what a person has to find out; ours is the session's."""
    return {"answer": ", ".join(f"{name} {value}" for name, value in evidence.items())}


def visible_after(since: datetime, at: DecisionContext) -> datetime:
    """Return when a booking that was asked for at `since` shows at the supplier, if it was made."""
    lease = timedelta(seconds=at.policy.lease_seconds(BOOK.limits))
    return since + lease + at.policy.visibility_lag


def entered(
    session: Session, asked: BookResult, verdict: BookVerdict, at: DecisionContext
) -> Change:
    """Enter a judged answer."""
    evidence = evidence_of(asked.answer)
    if verdict.book is StepStatus.UNKNOWN:
        return _book_unknown(session, evidence, verdict.tasks, at)
    if verdict.refusal is not None:
        change = outcomes.refused(session, verdict.refusal, sent=True, evidence=evidence)
        return _to_be_rechecked(change)
    return _booked(session, asked, verdict, at)


def evidence_of(answer: BookAnswer) -> dict[str, str]:
    """Return what staff are shown of an answer."""
    found = {
        "status": answer.status_word,
        "supplierBookingId": answer.supplier_booking_id,
        "reservation": answer.reservation,
        "total": str(answer.total) if answer.total else None,
        "authCodes": ",".join(t.auth_code for t in answer.transactions if t.auth_code),
        "amounts": ", ".join(str(t.amount) for t in answer.transactions if t.amount),
        "fraud": ",".join(t.fraud.value for t in answer.transactions if t.fraud),
        "errors": ",".join(map(str, answer.error_codes)),
    }
    return {name: value for name, value in found.items() if value}


def _booked(
    session: Session, asked: BookResult, verdict: BookVerdict, at: DecisionContext
) -> Change:
    step = open_step(session)
    booking = _booking(session, asked, verdict, at)
    change = outcomes.done(session, evidence=evidence_of(asked.answer))
    change = change.put(booking=booking).move(
        Trigger.BOOK,
        details={"reservation": booking.reservation, "total": str(booking.total)},
    )
    kinds = [kind for kind in verdict.tasks if kind is not TaskKind.PAY_UNKNOWN]
    said = _said(evidence_of(asked.answer))
    tasks = tuple(staff_task(change.after, kind, at, step_id=step.id, extra=said) for kind in kinds)
    differing = agreement.differences_of(session, asked.answer.stated)
    tasks += agreement.mismatch_task(change.after, differing, at, step_id=step.id)
    tasks += _requests_task(change.after, at)
    return _pay_too(change.plus(tasks=tasks), asked, verdict, at)


def _requests_task(session: Session, at: DecisionContext) -> tuple[StaffTask, ...]:
    """Return the task to pass on what the guest asks for: no call of the supplier carries it."""
    if not session.details.special_requests:
        return ()
    return (staff_task(session, TaskKind.PASS_ON_REQUESTS, at),)


def _booking(
    session: Session, asked: BookResult, verdict: BookVerdict, at: DecisionContext
) -> Booking:
    answer, charge = asked.answer, asked.charge
    total = answer.total or basket_of(session).total
    taken = charge.amount if charge and verdict.pay is StepStatus.DONE else None
    return Booking(
        reservation=answer.reservation or "",  # pragma: no mutate - a booked one always has it
        supplier_booking_id=answer.supplier_booking_id,
        status=answer.status_word,
        total=total,
        paid=taken or Money(Decimal(0), total.currency),
        payment_due_at=answer.payment_due_at,
        balance_due_date=answer.balance_due_date or _balance_due(session, taken, at),
        card=charge.card if charge else None,
    )


def _balance_due(session: Session, taken: Money | None, at: DecisionContext) -> date | None:
    """Return by when a balance is due by our own rule; without a deposit there is none."""
    basket = basket_of(session)
    if taken == basket.total or not basket.deposit_possible:
        return None
    return at.policy.balance_due(session.sailing.sailing_date, today=at.now.date())


def _pay_too(
    change: Change, asked: BookResult, verdict: BookVerdict, at: DecisionContext
) -> Change:
    if asked.charge is None:
        return change
    if verdict.pay is not StepStatus.DONE:
        evidence = evidence_of(asked.answer)
        said = _said(evidence) | told_of_money(evidence)
        return pay_unknown(change, asked.charge, at, said=said)
    step = open_step(change.before)
    return paid(change, asked.charge, _auth_code(asked.answer), step.id)


def _auth_code(answer: BookAnswer) -> str | None:
    return next((found.auth_code for found in answer.transactions if found.auth_code), None)


async def call_book(
    session: Session, request: BookingDetails, access: SupplierAccess, ctx: CallContext
) -> BookResult:
    """Book what is held, after a look whether it still is where that was ever in doubt."""
    if basket_of(session).recheck:
        key = supplier_key(session)
        seen = await before_effect(access.supplier.basket(key, session.currency, ctx=ctx))
        ensure_still_held(session, seen, policy=access.policy)
    answer = await access.supplier.book(order_of(session, request), ctx=ctx)
    charge = request.payment.charge if request.payment else None
    return BookResult(answer=answer, charge=charge)


def booked_after_all(session: Session, found: ImportedBooking, at: DecisionContext) -> Change:
    """Settle an unknown book step by the reservation that was found for it."""
    step = open_step(session)
    charge = charge_of(step)
    total = basket_of(session).total
    answer = BookAnswer(
        status=BookStatus.BOOKED,  # pragma: no mutate - it is judged right below, by the record
        status_word=found.status,
        supplier_booking_id=None,
        reservation=found.reservation,
        total=found.total(total) or total,
        outstanding=None,
        stated=found.stated,
    )
    verdict = BookVerdict(
        book=StepStatus.DONE,  # pragma: no mutate - entering asks only whether it is unknown
        pay=_paid_status(session, charge, found),
        tasks=(TaskKind.PRICE_MISMATCH,) if answer.total != total else (),
    )
    asked = BookResult(answer=answer, charge=charge)
    change = entered(session, asked, verdict, at)
    return conclude(compare_received_money(change, found, at), at)


def _paid_status(
    session: Session, charge: Charge | None, found: ImportedBooking
) -> StepStatus | None:
    if charge is None:
        return None
    return StepStatus.DONE if received(session, charge, found) else StepStatus.UNKNOWN


def not_booked(session: Session, at: DecisionContext) -> Change:
    """Settle an unknown book step as not made, and tell the guest, who was asked to wait.

    A lapsed hold goes in the same commit.
    """
    change = replace(outcomes.refused(session, NOT_BOOKED, sent=True), confirms=True)
    if basket_of(session).hold_until <= at.now:
        change = let_go(change, session, at)
    return conclude(change, at)


async def reconcile_book(session: Session, ask: EvidenceSources, ctx: CallContext) -> Finding:
    """Look the booking up, where the account has a channel for that; it may still turn up."""
    try:
        found = await ask.lookup.find(session, ctx=ctx)
    except SupplierError:
        found = Lookup.NOT_THERE  # pragma: no mutate - anything but NO_CHANNEL asks again
    if found is Lookup.NO_CHANNEL:
        return Finding(again=None)
    if found is Lookup.NOT_THERE or disagreements(session, found):
        return Finding(again=ASK_EVERY)
    there = found

    def decide(session: Session, at: DecisionContext) -> Change:
        return booked_after_all(session, there, at)

    return Finding(decide=decide, again=ASK_EVERY)


def late_book(
    session: Session, ended: BookResult | outcomes.Failure, at: DecisionContext
) -> Change | None:
    """Show what pl answered after a person had decided otherwise; nothing moves."""
    if isinstance(ended, outcomes.Failure):
        return None
    said = evidence_of(ended.answer)
    if session.booking is not None and session.booking.reservation == ended.answer.reservation:
        return None
    change = begin(session).record(
        EventKind.LATE_ANSWER, details={"step": StepName.BOOK.value, **said}
    )
    if ended.answer.reservation is None:
        return change
    conflict = staff_task(session, TaskKind.CONFLICT, at, extra=said)
    return change.put(disputed_since=session.disputed_since or at.now).plus(tasks=(conflict,))


BOOK: Final = EffectStep(
    name=StepName.BOOK,
    label="Book at the line",
    kind=StepKind.IRREVERSIBLE,
    endpoints=("basket", "book"),
    undo_meaning="a person cancels with the cruise line: a staff task with a deadline",
    limits=StepLimits(send=20, answer=60),
    ends=StepEnds(
        done="The reservation is entered, and the payment where a card was sent with it.",
        refused="Nothing is booked or charged. The guest may try again while the hold lasts.",
        unknown="No clock, no cancellation and no second booking runs. The worker asks the back"
        " office, where there is one. People answer with the reservation, or that there is none.",
        question=TaskKind.BOOK_UNKNOWN,
    ),
    claim=claim_book,
    call=call_book,
    settle=settle_book,
    late=late_book,
    reconcile=reconcile_book,
    can_ask=lambda sources: sources.lookup.available,
    spooled=spooled,
)
