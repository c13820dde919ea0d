"""Judging supplier answers: what a basket, a booking or a payment answer proves.

Pure functions of what was asked and what was answered (traveltek.md, sections 6 to 8).
"""

from __future__ import annotations

from dataclasses import dataclass

from booking_flow.errors import Refusal, RefusalCode, price_changed
from booking_flow.model.basket import BasketAnswer, BasketItem
from booking_flow.model.money import Money
from booking_flow.model.pricing import Selection
from booking_flow.model.step import StepStatus
from booking_flow.model.task import TaskKind
from booking_flow.payment_evidence import prove_payment
from booking_flow.policy import FailedYellow
from booking_flow.supplier import BookAnswer, BookStatus, CardTransaction, FraudCategory, PayAnswer
from booking_flow.supplier_errors import FailureKind, SupplierError

_REFUSAL_OF = {
    FailureKind.REJECTED: RefusalCode.SUPPLIER_ERROR,
    FailureKind.STALE: RefusalCode.SELECTION_STALE,
    FailureKind.SOLD_OUT: RefusalCode.SOLD_OUT,
    FailureKind.NOT_IN_BASKET: RefusalCode.HOLD_LAPSED,
    FailureKind.ALREADY_DONE: RefusalCode.SUPPLIER_ERROR,
    FailureKind.INCOMPLETE: RefusalCode.VALIDATION_FAILED,
    FailureKind.SESSION_EXPIRED: RefusalCode.SELECTION_STALE,
    FailureKind.MISCONFIGURED: RefusalCode.SUPPLIER_MISCONFIGURED,
    FailureKind.TOKEN_REFUSED: RefusalCode.SUPPLIER_UNAVAILABLE,
    FailureKind.NOT_SENT: RefusalCode.SUPPLIER_UNAVAILABLE,
    FailureKind.TIMEOUT: RefusalCode.SUPPLIER_TIMEOUT,
    FailureKind.BROKEN: RefusalCode.SUPPLIER_ERROR,
    FailureKind.ABANDONED: RefusalCode.SUPPLIER_ERROR,
    FailureKind.OTHER_CURRENCY: RefusalCode.SUPPLIER_ERROR,
}


def refusal_of(error: SupplierError) -> Refusal:
    """Return what a guest is told when a call certainly did nothing, or was only a read."""
    detail = f"{error.text} ({error.code})" if error.code is not None else error.text
    return Refusal(code=_REFUSAL_OF[error.kind], detail=detail or None)


def judge_basket(answer: BasketAnswer, *, selection: Selection) -> BasketItem | Refusal:
    """Return the one item of a healthy basket for no more than was agreed to, or why it is not."""
    if len(answer.items) != 1 or not answer.priced:
        return Refusal(
            code=RefusalCode.BASKET_UNPRICED,
            detail="The supplier could not price this cabin. Please choose again.",
        )
    item = answer.items[0]
    if not selection.guaranteed and item.cabin_number != selection.cabin_number:
        return Refusal(code=RefusalCode.CABIN_GONE, detail="The supplier would hold another cabin.")
    if answer.total.currency != selection.price.currency:
        detail = f"The supplier priced in {answer.total.currency}."
        return Refusal(code=RefusalCode.SUPPLIER_ERROR, detail=detail)
    if answer.total.amount < item.price.amount:
        return Refusal(
            code=RefusalCode.BASKET_UNPRICED,
            detail="The supplier tells two prices for this cabin. Please choose again.",
        )
    if answer.total.amount > selection.limit.amount:
        return price_changed(expected=selection.limit, actual=answer.total)
    return item


@dataclass(frozen=True, slots=True, kw_only=True)
class BookVerdict:
    """What book.pl's answer proves; book and pay are judged apart."""

    book: StepStatus
    pay: StepStatus | None = None
    """None when no card was sent."""
    refusal: Refusal | None = None
    tasks: tuple[TaskKind, ...] = ()


