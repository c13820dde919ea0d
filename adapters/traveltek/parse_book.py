"""Reading book.pl and payment.pl: their words, unjudged (traveltek.md, sections 7 and 8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from adapters.traveltek.parse_envelope import Envelope
from adapters.traveltek.parse_prices import currencies
from adapters.traveltek.parse_values import (
    Node,
    Unreadable,
    currency_code,
    day,
    first,
    moment,
    money,
    node,
    nodes,
    text,
)
from booking_flow.supplier import BookAnswer, BookStatus, CardTransaction, FraudCategory, PayAnswer

BALANCE_DUE_KEYS = ("balanceduedate", "finalpaymentdate", "finalpaymentduedate")
PAYMENT_DUE_KEYS = ("paymentdueutc", "depositdueutc", "optionexpiryutc", "optionexpirydateutc")
"""Only times that carry a zone (`*utc`) can be a deadline (traveltek.md, section 10, 8 and 9)."""

_DECLINED = frozenset({"declined", "failed", "refused", "rejected"})


def read_booking(answer: Envelope, *, item_key: str, currency: str | None) -> BookAnswer:
    """Read what book.pl said; errors together with a booking id are words, not a refusal."""
    result, details = answer.result, node(answer.result.get("bookingdetails"))
    booking_id = _booking_id(result, details)
    if booking_id is None:
        answer.without_errors()
    cruise = _cruise(details, item_key)
    word = first(result, "status") or first(details, "status") or ""
    if not (booking_id or word or cruise):
        raise Unreadable("booking")
    currency = _currency(answer, details) or currency
    return BookAnswer(
        status=_status(word, cruise, erroneous=bool(answer.errors)),
        status_word=word,
        supplier_booking_id=booking_id,
        reservation=text(cruise.get("reservation")),
        total=money(details.get("totalprice"), currency) if currency else None,
        outstanding=money(details.get("outstandingbalance"), currency) if currency else None,
        transactions=_transactions(details, currency),
        error_codes=tuple(error.code for error in answer.errors if error.code is not None),
        balance_due_date=_balance_due(cruise, details),
        payment_due_at=_payment_due(cruise, details),
    )


def _booking_id(result: Node, details: Node) -> str | None:
    """Return the booking id; 0 is none."""
    found = first(result, "bookingid") or first(details, "bookingid", "id")
    return None if found is None or not found.strip("0") else found


def _cruise(details: Node, item_key: str) -> Node:
    """Return the cruise of our item, or of the only one."""
    items = nodes(details.get("bookingitems"))
    ours = [item for item in items if text(item.get("itemkey")) == item_key]
    return node((ours or items or [{}])[0].get("cruisedetail"))


def _status(word: str, cruise: Node, *, erroneous: bool) -> BookStatus:
    """Know Booked and Failed; errors beside them or a contradiction make them unknown."""
    known = {status.value.lower(): status for status in (BookStatus.BOOKED, BookStatus.FAILED)}
    overall = known.get(word.lower(), BookStatus.OTHER)
    line = known.get((text(cruise.get("status")) or word).lower(), overall)
    return BookStatus.OTHER if erroneous or line is not overall else overall


def _currency(answer: Envelope, details: Node) -> str | None:
    items = nodes(details.get("bookingitems"))
    lines = [
        line for item in items for line in nodes(node(item.get("cruisedetail")).get("breakdown"))
    ]
    stated = (currencies(row)[:1] for row in (details, *items, *lines))
    return next((codes[0] for codes in stated if codes), None) or answer.currency


def _transactions(details: Node, currency: str | None) -> tuple[CardTransaction, ...]:
    """Read the card transactions; a total without one that took money counts as one."""
    rows = nodes(details.get("transactions"))
    found = tuple(_transaction(row, currency) for row in rows)
    total = money(details.get("totaltransactionamount"), currency) if currency else None
    if total is not None and total.positive and not any(each.took_money for each in found):
        return (*found, CardTransaction(auth_code=None, amount=total))
    return found


def _transaction(row: Node, currency: str | None) -> CardTransaction:
    currency = currency_code(row.get("currency")) or currency
    return CardTransaction(
        auth_code=text(row.get("authcode")),
        amount=money(row.get("amount"), currency) if currency else None,
        fraud=_fraud(text(row.get("fraudcategory")) or ""),
    )


def _fraud(word: str) -> FraudCategory | None:
    return next((each for each in FraudCategory if each.value.lower() == word.lower()), None)


def _balance_due(*sources: Node) -> date | None:
    days = (day(source.get(key)) for source in sources for key in BALANCE_DUE_KEYS)
    return next((each for each in days if each), None)


def _payment_due(*sources: Node) -> datetime | None:
    times = (moment(source.get(key)) for source in sources for key in PAYMENT_DUE_KEYS)
    return next((each for each in times if each is not None and each.tzinfo is not None), None)


def read_payment(answer: Envelope, *, currency: str) -> PayAnswer:
    """Read what payment.pl said; errors beside a transaction are words, not a refusal."""
    transactions = _payments(answer, currency)
    if not any(each.took_money for each in transactions):
        answer.without_errors()
    best = _telling(transactions)
    return PayAnswer(transaction=best, declined=_declined(answer, best))


def _payments(answer: Envelope, currency: str) -> list[CardTransaction]:
    sources = [
        source
        for result in answer.results
        for source in (result, node(result.get("bookingdetails")))
    ]
    rows = [row for source in sources for row in nodes(source.get("transactions"))]
    rows += [source for source in sources if text(source.get("authcode"))]
    return [_transaction(row, currency) for row in rows]


def _telling(transactions: Sequence[CardTransaction]) -> CardTransaction | None:
    taken = (each for each in transactions if each.took_money)
    return next(taken, transactions[-1] if transactions else None)


def _declined(answer: Envelope, transaction: CardTransaction | None) -> bool:
    """Whether it says no for good; Yellow may yet turn (traveltek.md, section 10, 10)."""
    if transaction is None or transaction.took_money:
        return False
    if transaction.fraud is FraudCategory.YELLOW:
        return False
    return transaction.fraud is FraudCategory.RED or not _DECLINED.isdisjoint(_words(answer))


def _words(answer: Envelope) -> Iterable[str]:
    for result in answer.results:
        rows = [result, *nodes(result.get("transactions"))]
        yield from ((text(row.get("status")) or "").lower() for row in rows)
