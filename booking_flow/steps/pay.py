"""Paying: what is checked before a card is charged and what the answer changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final, assert_never
from uuid import UUID

from booking_flow.booking_results import CARD_DECLINED, judge_payment
from booking_flow.context import DecisionContext
from booking_flow.errors import Refusal, RefusalCode, Refused, price_changed, refuse
from booking_flow.flow import State, Trigger
from booking_flow.guards import balance_payable, ensure, ensure_open, payable_by_card
from booking_flow.lifecycle.cancellation import staff_task
from booking_flow.lifecycle.collection import conclude
from booking_flow.model.agreement import Difference, decisive
from booking_flow.model.card import CardBrand, CardMask, Charge, Payment, PaymentType, check_card
from booking_flow.model.change import Change, PaymentRecord, TaskClosing, begin
from booking_flow.model.history import EventKind
from booking_flow.model.money import Money
from booking_flow.model.session import Booking, Session, booking_of, open_step
from booking_flow.model.step import OpenStep, StepKind, StepLimits, StepName, StepStatus
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.policy import Policy
from booking_flow.ports import SpooledAnswer, TakenCheck
from booking_flow.steps import agreement, outcomes
from booking_flow.steps.hold import supplier_key
from booking_flow.steps.live_prices import line_record
from booking_flow.steps.step import (
    ASK_EVERY,
    EffectStep,
    EvidenceSources,
    Finding,
    StepEnds,
    SupplierAccess,
)
from booking_flow.supplier import CallContext, ImportedBooking, PayAnswer
from booking_flow.supplier_errors import FailureKind, SupplierError

BALANCE_PAID = "the balance was paid by card"
NOT_PAID = Refusal(code=RefusalCode.CARD_DECLINED, detail="The payment was not taken.")
COMPARED = "what the line has received was compared with what is entered as paid"
SESSION_CLOSED = Refusal(
    code=RefusalCode.SUPPLIER_ERROR,
    detail="The supplier session is over: this booking can no longer be paid here.",
)


def cards_left(session: Session, policy: Policy) -> int:
    """Return how many cards may still be tried; a balance has as many again as the booking had."""
    rounds = 2 if session.state is State.PAID else 1
    return max(0, policy.max_cards * rounds - session.cards_tried)


def check_payment(
    payment: Payment, *, due: Money, session: Session, at: DecisionContext
) -> Refusal | None:
    """Refuse a card no bank knows, one card too many, or an amount the supplier did not set."""
    if not cards_left(session, at.policy):
        return Refusal(code=RefusalCode.RATE_LIMITED, detail="Too many cards were tried.")
    if (refusal := check_card(payment.card, today=at.now.date())) is not None:
        return refusal
    if payment.amount != due:
        return price_changed(expected=payment.amount, actual=due)
    return None


def intent_of(charge: Charge) -> dict[str, str]:
    """Write down what is asked of a card, so that it can be reconciled without the card."""
    mask = charge.card
    card = {"card": f"{mask.brand or ''} {mask.last4}"} if mask else {}
    return {"amount": str(charge.amount), **card}


def paid(change: Change, charge: Charge, auth_code: str | None, step_id: UUID | None) -> Change:
    """Enter money that moved; a balance leaves the state as it is."""
    record = PaymentRecord(
        amount=charge.amount, auth_code=auth_code, card=charge.card, step_id=step_id
    )
    change, details = change.plus(payments=(record,)), {"amount": str(charge.amount)}
    if change.after.state is State.PAID:
        noted = change.record(EventKind.NOTE, reason=BALANCE_PAID, details=details)
        return replace(noted, confirms=True)
    return change.move(Trigger.PAY, details=details)


def received(session: Session, charge: Charge, record: ImportedBooking | None) -> bool:
    """Whether the line's record shows the money a card was asked for, beside what is entered.

    What it calls received may hold the agency's commission, which is left aside
    (traveltek.md, section 8).
    """
    return _covers(record.received_at_least if record else None, session, charge)


def perhaps_received(session: Session, charge: Charge, record: ImportedBooking | None) -> bool:
    """Whether the line may have the money: what it received covers it, commission or not."""
    return _covers(record.received if record else None, session, charge)


def _covers(got: Money | None, session: Session, charge: Charge) -> bool:
    made = session.booking
    due = made.receiving(charge.amount).paid if made else charge.amount
    return got is not None and got.currency == due.currency and got.amount >= due.amount


class ReceivedMoney(StrEnum):
    """What the line's record shows of the money that is entered as paid."""

    UNSEEN = "unseen"
    """It could not be read, is in another currency, or lags behind."""
    ALL = "all"
    EXCESS = "excess"