def judge_book(
    answer: BookAnswer,
    *,
    asked: Money | None,
    total: Money,
    failed_yellow: FailedYellow,
    agrees: bool = True,
) -> BookVerdict:
    """Judge a booking by its reservation, its payment by the authcode (traveltek.md, section 7).

    `asked` is what a card was to pay, None without a card; `total` is the price of the basket;
    `agrees` says whether the answer is about the sailing, party and cabin that were asked for.
    """
    if answer.error_codes or answer.status is BookStatus.OTHER:
        return _unknown(answer)
    if answer.status is BookStatus.BOOKED and answer.reservation:
        return _booked(answer, asked=asked, total=total, agrees=agrees)
    if answer.status is BookStatus.FAILED and not answer.reservation:
        return _failed(answer, card_sent=asked is not None, failed_yellow=failed_yellow)
    return _unknown(answer)


def _unknown(answer: BookAnswer) -> BookVerdict:
    refund = (TaskKind.REFUND,) if _charged(answer.transactions) else ()
    return BookVerdict(book=StepStatus.UNKNOWN, tasks=(TaskKind.BOOK_UNKNOWN, *refund))


def _booked(answer: BookAnswer, *, asked: Money | None, total: Money, agrees: bool) -> BookVerdict:
    """Judge a Booked; a total that is not told is a person's to find out, another one a doubt."""
    tasks = [] if answer.total == total else [TaskKind.PRICE_MISMATCH]
    if asked is None:
        refund = [TaskKind.REFUND] if _charged(answer.transactions) else []
        return BookVerdict(book=StepStatus.DONE, tasks=(*tasks, *refund))
    if agrees and answer.total in (None, total) and _paid(answer, asked):
        return BookVerdict(book=StepStatus.DONE, pay=StepStatus.DONE, tasks=tuple(tasks))
    return BookVerdict(
        book=StepStatus.DONE, pay=StepStatus.UNKNOWN, tasks=(*tasks, TaskKind.PAY_UNKNOWN)
    )


def _paid(answer: BookAnswer, asked: Money) -> bool:
    charged = answer.charged
    same = charged is None or not charged.positive or charged == asked
    return same and prove_payment(answer.transactions, asked=asked)


def _failed(answer: BookAnswer, *, card_sent: bool, failed_yellow: FailedYellow) -> BookVerdict:
    """Judge a Failed: Yellow may yet turn Booked, with a card or without (section 10, 10)."""
    screened = {found.fraud for found in answer.transactions}
    in_review = FraudCategory.YELLOW in screened and FraudCategory.RED not in screened
    if _charged(answer.transactions):
        return _unknown(answer)
    if in_review and failed_yellow is FailedYellow.UNKNOWN:
        return _unknown(answer)
    if not card_sent:
        return BookVerdict(book=StepStatus.REFUSED, refusal=NOT_BOOKED)
    if in_review or FraudCategory.RED in screened:
        return BookVerdict(book=StepStatus.REFUSED, refusal=CARD_DECLINED)
    return _unknown(answer)


def _charged(transactions: tuple[CardTransaction, ...]) -> bool:
    return any(found.took_money for found in transactions)


NOT_BOOKED = Refusal(code=RefusalCode.SUPPLIER_ERROR, detail="The line did not book.")
CARD_DECLINED = Refusal(
    code=RefusalCode.CARD_DECLINED, detail="The card was declined. Another card may be tried."
)


def judge_payment(answer: PayAnswer, *, asked: Money) -> StepStatus:
    """Judge payment.pl: an authcode for what was asked is paid, a no is refused.

    Both, neither, or an authcode for something else is unknown.
    """
    found = answer.transaction
    if answer.declined:
        authorised = found is not None and bool(found.auth_code)
        return StepStatus.UNKNOWN if authorised else StepStatus.REFUSED
    proven = found is not None and prove_payment((found,), asked=asked)
    return StepStatus.DONE if proven else StepStatus.UNKNOWN
