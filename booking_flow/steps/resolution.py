"""What a person, or the account's look-up channel, says of a step nobody could find out about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from booking_flow.booking_results import BookVerdict
from booking_flow.errors import Refusal, RefusalCode, refuse
from booking_flow.flow import Trigger
from booking_flow.lifecycle.cancellation import end_of, obey_cancel
from booking_flow.model.card import CardBrand, CardMask, Charge
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.money import Money
from booking_flow.model.names import same_name
from booking_flow.model.session import Session
from booking_flow.model.step import OpenStep, StepStatus
from booking_flow.model.task import TaskKind
from booking_flow.steps import book, outcomes
from booking_flow.steps.context import DecisionContext
from booking_flow.steps.hold import basket_of, chosen_of
from booking_flow.steps.pay import booking_of, compare_receipt, paid, received
from booking_flow.supplier import BookAnswer, BookStatus, ImportedBooking

NOT_BOOKED = Refusal(code=RefusalCode.SUPPLIER_ERROR, detail="The booking was not made.")
NOT_PAID = Refusal(code=RefusalCode.CARD_DECLINED, detail="The payment was not taken.")
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One fact on which the line's record and our attempt differ."""

    fact: str
    ours: str
    theirs: str


def disagreements(session: Session, found: ImportedBooking) -> tuple[Disagreement, ...]:
    """Compare a reservation with the attempt it is said to come from."""
    pairs = (
        ("lead surname", *_surnames(session, found)),
        ("sailing", session.sailing.cruise_id, found.cruise_id or ""),
        ("grade", chosen_of(session).cabin_code, found.grade_code or ""),
        ("price", str(basket_of(session).total), str(found.price or "")),
        ("booked on", *_dates(session, found)),
    )
    return tuple(
        Disagreement(fact=fact, ours=ours, theirs=theirs)
        for fact, ours, theirs in pairs
        if ours != theirs
    )


def _surnames(session: Session, found: ImportedBooking) -> tuple[str, str]:
    """Return both lead surnames, equal where they may be spellings of one whole name."""
    theirs = (found.lead_surname or "").casefold()
    lead = next(iter(session.details.passengers), None)
    if lead is None:
        return "", theirs
    ours = [name for name in (lead.last_name, lead.printed_last_name) if name]
    same = bool(theirs) and any(same_name(name, theirs) for name in ours)
    return theirs if same else lead.last_name.casefold(), theirs


def _dates(session: Session, found: ImportedBooking) -> tuple[str, str]:
    asked = outcomes.open_step(session).since.date()
    if found.booked_on is None:
        return asked.isoformat(), ""
    near = abs(found.booked_on - asked) <= A_DAY
    return (found.booked_on if near else asked).isoformat(), found.booked_on.isoformat()


def booked_after_all(session: Session, found: ImportedBooking, at: DecisionContext) -> Change:
    """Settle an unknown book step by the reservation that was found for it."""
    step = outcomes.open_step(session)
    charge = charge_of(step)
    total = basket_of(session).total
    answer = BookAnswer(
        status=BookStatus.BOOKED,  # pragma: no mutate - it is judged right below, by the record
        status_word=found.status,
        supplier_booking_id=None,
        reservation=found.reservation,
        total=found.price or total,
        outstanding=None,
    )
    verdict = BookVerdict(
        book=StepStatus.DONE,  # pragma: no mutate - entering asks only whether it is unknown
        pay=_paid_status(session, charge, found),
        tasks=(TaskKind.PRICE_MISMATCH,) if answer.total != total else (),
    )
    asked = book.BookResult(answer=answer, charge=charge)
    change = book.entered(session, asked, verdict, at)
    return obey_cancel(compare_receipt(change, found, at), at)


def _paid_status(
    session: Session, charge: Charge | None, found: ImportedBooking
) -> StepStatus | None:
    if charge is None:
        return None
    return StepStatus.DONE if received(session, charge, found) else StepStatus.UNKNOWN


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


def not_booked(session: Session, at: DecisionContext) -> Change:
    """Settle an unknown book step as not made; a lapsed hold goes in the same commit."""
    change = outcomes.refused(session, NOT_BOOKED, sent=True)
    if basket_of(session).hold_until <= at.now:
        change = book.let_go(change, session, at)
    return obey_cancel(change, at)


def paid_after_all(
    session: Session, at: DecisionContext, *, record: ImportedBooking | None = None
) -> Change:
    """Settle an unknown payment as taken; `record` is the line's, where it could be read."""
    step = outcomes.open_step(session)
    charge = charge_of(step)
    if charge is None:
        raise LookupError("the step asked nothing of a card")
    old = booking_of(session)
    change = outcomes.done(session).put(booking=old.receiving(charge.amount))
    change = paid(change, charge, None, step.id)
    return obey_cancel(compare_receipt(change, record, at), at)


def not_paid(session: Session, at: DecisionContext) -> Change:
    """Settle an unknown payment as not taken; the booking stays, unpaid."""
    return obey_cancel(outcomes.refused(session, NOT_PAID, sent=True), at)


def line_cancelled(session: Session, *, reason: str | None) -> Change:
    """End a reserved session: the line has confirmed its cancellation."""
    if session.unwinding is None or not session.reserved:
        raise refuse(RefusalCode.WRONG_STATE, "No cancellation is under way.")
    trigger = end_of(session.unwinding.reason)
    return begin(session).move(trigger, reason=reason).put(unwinding=None)


def line_refused(session: Session, *, reason: str | None) -> Change:
    """Go on with a reserved session: the line refused to cancel it."""
    if session.unwinding is None or not session.reserved:
        raise refuse(RefusalCode.WRONG_STATE, "No cancellation is under way.")
    trigger = end_of(session.unwinding.reason)
    change = begin(session).put(unwinding=None)
    if trigger is Trigger.EXPIRE:
        change = change.put(booking=booking_of(session).without_deadline())
    return change.record(EventKind.UNWINDING, trigger=trigger, reason=reason or "refused")
