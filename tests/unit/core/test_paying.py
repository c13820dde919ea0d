"""Paying for a booking: what is checked before, and the exact change each answer makes."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from booking_flow.booking_results import CARD_DECLINED
from booking_flow.errors import Refusal, RefusalCode
from booking_flow.flow import State, Trigger
from booking_flow.guards import allowed_triggers
from booking_flow.model.card import PaymentType
from booking_flow.model.change import Change, PaymentRecord, begin
from booking_flow.model.history import Event, EventKind
from booking_flow.model.money import Money
from booking_flow.model.session import Session, Unwinding, UnwindingReason, booking_of
from booking_flow.model.step import OpenStep, StepClaim, StepName, StepStatus
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.policy import PaymentChannel, Policy
from booking_flow.ports import SpooledAnswer
from booking_flow.steps.outcomes import Failure
from booking_flow.steps.pay import (
    BALANCE_PAID,
    PayResult,
    ReceivedMoney,
    claim_pay,
    intent_of,
    paid,
    paid_after_all,
    perhaps_received,
    received,
    received_money_of,
    settle_pay,
    spooled,
)
from booking_flow.supplier import CardTransaction, ImportedBooking, PayAnswer
from booking_flow.supplier_errors import FailureKind, SupplierError
from tests.support.builders import (
    BOOKED_FACTS,
    MASK,
    NOW,
    STEP_ID,
    a_basket,
    a_booking,
    a_card,
    a_move,
    a_payment,
    a_record,
    a_refusal,
    a_session,
    a_settlement,
    a_step,
    a_task,
    a_transaction,
    an_event,
    an_id,
    at,
    eur,
    paying,
    plain,
    price_is,
    refused_by,
    to_be_collected,
    usd,
    with_faults,
)

BOOKED = a_session(State.BOOKED)
CHARGE = a_payment().charge
INTENT: dict[str, Any] = {"amount": "500.00 USD", "card": "VIS 1111"}
CHANNEL: dict[str, Any] = {"payment_channel": PaymentChannel.SUPPLIER_PAYMENT}


def test_a_payment_is_claimed_with_the_mask_of_its_card() -> None:
    step = OpenStep(
        id=an_id(1),
        name=StepName.PAY,
        status=StepStatus.STARTED,
        since=NOW,
        fence=1,
        intent=INTENT,
    )
    assert claim_pay(BOOKED, a_payment(), at(**CHANNEL)) == Change(
        before=BOOKED,
        after=a_session(
            State.BOOKED,
            version=8,
            open_step=step,
            cards_tried=1,
            booking=a_booking(card=MASK),
        ),
        events=(an_event(EventKind.STEP_CLAIMED, State.BOOKED, step="pay", **INTENT),),
        claim=StepClaim(id=an_id(1), name=StepName.PAY, lease_seconds=85, intent=INTENT),
    )


@pytest.mark.parametrize(
    ("session", "payment", "policy", "refusal"),
    [
        (
            a_session(State.PAID, booking=a_booking(paid=usd("3006.56"))),
            a_payment(),
            CHANNEL,
            a_refusal(RefusalCode.WRONG_STATE, "pay is not possible while paid."),
        ),
        (a_session(State.PAID), a_payment(), CHANNEL, price_is(usd("2506.56"), not_=usd("500"))),
        (
            a_session(State.PAID),
            a_payment("2506.56"),
            {},
            a_refusal(RefusalCode.WRONG_STATE, "Payment is not taken here after booking."),
        ),
        (
            paying(),
            a_payment(),
            CHANNEL,
            a_refusal(RefusalCode.IN_PROGRESS, "The step pay is still under way.", step="pay"),
        ),
        (
            BOOKED,
            a_payment(),
            {},
            a_refusal(RefusalCode.WRONG_STATE, "Payment is not taken here after booking."),
        ),
        (
            BOOKED,
            a_payment(),
            {"payment_channel": PaymentChannel.MANUAL},
            a_refusal(RefusalCode.WRONG_STATE, "Payment is not taken here after booking."),
        ),
        (
            a_session(State.BOOKED, cards_tried=3),
            a_payment(),
            CHANNEL,
            a_refusal(RefusalCode.RATE_LIMITED, "Too many cards were tried."),
        ),
        (
            BOOKED,
            a_payment(card=a_card(cvv="")),
            CHANNEL,
            with_faults(
                RefusalCode.CARD_INVALID,
                ("/payment/cvv", "has 3 digits, or 4 for American Express"),
            ),
        ),
        (BOOKED, a_payment("1"), CHANNEL, price_is(usd("500"), not_=usd("1"))),
        (
            BOOKED,
            a_payment(payment_type=PaymentType.FULL_PAYMENT),
            CHANNEL,
            price_is(usd("3006.56"), not_=usd("500")),
        ),
        (
            a_session(State.BOOKED, basket=a_basket(deposit=usd("0"))),
            a_payment(),
            CHANNEL,
            price_is(usd("3006.56"), not_=usd("500")),
        ),
    ],
)
def test_what_can_be_refused_without_the_supplier_is(
    session: Session, payment: Any, policy: dict[str, Any], refusal: Refusal
) -> None:
    found = refused_by(lambda: claim_pay(session, payment, at(**policy)))
    assert plain(found) == plain(refusal)


@pytest.mark.parametrize(
    ("charge", "card"),
    [(CHARGE, "VIS 1111"), (replace(CHARGE, card=replace(MASK, brand=None)), " 1111")],
)
def test_what_is_asked_of_a_card_can_be_found_again_without_it(charge: Any, card: str) -> None:
    assert intent_of(charge) == {"amount": "500.00 USD", "card": card}
    assert intent_of(replace(charge, card=None)) == {"amount": "500.00 USD"}


def settled(outcome: str, **more: Any) -> Event:
    return an_event(EventKind.STEP_SETTLED, State.BOOKED, step="pay", outcome=outcome, **more)


def ended(
    transaction: CardTransaction | None,
    *,
    declined: bool = False,
    record: ImportedBooking | None = None,
) -> PayResult:
    answer = PayAnswer(transaction=transaction, declined=declined)
    return PayResult(answer=answer, charge=CHARGE, record=record)


PAID_EVENT = a_move(Trigger.PAY, State.BOOKED, State.PAID, amount="500.00 USD")


def test_an_authcode_is_a_payment() -> None:
    session = paying(booking=a_booking(paid=usd("6.56")))
    assert settle_pay(session, ended(a_transaction()), at()) == Change(
        before=session,
        after=a_session(State.PAID, version=9, booking=a_booking(paid=usd("506.56"))),
        events=(settled("done"), PAID_EVENT),
        settle=a_settlement(StepStatus.DONE, authCode="A1B2C3"),
        payments=(
            PaymentRecord(amount=usd("500"), auth_code="A1B2C3", card=MASK, step_id=STEP_ID),
        ),
        tasks=(a_task(TaskKind.PAYMENT_UNCHECKED, facts=BOOKED_FACTS | {"paid": "506.56 USD"}),),
    )


@pytest.mark.parametrize(
    ("got", "enough"),
    [
        (usd("500"), True),
        (usd("500.01"), True),
        (usd("499.99"), False),
        (eur("500"), False),
        (None, False),
    ],
)
def test_the_lines_record_shows_the_money_asked_for(got: Money | None, enough: bool) -> None:
    assert received(BOOKED, CHARGE, a_record(received=got)) is enough
    assert received(a_session(State.BASKETED), CHARGE, a_record(received=got)) is enough


@pytest.mark.parametrize(("got", "enough"), [("506.56", True), ("506.55", False)])
def test_the_lines_record_shows_it_beside_what_was_paid_before(got: str, enough: bool) -> None:
    session = a_session(State.BOOKED, booking=a_booking(paid=usd("6.56")))
    assert received(session, CHARGE, a_record(received=usd(got))) is enough


def test_a_record_that_could_not_be_read_shows_no_money() -> None:
    assert received(BOOKED, CHARGE, None) is False


def test_what_the_line_received_beyond_what_is_entered_is_refunded_by_a_person() -> None:
    session = paying(booking=a_booking(paid=usd("6.56")))
    change = settle_pay(
        session, ended(a_transaction(), record=a_record(received=usd("1000"))), at()
    )
    said = BOOKED_FACTS | {"received": "1000.00 USD", "paid": "506.56 USD"}
    assert change.tasks == (a_task(TaskKind.REFUND, facts=said),)
    assert change.after.state is State.PAID


def test_a_record_of_what_was_entered_needs_nobody() -> None:
    change = settle_pay(
        paying(), ended(a_transaction(), record=a_record(received=usd("500"))), at()
    )
    assert (change.after.state, change.tasks) == (State.PAID, ())


@pytest.mark.parametrize(
    ("got", "commission", "certain", "perhaps"),
    [
        ("500", None, True, True),
        ("600", "100", True, True),
        ("599.99", "100", False, True),
        ("500", "100", False, True),
        ("499.99", "100", False, False),
        ("499.99", None, False, False),
    ],
)
def test_money_received_may_hold_the_commission(
    got: str, commission: str | None, certain: bool, perhaps: bool
) -> None:
    told = usd(commission) if commission else None
    record = a_record(received=usd(got), commission=told)
    assert received(BOOKED, CHARGE, record) is certain
    assert perhaps_received(BOOKED, CHARGE, record) is perhaps


@pytest.mark.parametrize(("got", "kinds"), [("600", ()), ("600.01", (TaskKind.REFUND,))])
def test_only_what_exceeds_charge_and_commission_is_to_be_refunded(
    got: str, kinds: tuple[TaskKind, ...]
) -> None:
    record = a_record(received=usd(got), commission=usd("100"))
    change = settle_pay(paying(), ended(a_transaction(), record=record), at())
    assert tuple(task.kind for task in change.tasks) == kinds
    assert all(task.facts["commission"] == "100.00 USD" for task in change.tasks)


def test_a_payment_of_another_amount_is_in_doubt_with_both_sides() -> None:
    taken = a_transaction(amount=usd("1"))
    change = settle_pay(paying(), ended(taken), at())
    assert change.after.state is State.BOOKED
    (task,) = change.tasks
    assert task.kind is TaskKind.PAY_UNKNOWN
    said = {"authCodes": "A1B2C3", "amounts": "1.00 USD", "fraud": "Green"}
    assert task.facts == BOOKED_FACTS | said


def unchecked(shown: dict[str, str]) -> StaffTask:
    facts = BOOKED_FACTS | {"paid": "500.00 USD"} | shown
    return a_task(TaskKind.PAYMENT_UNCHECKED, facts=facts)


@pytest.mark.parametrize("got", [usd("499.99"), usd("0"), eur("1000"), None])
def test_a_record_that_does_not_show_what_was_entered_is_looked_at_again(
    got: Money | None,
) -> None:
    change = settle_pay(paying(), ended(a_transaction(), record=a_record(received=got)), at())
    task = unchecked({"received": str(got)} if got else {})
    assert (change.after.state, change.tasks) == (State.PAID, (task,))


@pytest.mark.parametrize(
    ("paid", "got", "receipt"),
    [
        ("500", usd("500"), ReceivedMoney.ALL),
        ("500", usd("500.01"), ReceivedMoney.EXCESS),
        ("500", usd("499.99"), ReceivedMoney.UNSEEN),
        ("500", eur("500"), ReceivedMoney.UNSEEN),
        ("500", None, ReceivedMoney.UNSEEN),
        ("0", None, ReceivedMoney.ALL),
        ("0", eur("0"), ReceivedMoney.ALL),
        ("0", eur("0.01"), ReceivedMoney.UNSEEN),
        ("0", usd("0.01"), ReceivedMoney.EXCESS),
    ],
)
def test_what_the_line_received_is_compared_with_what_is_entered(
    paid: str, got: Money | None, receipt: ReceivedMoney
) -> None:
    booking = a_booking(paid=usd(paid))
    assert received_money_of(booking, a_record(received=got)) is receipt


def test_money_entered_without_an_authcode_is_recorded_so() -> None:
    session = a_session(State.BOOKED)
    change = paid(begin(session), CHARGE, None, None)
    assert change.payments == (
        PaymentRecord(amount=usd("500"), auth_code=None, card=MASK, step_id=None),
    )
    assert change.events == (PAID_EVENT,)


def in_another_currency(total: str, already: Money) -> Session:
    """Return a session that pays a booking which the line has made in another currency."""
    made = a_booking(total=Money(Decimal(total), "GBP"), paid=already)
    return paying(booking=made)


@pytest.mark.parametrize(
    ("already", "after"), [(Money(Decimal(0), "GBP"), usd("500")), (usd("20"), usd("520"))]
)
def test_what_is_paid_of_a_booking_in_another_currency_is_counted_in_the_cards(
    already: Money, after: Money
) -> None:
    session = in_another_currency("3006.56", already)
    change = settle_pay(session, ended(a_transaction()), at())
    assert change.after.booking is not None
    assert change.after.booking.paid == after
    intent = {"amount": "500.00 USD", "card": "VIS 1111"}
    doubtful = replace(session, open_step=a_step(StepName.PAY, StepStatus.UNKNOWN, intent=intent))
    found = paid_after_all(doubtful, at()).after.booking
    assert found is not None
    assert found.paid == after


def test_a_declined_payment_leaves_the_booking_unpaid() -> None:
    session = paying()
    wanted = Change(
        before=session,
        after=a_session(State.BOOKED, version=8),
        events=(settled("refused", code="card_declined"),),
        settle=a_settlement(StepStatus.REFUSED, CARD_DECLINED),
    )
    assert settle_pay(session, ended(None, declined=True), at()) == to_be_collected(wanted)


def test_a_refusal_that_the_lines_record_contradicts_leaves_the_payment_open() -> None:
    session = paying()
    contradicted = ended(None, declined=True, record=a_record(received=usd("500")))
    assert settle_pay(session, contradicted, at()) == open_payment(session)
    agreed = ended(None, declined=True, record=a_record(received=usd("0")))
    change = settle_pay(session, agreed, at())
    assert change.settle == a_settlement(StepStatus.REFUSED, CARD_DECLINED)


def open_payment(session: Session, **evidence: Any) -> Change:
    return Change(
        before=session,
        after=replace(session, version=8, open_step=a_step(StepName.PAY, StepStatus.UNKNOWN)),
        events=(an_event(EventKind.STEP_UNKNOWN, State.BOOKED, step="pay", **evidence),),
        settle=a_settlement(StepStatus.UNKNOWN, **evidence),
        tasks=(a_task(TaskKind.PAY_UNKNOWN, facts=BOOKED_FACTS),),
    )


def failure(kind: FailureKind) -> Failure:
    return Failure(error=SupplierError(kind, endpoint="payment.pl"))


@pytest.mark.parametrize("cancelled", [None, NOW])
def test_an_answer_that_says_nothing_leaves_the_payment_open(cancelled: Any) -> None:
    session = paying(cancel_requested_at=cancelled)
    assert settle_pay(session, ended(None), at()) == open_payment(session)


@pytest.mark.parametrize("kind", [FailureKind.TIMEOUT, FailureKind.BROKEN, FailureKind.ABANDONED])
def test_a_payment_that_may_have_been_taken_stays_open(kind: FailureKind) -> None:
    session = paying()
    expected = open_payment(session, failure=f"payment.pl: {kind.value}")
    assert settle_pay(session, failure(kind), at()) == expected


@pytest.mark.parametrize(
    ("kind", "code", "sent"),
    [
        (FailureKind.REJECTED, RefusalCode.SUPPLIER_ERROR, True),
        (FailureKind.NOT_SENT, RefusalCode.SUPPLIER_UNAVAILABLE, False),
    ],
)
def test_a_payment_certainly_not_taken_leaves_the_booking_unpaid(
    kind: FailureKind, code: RefusalCode, sent: bool
) -> None:
    session = paying()
    wanted = Change(
        before=session,
        after=a_session(State.BOOKED, version=8),
        events=(settled("refused", code=code.value),),
        settle=a_settlement(
            StepStatus.REFUSED, a_refusal(code), sent=sent, failure=f"payment.pl: {kind.value}"
        ),
    )
    assert settle_pay(session, failure(kind), at()) == to_be_collected(wanted)


def test_a_booking_whose_supplier_session_is_over_can_no_longer_be_paid_there() -> None:
    session = paying()
    change = settle_pay(session, failure(FailureKind.SESSION_EXPIRED), at())
    closed = a_refusal(
        RefusalCode.SUPPLIER_ERROR,
        "The supplier session is over: this booking can no longer be paid here.",
    )
    said = "payment.pl: session_expired"
    assert change.settle == a_settlement(StepStatus.REFUSED, closed, failure=said)


@pytest.mark.parametrize(
    ("kind", "counted"),
    [(FailureKind.NOT_SENT, 1), (FailureKind.REJECTED, 2), (FailureKind.TIMEOUT, 2)],
)
def test_a_card_that_was_certainly_never_sent_does_not_count(
    kind: FailureKind, counted: int
) -> None:
    step = a_step(StepName.PAY, intent={"amount": "500.00 USD", "card": "VIS 1111"})
    session = replace(paying(cards_tried=2), open_step=step)
    assert settle_pay(session, failure(kind), at()).after.cards_tried == counted


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (ended(a_transaction()), State.PAID),
        (ended(None, declined=True), State.BOOKED),
        (failure(FailureKind.NOT_SENT), State.BOOKED),
    ],
)
def test_a_cancel_that_arrived_meanwhile_is_a_persons_work(
    end: PayResult | Failure, state: State
) -> None:
    change = settle_pay(paying(cancel_requested_at=NOW), end, at())
    assert change.after.state is state
    assert change.after.unwinding == Unwinding(since=NOW, reason=UnwindingReason.CANCEL)
    checks = [TaskKind.PAYMENT_UNCHECKED] if state is State.PAID else []
    assert [task.kind for task in change.tasks] == [*checks, TaskKind.CANCEL_WITH_LINE]


def test_a_booked_session_must_have_its_booking() -> None:
    with pytest.raises(LookupError) as caught:
        booking_of(a_session())
    assert str(caught.value) == "nothing is booked"


OWING = a_session(State.PAID)
REST = "2506.56"
BALANCE = replace(CHARGE, amount=usd(REST))


@pytest.mark.parametrize("kind", PaymentType)
def test_a_balance_is_claimed_while_it_is_paid(kind: PaymentType) -> None:
    payment = a_payment(REST, payment_type=kind)
    change = claim_pay(OWING, payment, at(now=NOW + timedelta(days=9), **CHANNEL))
    assert change.after.state is State.PAID
    assert change.claim is not None
    assert (change.claim.intent["amount"], change.live) == ("2506.56 USD", False)


def test_a_balance_is_taken_by_card_where_the_deposit_came_with_the_booking() -> None:
    """Only a balance: what was due with the booking stays with whoever collects it."""
    by_card = Policy(balance_by_card=True)
    claimed = claim_pay(OWING, a_payment(REST), at(balance_by_card=True))
    assert claimed.claim is not None
    assert Trigger.PAY in allowed_triggers(OWING, policy=by_card)
    assert Trigger.PAY not in allowed_triggers(OWING, policy=Policy())
    unpaid = a_session(State.BOOKED)
    assert Trigger.PAY not in allowed_triggers(unpaid, policy=by_card)
    refused = refused_by(lambda: claim_pay(unpaid, a_payment("500.00"), at(balance_by_card=True)))
    assert refused.code is RefusalCode.WRONG_STATE


def test_a_balance_that_was_paid_is_money_and_no_transition() -> None:
    session = replace(OWING, open_step=a_step(StepName.PAY, intent=intent_of(BALANCE)))
    answer = PayAnswer(transaction=a_transaction())
    result = PayResult(answer=answer, charge=BALANCE, record=a_record(received=usd("3006.56")))
    for change in (settle_pay(session, result, at()), paid_after_all(session, at())):
        assert change.after.booking == a_booking(paid=usd("3006.56"))
        assert (change.after.state, change.after.open_step) == (State.PAID, None)
        noted = an_event(EventKind.NOTE, State.PAID, reason=BALANCE_PAID, amount=f"{REST} USD")
        assert change.events[-1] == noted
        assert [each.amount for each in change.payments] == [usd(REST)]
        assert change.confirms


def test_of_an_answer_that_cannot_be_written_the_money_and_what_was_said_survive() -> None:
    result, session = ended(a_transaction()), paying()
    assert spooled(session, result) == SpooledAnswer(
        session_id=session.id, step_id=STEP_ID, answer=None, charge=CHARGE, paid=result.answer
    )


def test_a_balance_that_was_declined_leaves_the_booking_paid() -> None:
    session = replace(OWING, open_step=a_step(StepName.PAY, intent=intent_of(BALANCE)))
    result = PayResult(answer=PayAnswer(transaction=None, declined=True), charge=BALANCE)
    change = settle_pay(session, result, at())
    assert (change.after.state, change.after.booking) == (State.PAID, OWING.booking)
    assert change.tasks == ()


@pytest.mark.parametrize(("tried", "may"), [(5, True), (6, False)])
def test_a_balance_has_tries_of_its_own(tried: int, may: bool) -> None:
    session = replace(OWING, cards_tried=tried)
    if may:
        assert claim_pay(session, a_payment(REST), at(**CHANNEL)).after.cards_tried == tried + 1
    else:
        found = refused_by(lambda: claim_pay(session, a_payment(REST), at(**CHANNEL)))
        assert found.code is RefusalCode.RATE_LIMITED
