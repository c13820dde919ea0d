"""Recording money received outside: who may owe it, how much, and when a booking is paid."""

from dataclasses import replace
from typing import Any

import pytest

from booking_flow.errors import Refusal, RefusalCode
from booking_flow.flow import State, Trigger
from booking_flow.lifecycle.record_payment import (
    TWO_CURRENCIES,
    received_in_full,
    recordable,
    recorded,
)
from booking_flow.model.change import Change, PaymentRecord
from booking_flow.model.history import EventKind
from booking_flow.model.money import Money
from booking_flow.model.session import Session, Unwinding, UnwindingReason
from booking_flow.model.step import StepName
from tests.support.builders import (
    NOW,
    a_basket,
    a_booking,
    a_move,
    a_refusal,
    a_session,
    a_step,
    an_event,
    eur,
    plain,
    refused_by,
    usd,
    with_faults,
)

WHY = "transfer 4711"
BOOKED = a_session(State.BOOKED)
PART_PAID = a_session(State.PAID, booking=a_booking(paid=usd("500")))
ALL = "3006.56"


def record(session: Session, amount: Money) -> Change:
    return recorded(session, amount, reason=WHY)


def refusal_of(session: Session, amount: Money) -> Refusal:
    return refused_by(lambda: record(session, amount))


def with_money(session: Session, paid: str, state: State) -> Session:
    return replace(session, state=state, version=8, booking=a_booking(paid=usd(paid)))


def entered(amount: str) -> tuple[PaymentRecord, ...]:
    return (PaymentRecord(amount=usd(amount), auth_code=None, card=None, step_id=None),)


def test_the_deposit_makes_a_booking_paid() -> None:
    details: Any = {"amount": "500.00 USD", "outstanding": "2506.56 USD"}
    assert record(BOOKED, usd("500")) == Change(
        before=BOOKED,
        after=with_money(BOOKED, "500", State.PAID),
        events=(a_move(Trigger.PAY, State.BOOKED, State.PAID, WHY, **details),),
        payments=entered("500"),
    )


def test_less_than_is_due_now_is_noted_until_the_rest_comes() -> None:
    first = record(BOOKED, usd("499.99"))
    details: Any = {"amount": "499.99 USD", "outstanding": "2506.57 USD"}
    assert first == Change(
        before=BOOKED,
        after=with_money(BOOKED, "499.99", State.BOOKED),
        events=(an_event(EventKind.NOTE, State.BOOKED, reason=WHY, **details),),
        payments=entered("499.99"),
    )
    second = record(first.after, usd("0.01"))
    assert (second.after.state, second.after.booking) == (State.PAID, a_booking(paid=usd("500")))


def test_without_a_deposit_all_of_it_is_due_now() -> None:
    session = a_session(State.BOOKED, basket=a_basket(deposit=usd("0")))
    assert record(session, usd("3006.55")).after.state is State.BOOKED
    assert record(session, usd(ALL)).after.state is State.PAID


def test_nothing_outstanding_is_paid_whatever_the_deposit_was() -> None:
    """Where the line booked for less than its deposit."""
    session = a_session(State.BOOKED, booking=a_booking(total=usd("400")))
    assert record(session, usd("400")).after.state is State.PAID


def test_a_later_balance_is_money_and_no_transition() -> None:
    details: Any = {"amount": "2506.56 USD", "outstanding": "0.00 USD"}
    assert record(PART_PAID, usd("2506.56")) == Change(
        before=PART_PAID,
        after=with_money(PART_PAID, ALL, State.PAID),
        events=(an_event(EventKind.NOTE, State.PAID, reason=WHY, **details),),
        payments=entered("2506.56"),
    )


