"""Reading book.pl and payment.pl: their words, unjudged (traveltek.md, sections 7 and 8)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from adapters.traveltek.parse_envelope import Envelope
from adapters.traveltek.parse_prices import currencies
from adapters.traveltek.parse_statement import state_sailing
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
from adapters.traveltek.settings import TraveltekSettings
from booking_flow.model.money import Money
from booking_flow.supplier import BookAnswer, BookStatus, CardTransaction, FraudCategory, PayAnswer

BALANCE_DUE_KEYS = ("balanceduedate", "finalpaymentdate", "finalpaymentduedate")
PAYMENT_DUE_KEYS = ("paymentdueutc", "depositdueutc", "optionexpiryutc", "optionexpirydateutc")
"""Only times that carry a zone (`*utc`) can be a deadline (traveltek.md, section 10, 8 and 9)."""

_DECLINED = frozenset({"declined", "failed", "refused", "rejected"})


def read_booking(
    answer: Envelope, *, item_key: str, currency: str | None, settings: TraveltekSettings
) -> BookAnswer:
    """Read what book.pl said; errors together with a booking id are words, not a refusal."""
    result, details = answer.result, node(answer.result.get("bookingdetails"))
    booking_id = _booking_id(result, details)
    item = _item(details, item_key)
    cruise = node(item.get("cruisedetail"))
    if booking_id is None and not text(cruise.get("reservation")):
        answer.without_errors()
    words = [
        words for level in (result, details, item, cruise) if (words := first(level, "status"))
    ]
    if not (booking_id or words or cruise):
        raise Unreadable("booking")
    currency = _currency(answer, details) or currency
    return BookAnswer(
        status=_status(words, settings, erroneous=bool(answer.errors)),
        status_word=", ".join(dict.fromkeys(words)),
        supplier_booking_id=booking_id,
        reservation=text(cruise.get("reservation")),
        total=_total(details, item, currency) if currency else None,
        outstanding=money(details.get("outstandingbalance"), currency) if currency else None,
        transactions=_transactions(details, currency, settings),
        stated=state_sailing(cruise, travellers=details.get("passengers")),
        charged=money(details.get("totaltransactionamount"), currency) if currency else None,
        error_codes=tuple(error.code for error in answer.errors if error.code is not None),
        balance_due_date=_balance_due(cruise, details),
        payment_due_at=_payment_due(cruise, details),
    )


def _booking_id(result: Node, details: Node) -> str | None:
    """Return the booking id; 0 is none."""
    found = first(result, "bookingid") or first(details, "bookingid", "id")
    return None if found is None or not found.strip("0") else found


def _item(details: Node, item_key: str) -> Node:
    """Return our item, or the only one."""
    items = nodes(details.get("bookingitems"))
    ours = [item for item in items if text(item.get("itemkey")) == item_key]
    return (ours or items or [{}])[0]


def _status(words: Sequence[str], settings: TraveltekSettings, *, erroneous: bool) -> BookStatus:
    """Know Booked and Failed where every level with a status says the same, without errors."""
    said = {_meaning(word, settings) for word in words}
    return said.pop() if len(said) == 1 and not erroneous else BookStatus.OTHER


def _meaning(word: str, settings: TraveltekSettings) -> BookStatus:
    if means_booked(word, settings):
        return BookStatus.BOOKED
    failed = word.lower() == BookStatus.FAILED.value.lower()
    return BookStatus.FAILED if failed else BookStatus.OTHER


def means_booked(word: str, settings: TraveltekSettings) -> bool:
    """Whether a word of status means booked; the words are a setting."""
    return word.strip().casefold() in settings.booked_words


def _total(details: Node, item: Node, currency: str) -> Money | None:
    """Return the total of the booking, or the price of its only item."""
    alone = len(nodes(details.get("bookingitems"))) == 1
    return money(details.get("totalprice"), currency) or (
        money(item.get("price"), currency) if alone else None
    )


def _currency(answer: Envelope, details: Node) -> str | None:
    items = nodes(details.get("bookingitems"))
    lines = [
        line for item in items for line in nodes(node(item.get("cruisedetail")).get("breakdown"))
    ]
    stated = (currencies(row)[:1] for row in (details, *items, *lines))
    return next((codes[0] for codes in stated if codes), None) or answer.currency


def _transactions(
    details: Node, currency: str | None, settings: TraveltekSettings
) -> tuple[CardTransaction, ...]:
    """Read the card transactions; a total without one that took money counts as one."""
    rows = nodes(details.get("transactions"))
    found = tuple(_transaction(row, currency, settings) for row in rows)
    total = money(details.get("totaltransactionamount"), currency) if currency else None
    if total is not None and total.positive and not any(each.took_money for each in found):
        return (*found, CardTransaction(auth_code=None, amount=total))
    return found


def _transaction(row: Node, currency: str | None, settings: TraveltekSettings) -> CardTransaction:
    currency = currency_code(row.get("currency")) or currency
    return CardTransaction(
        auth_code=_auth_code(row.get("authcode"), settings),
        amount=money(row.get("amount"), currency) if currency else None,
        fraud=_fraud(text(row.get("fraudcategory")) or ""),
    )


def _auth_code(value: object, settings: TraveltekSettings) -> str | None:
    """Return an authcode; zeros, signs alone and words that refuse are none."""
    code = text(value) or ""
    words = {code.lower(), *re.findall(r"[a-z]+", code.lower())}
    proves_nothing = not re.search(r"[^\W0_]", code)
    return None if proves_nothing or words & settings.no_authcode_words else code


def _fraud(word: str) -> FraudCategory | None:
    return next((each for each in FraudCategory if each.value.lower() == word.lower()), None)


def _balance_due(*sources: Node) -> date | None:
    days = (day(source.get(key)) for source in sources for key in BALANCE_DUE_KEYS)
    return next((each for each in days if each), None)


def _payment_due(*sources: Node) -> datetime | None:
    times = (moment(source.get(key)) for source in sources for key in PAYMENT_DUE_KEYS)
    return next((each for each in times if each is not None and each.tzinfo is not None), None)


def read_payment(answer: Envelope, *, asked: Money, settings: TraveltekSettings) -> PayAnswer:
    """Read what payment.pl said; errors beside a transaction are words, not a refusal."""
    transactions = _payments(answer, asked.currency, settings)
    if not any(each.took_money for each in transactions):
        answer.without_errors()
    best = _telling(transactions, asked)
    return PayAnswer(transaction=best, declined=_declined(answer, best))


def _payments(
    answer: Envelope, currency: str, settings: TraveltekSettings
) -> list[CardTransaction]:
    sources = [
        source
        for result in answer.results
        for source in (result, node(result.get("bookingdetails")))
    ]
    rows = [row for source in sources for row in nodes(source.get("transactions"))]
    rows += [source for source in sources if text(source.get("authcode"))]
    return [_transaction(row, currency, settings) for row in rows]


def _telling(transactions: Sequence[CardTransaction], asked: Money) -> CardTransaction | None:
    """Return the transaction that was asked for: earlier payments may stand beside it."""
    taken = sorted(
        (each for each in transactions if each.took_money), key=lambda one: one.amount != asked
    )
    return next(iter(taken), transactions[-1] if transactions else None)


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