def received_money_of(booking: Booking, record: ImportedBooking | None) -> ReceivedMoney:
    """Compare what the line has received with what is entered as paid.

    It may include the agency's commission; only what exceeds both is too much.
    """
    got, entered = record.received if record else None, booking.paid
    if record is None or got is None or not got.positive:
        return ReceivedMoney.UNSEEN if entered.positive else ReceivedMoney.ALL
    if got.currency != entered.currency or got.amount < entered.amount:
        return ReceivedMoney.UNSEEN
    certain = record.received_at_least or got
    return ReceivedMoney.EXCESS if certain.amount > entered.amount else ReceivedMoney.ALL


def received_money_tasks(
    session: Session, record: ImportedBooking | None, at: DecisionContext, *, step_id: UUID | None
) -> tuple[StaffTask, ...]:
    """Return what is to be done about what the line has received for a booking.

    What it has received beyond what is entered is for a person to refund: payment.pl has no
    idempotency key, so a request that reaches the supplier twice is paid twice. Money that is
    entered without having seen the line's record is looked at again.
    """
    match received_money_of(booking_of(session), record):
        case ReceivedMoney.ALL:
            return ()
        case ReceivedMoney.UNSEEN:
            kind = TaskKind.PAYMENT_UNCHECKED
        case ReceivedMoney.EXCESS:
            kind = TaskKind.REFUND
        case never:
            assert_never(never)
    return (staff_task(session, kind, at, step_id=step_id, extra=_money_facts(session, record)),)


def _money_facts(session: Session, record: ImportedBooking | None) -> dict[str, str]:
    """Return what is entered as paid beside what the line's record shows, one text each."""
    facts = {"paid": booking_of(session).paid}
    if record is not None:
        shown = {"received": record.received, "commission": record.commission}
        facts |= {name: amount for name, amount in shown.items() if amount is not None}
    return {name: str(amount) for name, amount in facts.items()}


def compare_received_money(
    change: Change, record: ImportedBooking | None, at: DecisionContext
) -> Change:
    """Compare what a settled step has entered as paid with the line's record."""
    if change.after.open_step is not None:
        return change
    step = open_step(change.before)
    return change.plus(tasks=received_money_tasks(change.after, record, at, step_id=step.id))


def pay_unknown(
    change: Change,
    charge: Charge,
    at: DecisionContext,
    *,
    said: Mapping[str, str] = outcomes.NOTHING,
) -> Change:
    """Leave the payment of a booked session open: nobody knows whether money moved."""
    step = OpenStep(
        id=at.new_id(),
        name=StepName.PAY,
        status=StepStatus.UNKNOWN,
        since=at.now,
        fence=1,
        intent=intent_of(charge),
    )
    change = change.put(open_step=step).record(
        EventKind.STEP_UNKNOWN, details={"step": step.name.value}
    )
    task = staff_task(change.after, TaskKind.PAY_UNKNOWN, at, step_id=step.id, extra=said)
    return change.plus(tasks=(task,))