@pytest.mark.parametrize(
    ("session", "amount", "pointer", "words"),
    [
        (BOOKED, eur("500"), "/currency", "must be USD"),
        (BOOKED, usd("0"), "/amount", "must be more than nothing"),
        (BOOKED, usd("-1"), "/amount", "must be more than nothing"),
        (BOOKED, usd("3006.57"), "/amount", "must not exceed the outstanding 3006.56 USD"),
        (PART_PAID, usd("2506.57"), "/amount", "must not exceed the outstanding 2506.56 USD"),
    ],
)
def test_an_amount_is_one_that_is_owed(
    session: Session, amount: Money, pointer: str, words: str
) -> None:
    wanted = with_faults(RefusalCode.VALIDATION_FAILED, (pointer, words))
    assert plain(refusal_of(session, amount)) == plain(wanted)


def test_money_is_owed_and_entered_in_the_currency_of_the_booking() -> None:
    """The line may book in another currency than it priced in; that is what it wants to receive."""
    session = a_session(State.BOOKED, booking=a_booking(total=eur(ALL), paid=eur("0")))
    change = received_in_full(session, reason=WHY)
    assert (change.after.state, change.after.booking) == (
        State.PAID,
        a_booking(total=eur(ALL), paid=eur(ALL)),
    )
    assert change == record(session, eur(ALL))
    wanted = with_faults(RefusalCode.VALIDATION_FAILED, ("/currency", "must be EUR"))
    assert plain(refusal_of(session, usd(ALL))) == plain(wanted)


def test_money_in_two_currencies_is_not_added() -> None:
    session = a_session(State.BOOKED, booking=a_booking(paid=eur("10")))
    wanted = a_refusal(RefusalCode.WRONG_STATE, TWO_CURRENCIES)
    for amount in (usd("500"), eur("500")):
        assert plain(refusal_of(session, amount)) == plain(wanted)


@pytest.mark.parametrize(
    "state", [*(State.CREATED, State.PRICED, State.CABIN_SELECTED, State.BASKETED), State.CANCELLED]
)
def test_only_a_booking_is_paid(state: State) -> None:
    words = f"recording a payment is not possible while {state}."
    found = refusal_of(a_session(state), usd("500"))
    assert plain(found) == plain(a_refusal(RefusalCode.WRONG_STATE, words))
    assert not recordable(a_session(state, booking=a_booking()))


def test_nothing_is_recorded_while_something_is_under_way_or_owed_no_more() -> None:
    busy = a_session(State.BOOKED, open_step=a_step(StepName.PAY))
    unwinding = Unwinding(since=NOW, reason=UnwindingReason.CANCEL)
    cancelling = a_session(State.PAID, booking=PART_PAID.booking, unwinding=unwinding)
    settled = a_session(State.PAID, booking=a_booking(paid=usd(ALL)))
    assert refusal_of(busy, usd("500")).code is RefusalCode.IN_PROGRESS
    assert refusal_of(cancelling, usd("500")).detail == "This booking is being cancelled."
    assert refusal_of(settled, usd("1")).code is RefusalCode.WRONG_STATE
    assert refusal_of(a_session(State.EXPIRED), usd("1")).code is RefusalCode.SESSION_EXPIRED
    for session in (busy, cancelling, settled, a_session(State.BOOKED, booking=None)):
        assert not recordable(session)
    assert recordable(BOOKED)


@pytest.mark.parametrize(("paid", "rest"), [("0", "500"), ("120", "380")])
def test_what_is_due_now_can_be_entered_as_received_in_full(paid: str, rest: str) -> None:
    """The balance is due later; nobody has to know what was received before."""
    session = a_session(State.BOOKED, booking=a_booking(paid=usd(paid)))
    change = received_in_full(session, reason=WHY)
    assert change == record(session, usd(rest))
    assert change.after.state is State.PAID


def test_a_balance_can_be_entered_as_received_in_full() -> None:
    assert received_in_full(PART_PAID, reason=WHY) == record(PART_PAID, usd("2506.56"))


def test_nothing_can_be_entered_once_all_is_paid() -> None:
    whole = a_session(State.PAID, booking=a_booking(paid=usd(ALL)))
    words = "recording a payment is not possible while paid."
    found = refused_by(lambda: received_in_full(whole, reason=WHY))
    assert plain(found) == plain(a_refusal(RefusalCode.WRONG_STATE, words))
