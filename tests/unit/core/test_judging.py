"""Judging what a supplier answers: a declared table of answers, cards and policies to verdicts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_flow.booking_results import (
    CARD_DECLINED,
    BookVerdict,
    judge_basket,
    judge_book,
    judge_payment,
    refusal_of,
)
from booking_flow.errors import Refusal, RefusalCode
from booking_flow.model.basket import BasketAnswer
from booking_flow.model.money import Money
from booking_flow.model.step import StepStatus
from booking_flow.model.task import TaskKind
from booking_flow.policy import FailedYellow
from booking_flow.supplier import BookAnswer, BookStatus, CardTransaction, FraudCategory, PayAnswer
from booking_flow.supplier_errors import FailureKind, SupplierError
from tests.support.builders import (
    NOTHING_HELD,
    a_basket_answer,
    a_failed_answer,
    a_refusal,
    a_selection,
    a_transaction,
    an_answer,
    an_item,
    eur,
    plain,
    price_is,
    usd,
)

DONE, UNKNOWN, REFUSED = StepStatus.DONE, StepStatus.UNKNOWN, StepStatus.REFUSED
TOTAL = usd("3006.56")
ASKED = usd("500")
NO_AUTH = a_transaction("", usd("0"))
NO_CODE = a_transaction(None, None, None)
RED = a_transaction("", usd("0"), FraudCategory.RED)
YELLOW = a_transaction("", usd("0"), FraudCategory.YELLOW)
CHARGED = a_transaction("A1B2C3", usd("500"))
AMOUNT_ONLY = a_transaction("", usd("500"))
NOT_BOOKED = a_refusal(RefusalCode.SUPPLIER_ERROR, "The line did not book.")

BOOK_TASK = (TaskKind.BOOK_UNKNOWN,)
BOTH_TASKS = (TaskKind.BOOK_UNKNOWN, TaskKind.REFUND)
NEVER_KNOWN = (UNKNOWN, None, None, BOOK_TASK)

PAY_IN_DOUBT = (DONE, UNKNOWN, None, (TaskKind.PAY_UNKNOWN,))
Verdict = tuple[StepStatus, StepStatus | None, Refusal | None, tuple[TaskKind, ...]]


def booked(*transactions: CardTransaction, **fields: object) -> BookAnswer:
    return an_answer(transactions=transactions, **fields)


def other(word: str, *transactions: CardTransaction) -> BookAnswer:
    return an_answer(
        status=BookStatus.OTHER, status_word=word, reservation=None, transactions=transactions
    )


# What book.pl answered, the verdict without a card, and the verdict with one.
VERDICTS: dict[str, tuple[BookAnswer, Verdict, Verdict]] = {
    "booked with an authcode": (
        booked(CHARGED),
        (DONE, None, None, (TaskKind.REFUND,)),
        (DONE, DONE, None, ()),
    ),
    "booked, one card of two authorised": (
        booked(NO_AUTH, CHARGED),
        (DONE, None, None, (TaskKind.REFUND,)),
        (DONE, DONE, None, ()),
    ),
    "booked, no transaction": (
        booked(),
        (DONE, None, None, ()),
        (DONE, UNKNOWN, None, (TaskKind.PAY_UNKNOWN,)),
    ),
    "booked, empty authcode": (
        booked(NO_AUTH),
        (DONE, None, None, ()),
        (DONE, UNKNOWN, None, (TaskKind.PAY_UNKNOWN,)),
    ),
    "booked, an amount without authcode": (
        booked(AMOUNT_ONLY),
        (DONE, None, None, (TaskKind.REFUND,)),
        (DONE, UNKNOWN, None, (TaskKind.PAY_UNKNOWN,)),
    ),
    "booked at another price": (
        booked(CHARGED, total=usd("3106.56")),
        (DONE, None, None, (TaskKind.PRICE_MISMATCH, TaskKind.REFUND)),
        (DONE, UNKNOWN, None, (TaskKind.PRICE_MISMATCH, TaskKind.PAY_UNKNOWN)),
    ),
    "booked in another currency": (
        booked(total=eur("3006.56")),
        (DONE, None, None, (TaskKind.PRICE_MISMATCH,)),
        (DONE, UNKNOWN, None, (TaskKind.PRICE_MISMATCH, TaskKind.PAY_UNKNOWN)),
    ),
    "booked, total not told": (
        booked(CHARGED, total=None),
        (DONE, None, None, (TaskKind.PRICE_MISMATCH, TaskKind.REFUND)),
        (DONE, DONE, None, (TaskKind.PRICE_MISMATCH,)),
    ),
    "booked, charged less than asked": (
        booked(a_transaction("A1B2C3", usd("1"))),
        (DONE, None, None, (TaskKind.REFUND,)),
        PAY_IN_DOUBT,
    ),
    "booked, charged nothing, with an authcode": (
        booked(a_transaction("A1B2C3", usd("0"))),
        (DONE, None, None, (TaskKind.REFUND,)),
        PAY_IN_DOUBT,
    ),
    "booked, charged twice": (
        booked(CHARGED, a_transaction("A1B2C4", usd("500"))),
        (DONE, None, None, (TaskKind.REFUND,)),
        PAY_IN_DOUBT,
    ),
    "booked, charged in two parts": (
        booked(a_transaction("A1", usd("200")), a_transaction("A2", usd("300"))),
        (DONE, None, None, (TaskKind.REFUND,)),
        (DONE, DONE, None, ()),
    ),
    "booked, an authcode and no amount": (
        booked(a_transaction("A1B2C3", None)),
        (DONE, None, None, (TaskKind.REFUND,)),
        (DONE, DONE, None, ()),
    ),
    "booked, charged in another currency": (
        booked(a_transaction("A1B2C3", eur("500"))),
        (DONE, None, None, (TaskKind.REFUND,)),
        PAY_IN_DOUBT,
    ),
    "booked, Red beside an authcode": (
        booked(replace(CHARGED, fraud=FraudCategory.RED)),
        (DONE, None, None, (TaskKind.REFUND,)),
        PAY_IN_DOUBT,
    ),
    "booked, all transactions come to something else": (
        booked(CHARGED, charged=usd("501")),
        (DONE, None, None, (TaskKind.REFUND,)),
        PAY_IN_DOUBT,
    ),
    "booked, all transactions come to what was asked": (
        booked(CHARGED, charged=ASKED),
        (DONE, None, None, (TaskKind.REFUND,)),
        (DONE, DONE, None, ()),
    ),
    "booked, all transactions come to nothing": (
        booked(CHARGED, charged=usd("0")),
        (DONE, None, None, (TaskKind.REFUND,)),
        (DONE, DONE, None, ()),
    ),
    "booked, no reservation": (booked(reservation=None), NEVER_KNOWN, NEVER_KNOWN),
    "booked, empty reservation": (booked(reservation=""), NEVER_KNOWN, NEVER_KNOWN),
    "booked, no reservation, but charged": (
        booked(CHARGED, reservation=None),
        (UNKNOWN, None, None, BOTH_TASKS),
        (UNKNOWN, None, None, BOTH_TASKS),
    ),
    "failed, Red": (
        a_failed_answer(RED),
        (REFUSED, None, NOT_BOOKED, ()),
        (REFUSED, None, CARD_DECLINED, ()),
    ),
    "failed, Red beside Yellow": (
        a_failed_answer(YELLOW, RED),
        (REFUSED, None, NOT_BOOKED, ()),
        (REFUSED, None, CARD_DECLINED, ()),
    ),
    "failed, Green": (
        a_failed_answer(NO_AUTH),
        (REFUSED, None, NOT_BOOKED, ()),
        NEVER_KNOWN,
    ),
    "failed, nothing said of the card": (
        a_failed_answer(NO_CODE),
        (REFUSED, None, NOT_BOOKED, ()),
        NEVER_KNOWN,
    ),
    "failed, no transaction": (
        a_failed_answer(),
        (REFUSED, None, NOT_BOOKED, ()),
        NEVER_KNOWN,
    ),
    "failed, empty reservation": (
        a_failed_answer(RED, reservation=""),
        (REFUSED, None, NOT_BOOKED, ()),
        (REFUSED, None, CARD_DECLINED, ()),
    ),
    "failed with an authcode": (
        a_failed_answer(CHARGED),
        (UNKNOWN, None, None, BOTH_TASKS),
        (UNKNOWN, None, None, BOTH_TASKS),
    ),
    "failed, Red, with a positive amount": (
        a_failed_answer(replace(RED, amount=usd("500"))),
        (UNKNOWN, None, None, BOTH_TASKS),
        (UNKNOWN, None, None, BOTH_TASKS),
    ),
    "failed, with a reservation": (
        a_failed_answer(RED, reservation="F9WZ03"),
        NEVER_KNOWN,
        NEVER_KNOWN,
    ),
    "another status word": (other("OnRequest"), NEVER_KNOWN, NEVER_KNOWN),
    "another status word, charged": (
        other("OnRequest", CHARGED),
        (UNKNOWN, None, None, BOTH_TASKS),
        (UNKNOWN, None, None, BOTH_TASKS),
    ),
    "errors beside a booking": (booked(error_codes=(0,)), NEVER_KNOWN, NEVER_KNOWN),
    "errors beside a paid booking": (
        booked(CHARGED, error_codes=(169,)),
        (UNKNOWN, None, None, BOTH_TASKS),
        (UNKNOWN, None, None, BOTH_TASKS),
    ),
    "errors beside a failure": (a_failed_answer(RED, error_codes=(5,)), NEVER_KNOWN, NEVER_KNOWN),
}


def verdict_of(answer: BookAnswer, *, card_sent: bool, policy: FailedYellow) -> BookVerdict:
    asked = ASKED if card_sent else None
    return judge_book(answer, asked=asked, total=TOTAL, failed_yellow=policy)


@pytest.mark.parametrize("policy", FailedYellow)
@pytest.mark.parametrize("card_sent", [False, True])
@pytest.mark.parametrize("case", VERDICTS)
def test_every_answer_of_book_has_its_verdict(
    case: str, card_sent: bool, policy: FailedYellow
) -> None:
    """Whatever the policy for Yellow, it touches no other answer."""
    answer, without, with_card = VERDICTS[case]
    found = verdict_of(answer, card_sent=card_sent, policy=policy)
    book, pay, refusal, tasks = with_card if card_sent else without
    assert found == BookVerdict(book=book, pay=pay, refusal=refusal, tasks=tasks)


@pytest.mark.parametrize(
    ("card_sent", "policy", "verdict"),
    [
        (True, FailedYellow.UNKNOWN, NEVER_KNOWN),
        (True, FailedYellow.REFUSED, (REFUSED, None, CARD_DECLINED, ())),
        (False, FailedYellow.UNKNOWN, NEVER_KNOWN),
        (False, FailedYellow.REFUSED, (REFUSED, None, NOT_BOOKED, ())),
    ],
)
def test_failed_and_yellow_is_what_the_policy_says(
    card_sent: bool, policy: FailedYellow, verdict: Verdict
) -> None:
    """It may yet turn Booked, so by default nobody books again."""
    found = verdict_of(a_failed_answer(YELLOW), card_sent=card_sent, policy=policy)
    book, pay, refusal, tasks = verdict
    assert found == BookVerdict(book=book, pay=pay, refusal=refusal, tasks=tasks)


ANSWERS = st.builds(
    BookAnswer,
    status=st.sampled_from(BookStatus),
    status_word=st.just("word"),
    supplier_booking_id=st.sampled_from([None, "777"]),
    reservation=st.sampled_from([None, "", "F9WZ03"]),
    total=st.sampled_from([None, TOTAL, usd("1"), eur("3006.56")]),
    outstanding=st.none(),
    transactions=st.lists(
        st.builds(
            CardTransaction,
            auth_code=st.sampled_from([None, "", "A1"]),
            amount=st.sampled_from([None, usd("0"), usd("500")]),
            fraud=st.sampled_from([None, *FraudCategory]),
        ),
        max_size=3,
    ).map(tuple),
    error_codes=st.sampled_from([(), (169,)]),
)


@given(ANSWERS, st.booleans(), st.sampled_from(FailedYellow))
def test_whatever_is_answered_no_booking_and_no_charge_is_lost(
    answer: BookAnswer, card_sent: bool, policy: FailedYellow
) -> None:
    found = verdict_of(answer, card_sent=card_sent, policy=policy)
    clean = answer.status is BookStatus.BOOKED and answer.reservation and not answer.error_codes
    assert (found.book is DONE) is bool(clean)
    assert (found.refusal is not None) is (found.book is REFUSED)
    charged = any(one.took_money for one in answer.transactions)
    assert not (found.book is REFUSED and (charged or answer.reservation))
    if found.book is UNKNOWN:
        assert TaskKind.BOOK_UNKNOWN in found.tasks
        assert (TaskKind.REFUND in found.tasks) is charged
    assert (found.pay is not None) is (card_sent and found.book is DONE)
    assert (TaskKind.PAY_UNKNOWN in found.tasks) is (found.pay is UNKNOWN)


def test_a_declined_card_invites_another() -> None:
    assert plain(CARD_DECLINED) == plain(
        a_refusal(RefusalCode.CARD_DECLINED, "The card was declined. Another card may be tried.")
    )


UNPRICED = a_refusal(
    RefusalCode.BASKET_UNPRICED, "The supplier could not price this cabin. Please choose again."
)
OTHER_CABIN = a_refusal(RefusalCode.CABIN_GONE, "The supplier would hold another cabin.")


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (NOTHING_HELD, UNPRICED),
        (a_basket_answer(total=usd("0")), UNPRICED),
        (a_basket_answer(an_item(payable_online=False)), UNPRICED),
        (a_basket_answer(an_item(), an_item(item_key="700002")), UNPRICED),
        (a_basket_answer(an_item(cabin_number="8003")), OTHER_CABIN),
        (a_basket_answer(an_item(cabin_number="GUAR")), OTHER_CABIN),
        (
            a_basket_answer(total=eur("3006.56")),
            a_refusal(RefusalCode.SUPPLIER_ERROR, "The supplier priced in EUR."),
        ),
        (a_basket_answer(total=usd("3006.57")), price_is(usd("3006.57"), not_=TOTAL)),
    ],
)
def test_a_basket_other_than_chosen_is_refused(answer: BasketAnswer, refusal: Refusal) -> None:
    found = judge_basket(answer, selection=a_selection())
    assert isinstance(found, Refusal)
    assert plain(found) == plain(refusal)


def test_a_basket_as_chosen_gives_its_one_item() -> None:
    answer = a_basket_answer()
    assert judge_basket(answer, selection=a_selection()) is answer.items[0]


def test_a_basket_below_the_price_of_its_own_item_contradicts_itself() -> None:
    """A cheaper price is taken, so that a total of nonsense must not pass for one."""
    found = judge_basket(a_basket_answer(total=usd("1")), selection=a_selection())
    detail = "The supplier tells two prices for this cabin. Please choose again."
    assert found == Refusal(code=RefusalCode.BASKET_UNPRICED, detail=detail)


def test_a_basket_for_no_more_than_was_agreed_to_is_taken() -> None:
    """Cheaper goes through, and so does a price that the guest was told and agreed to."""
    cheaper = a_basket_answer(an_item(price=usd("3006.55")), total=usd("3006.55"))
    assert judge_basket(cheaper, selection=a_selection()) is cheaper.items[0]
    dearer, agreeing = a_basket_answer(total=usd("3300")), a_selection(agreed=usd("3300"))
    assert judge_basket(dearer, selection=agreeing) is dearer.items[0]
    assert isinstance(judge_basket(dearer, selection=a_selection()), Refusal)


def test_a_guarantee_takes_whichever_cabin_the_line_gives() -> None:
    answer = a_basket_answer(an_item(cabin_number="8003"))
    assert judge_basket(answer, selection=a_selection(cabin_number="GUAR")) is answer.items[0]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (PayAnswer(transaction=CHARGED), DONE),
        (PayAnswer(transaction=CHARGED, declined=True), UNKNOWN),
        (PayAnswer(transaction=NO_AUTH), UNKNOWN),
        (PayAnswer(transaction=a_transaction("A1", usd("1"))), UNKNOWN),
        (PayAnswer(transaction=a_transaction("A1", eur("500"))), UNKNOWN),
        (PayAnswer(transaction=replace(CHARGED, fraud=FraudCategory.RED)), UNKNOWN),
        (PayAnswer(transaction=NO_AUTH, declined=True), REFUSED),
        (PayAnswer(transaction=None), UNKNOWN),
        (PayAnswer(transaction=None, declined=True), REFUSED),
    ],
)
def test_only_an_authcode_is_a_payment(answer: PayAnswer, status: StepStatus) -> None:
    assert judge_payment(answer, asked=ASKED) is status
    assert answer.auth_code == (answer.transaction and answer.transaction.auth_code)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (FailureKind.REJECTED, RefusalCode.SUPPLIER_ERROR),
        (FailureKind.STALE, RefusalCode.SELECTION_STALE),
        (FailureKind.SOLD_OUT, RefusalCode.SOLD_OUT),
        (FailureKind.NOT_IN_BASKET, RefusalCode.HOLD_LAPSED),
        (FailureKind.INCOMPLETE, RefusalCode.VALIDATION_FAILED),
        (FailureKind.SESSION_EXPIRED, RefusalCode.SELECTION_STALE),
        (FailureKind.MISCONFIGURED, RefusalCode.SUPPLIER_MISCONFIGURED),
        (FailureKind.NOT_SENT, RefusalCode.SUPPLIER_UNAVAILABLE),
        (FailureKind.TIMEOUT, RefusalCode.SUPPLIER_TIMEOUT),
        (FailureKind.BROKEN, RefusalCode.SUPPLIER_ERROR),
        (FailureKind.ABANDONED, RefusalCode.SUPPLIER_ERROR),
        (FailureKind.OTHER_CURRENCY, RefusalCode.SUPPLIER_ERROR),
    ],
)
def test_every_failure_has_a_code_the_guest_is_told(kind: FailureKind, code: RefusalCode) -> None:
    assert plain(refusal_of(SupplierError(kind, endpoint="x"))) == plain(a_refusal(code))


def test_every_kind_of_failure_is_in_the_table() -> None:
    for kind in FailureKind:
        assert refusal_of(SupplierError(kind, endpoint="x")).code


@pytest.mark.parametrize(
    ("code", "text", "detail"),
    [
        (201, "Title missing", "Title missing (201)"),
        (0, "Odd", "Odd (0)"),
        (None, "Nationality missing", "Nationality missing"),
        (None, "", None),
    ],
)
def test_the_suppliers_own_words_are_passed_on(
    code: int | None, text: str, detail: str | None
) -> None:
    error = SupplierError(FailureKind.INCOMPLETE, endpoint="book.pl", code=code, text=text)
    assert refusal_of(error).detail == detail


def test_money_of_two_currencies_is_never_compared_as_equal() -> None:
    """A mismatch of currency alone is a mismatch."""
    found = verdict_of(
        booked(total=Money(TOTAL.amount, "CAD")), card_sent=False, policy=FailedYellow.UNKNOWN
    )
    assert found.tasks == (TaskKind.PRICE_MISMATCH,)