def claim_pay(session: Session, payment: Payment, at: DecisionContext) -> Change:
    """Check a payment for a booking, or for the balance of a paid one, and claim the step.

    It may come long after the session's own time: whether it can still be taken, the supplier says.
    """
    ensure_open(session)
    if not balance_payable(session):
        ensure(session, Trigger.PAY)
    booking = booking_of(session)
    if not payable_by_card(session, at.policy):
        raise refuse(RefusalCode.WRONG_STATE, "Payment is not taken here after booking.")
    due = _payable(session, payment.payment_type)
    if (refusal := check_payment(payment, due=due, session=session, at=at)) is not None:
        raise Refused(refusal)
    change = begin(session).put(
        cards_tried=session.cards_tried + 1, booking=replace(booking, card=payment.card.mask)
    )
    claimed = outcomes.claimed(change, PAY, at, intent=intent_of(payment.charge))
    return replace(claimed, live=False)


def _payable(session: Session, payment_type: PaymentType) -> Money:
    """Return what a payment has to come to: what is due now, or all that is outstanding."""
    due_later = session.state is State.PAID or payment_type is PaymentType.FULL_PAYMENT
    return booking_of(session).outstanding if due_later else session.still_due


@dataclass(frozen=True, slots=True, kw_only=True)
class PayResult:
    """payment.pl's answer beside what was asked."""

    answer: PayAnswer
    charge: Charge
    record: ImportedBooking | None = None
    """What the line has on record afterwards; None where it could not be read."""


def spooled(session: Session, ended: PayResult) -> SpooledAnswer:
    """Return what must survive of an answer that cannot be written yet."""
    step = open_step(session)
    return SpooledAnswer(
        session_id=session.id,
        step_id=step.id,
        answer=None,
        charge=ended.charge,
        paid=ended.answer,
    )


def settle_pay(
    session: Session, ended: PayResult | outcomes.Failure, at: DecisionContext
) -> Change:
    """Judge what payment.pl answered and enter it."""
    if isinstance(ended, outcomes.Failure):
        return conclude(_pay_failed(session, ended, at), at)
    if ended.record and (other := decisive(agreement.differences_of(session, ended.record.stated))):
        return conclude(_other_record(session, ended, other, at), at)
    match judge_payment(ended.answer, asked=ended.charge.amount):
        case StepStatus.DONE:
            change = compare_received_money(_payment_taken(session, ended), ended.record, at)
        case StepStatus.REFUSED if not perhaps_received(session, ended.charge, ended.record):
            change = outcomes.refused(session, CARD_DECLINED, sent=True)
        case _:
            change = _pay_open(session, _evidence_of(ended.answer), at)
    return conclude(change, at)


def _other_record(
    session: Session, ended: PayResult, other: tuple[Difference, ...], at: DecisionContext
) -> Change:
    """Leave a payment open after which the line's record is about something else."""
    change = _pay_open(session, _evidence_of(ended.answer), at)
    step = open_step(session)
    return change.plus(tasks=agreement.mismatch_task(session, other, at, step_id=step.id))


def _evidence_of(answer: PayAnswer) -> Mapping[str, str]:
    found = answer.transaction
    said = {
        "authCodes": found.auth_code if found else None,
        "amounts": str(found.amount) if found and found.amount else None,
        "fraud": found.fraud.value if found and found.fraud else None,
    }
    return {name: value for name, value in said.items() if value}


def _payment_taken(session: Session, ended: PayResult) -> Change:
    step = open_step(session)
    booking = booking_of(session)
    auth_code = ended.answer.auth_code
    change = outcomes.done(session, evidence={"authCode": str(auth_code)})
    change = change.put(booking=booking.receiving(ended.charge.amount))
    return paid(change, ended.charge, auth_code, step.id)


def _pay_failed(session: Session, failure: outcomes.Failure, at: DecisionContext) -> Change:
    if not failure.certain:
        return _pay_open(session, failure.evidence, at)
    refusal = SESSION_CLOSED if failure.is_a(FailureKind.SESSION_EXPIRED) else failure.refusal
    change = outcomes.refused(session, refusal, sent=failure.sent, evidence=failure.evidence)
    return uncounted(change, failure)


def uncounted(change: Change, failure: outcomes.Failure) -> Change:
    """Take back the count of a card that was certainly never sent."""
    if failure.sent or "card" not in open_step(change.before).intent:
        return change
    return change.put(cards_tried=change.after.cards_tried - 1)


def _pay_open(session: Session, evidence: Mapping[str, str], at: DecisionContext) -> Change:
    step = open_step(session)
    said = {name: value for name, value in evidence.items() if name != "failure"}
    task = staff_task(session, TaskKind.PAY_UNKNOWN, at, step_id=step.id, extra=said)
    return outcomes.unknown(session, evidence=evidence).plus(tasks=(task,))


async def call_pay(
    session: Session, payment: Payment, access: SupplierAccess, ctx: CallContext
) -> PayResult:
    """Pay, and see at the line what came of it; a no its record contradicts is no answer."""
    key, charge = supplier_key(session), payment.charge
    try:
        answer = await access.supplier.pay(key, session.details, payment, ctx=ctx)
    except SupplierError as error:
        if not (error.certain and error.sent):
            raise
        if perhaps_received(session, charge, await _record(session, access, ctx)):
            raise SupplierError(FailureKind.BROKEN, endpoint=error.endpoint) from error
        raise
    record = await _record(session, access, ctx)
    return PayResult(answer=answer, charge=charge, record=record)


async def _record(
    session: Session, access: SupplierAccess, ctx: CallContext
) -> ImportedBooking | None:
    ctx.deadline = ctx.started + access.policy.scaled(PAY.limits).whole
    number = booking_of(session).reservation
    return await line_record(access.supplier, session, number, ctx=ctx)


def charge_of(step: OpenStep) -> Charge | None:
    """Return what a step had asked of a card, from its intent; None when no card was sent."""
    if "amount" not in step.intent:
        return None
    amount, currency = step.intent["amount"].split()
    return Charge(amount=Money(Decimal(amount), currency), card=_card(step.intent.get("card")))


def _card(said: str | None) -> CardMask | None:
    if said is None:
        return None
    brand, last4 = said.split(" ")
    return CardMask(brand=CardBrand(brand) if brand else None, last4=last4)


def paid_after_all(
    session: Session, at: DecisionContext, *, record: ImportedBooking | None = None
) -> Change:
    """Settle an unknown payment as taken; `record` is the line's, where it could be read."""
    step = open_step(session)
    charge = charge_of(step)
    if charge is None:
        raise LookupError("the step asked nothing of a card")
    old = booking_of(session)
    change = outcomes.done(session).put(booking=old.receiving(charge.amount))
    change = paid(change, charge, None, step.id)
    return conclude(compare_received_money(change, record, at), at)


def not_paid(
    session: Session,
    at: DecisionContext,
    *,
    record: ImportedBooking | None = None,
    said: Mapping[str, str] = outcomes.NOTHING,
) -> Change:
    """Settle an unknown payment as not taken; the booking stays, unpaid, and the guest is told.

    What was taken all the same, such as another amount than was asked for, is for a person to
    refund: the line's `record` shows it, or what its answer `said` of it.
    """
    step = open_step(session)
    change = outcomes.refused(session, NOT_PAID, sent=True)
    exceeds = received_money_of(booking_of(session), record) is ReceivedMoney.EXCESS
    told = _taken_as_told(said)
    if exceeds or told:
        facts = _money_facts(session, record) | told
        task = staff_task(change.after, TaskKind.REFUND, at, step_id=step.id, extra=facts)
        change = change.plus(tasks=(task,))
    return conclude(replace(change, confirms=True), at)


def _taken_as_told(said: Mapping[str, str]) -> dict[str, str]:
    """Return what an answer told of money that was taken, which only an authcode proves."""
    told = told_of_money(said)
    return told if "authCodes" in told else {}


def told_of_money(said: Mapping[str, str]) -> dict[str, str]:
    """Return the authcodes and amounts among what was said, one text each."""
    return {name: said[name] for name in ("authCodes", "amounts") if name in said}


async def reconcile_pay(session: Session, ask: EvidenceSources, ctx: CallContext) -> Finding:
    """Look whether the line's record shows the money that a card was asked for."""
    number = booking_of(session).reservation
    found = await line_record(ask.supplier, session, number, ctx=ctx)
    charge = charge_of(open_step(session))
    other = found is not None and decisive(agreement.differences_of(session, found.stated))
    if other or charge is None or not received(session, charge, found):
        return Finding(again=ASK_EVERY)

    def decide(session: Session, at: DecisionContext) -> Change:
        return paid_after_all(session, at, record=found)

    return Finding(decide=decide, again=ASK_EVERY)


def late_pay(
    session: Session, ended: PayResult | outcomes.Failure, at: DecisionContext
) -> Change | None:
    """Have a person look at money that moved after its step was settled otherwise."""
    if isinstance(ended, outcomes.Failure) or not ended.answer.auth_code:
        return None
    if session.state is State.PAID:
        return _paid_before(session, ended, at)
    made = session.booking
    said = {"authCode": ended.answer.auth_code, "received": str(ended.charge.amount)}
    entered = {"paid": str(made.paid)} if made else {}
    task = staff_task(session, TaskKind.REFUND, at, extra=said | entered)
    change = begin(session).record(
        EventKind.LATE_ANSWER, details={"step": StepName.PAY.value, **said}
    )
    return change.plus(tasks=(task,))


def _paid_before(session: Session, ended: PayResult, at: DecisionContext) -> Change | None:
    """Look whether a late payment is the one that is entered, or was taken beside it."""
    tasks = received_money_tasks(session, ended.record, at, step_id=None)
    if not tasks:
        return None
    said = {"step": StepName.PAY.value, "authCode": str(ended.answer.auth_code)}
    return begin(session).record(EventKind.LATE_ANSWER, details=said).plus(tasks=tasks)


def payment_checked(
    session: Session, record: ImportedBooking | None, check: TakenCheck, at: DecisionContext
) -> Change | None:
    """End the check of a payment by the line's record; None where it still shows too little."""
    if received_money_of(booking_of(session), record) is ReceivedMoney.UNSEEN:
        return None
    facts = _money_facts(session, record)
    change = begin(session).record(EventKind.NOTE, reason=COMPARED, details=facts)
    # An unread record ends the check of a booking whose money has all gone back meanwhile.
    said = f"received {facts['received']}" if "received" in facts else "nothing is entered as paid"
    answer = TaskClosing(task_id=check.task_id, version=check.version, answer=said)
    tasks = received_money_tasks(session, record, at, step_id=check.step_id)
    return replace(change.plus(tasks=tasks), closes=answer)


PAY: Final = EffectStep(
    name=StepName.PAY,
    label="Take the payment",
    kind=StepKind.IRREVERSIBLE,
    endpoints=("payment", "cruiseimportbooking"),
    undo_meaning="a person refunds: a staff task",
    limits=StepLimits(send=5, answer=45, check=20),
    ends=StepEnds(
        done="The payment is entered, and compared with what the line has received.",
        refused="Nothing is charged. The guest may pay by another card.",
        unknown="No second card is asked. The worker reads the line's record. People answer whether"
        " it is paid; another amount that was taken is refunded.",
        question=TaskKind.PAY_UNKNOWN,
    ),
    claim=claim_pay,
    call=call_pay,
    settle=settle_pay,
    late=late_pay,
    reconcile=reconcile_pay,
    spooled=spooled,
)
