"""The saga as a table, policies, and what a session says of itself."""

from dataclasses import replace
from datetime import timedelta

import pytest

from booking_flow.channels import channel_of
from booking_flow.flow import State
from booking_flow.model.money import Money
from booking_flow.model.step import OpenStep, StepKind, StepLimits, StepName, StepStatus
from booking_flow.model.task import TaskKind
from booking_flow.policy import FailedYellow, PaymentChannel, Policy
from booking_flow.saga import EFFECTS, SAGA, STEPS
from booking_flow.steps.book import BOOK
from booking_flow.steps.outcomes import Failure
from booking_flow.supplier import CallContext, CardTransaction, SupplierCall
from booking_flow.supplier_errors import FailureKind, SupplierError
from tests.support.builders import (
    HELD_UNTIL,
    NOW,
    OWED,
    a_booking,
    a_session,
    a_step,
    an_id,
    at,
    booking,
    eur,
    holding,
    paying,
    usd,
)


def test_every_step_of_the_saga_is_there_once() -> None:
    """What a step asks of the supplier is compared with what it does: tests/integration/engine."""
    assert [step.name for step in SAGA] == list(StepName)
    assert list(STEPS) == list(StepName)
    assert all(step.label and step.endpoints and step.undo_meaning for step in SAGA)
    assert all(EFFECTS[name] is STEPS[name] for name in EFFECTS)


def test_what_changes_nothing_at_the_supplier_needs_no_claim() -> None:
    claimed = {step.name for step in SAGA if step.effectful}
    assert claimed == {StepName.ADD_TO_BASKET, StepName.RELEASE, StepName.BOOK, StepName.PAY}


def test_every_reversible_step_has_an_undo_that_is_one() -> None:
    for step in SAGA:
        assert (step.undo is not None) is (step.kind is StepKind.REVERSIBLE)
        if step.undo is not None:
            assert STEPS[step.undo].kind is StepKind.UNDO


@pytest.mark.parametrize("name", PaymentChannel)
def test_each_payment_channel_takes_what_is_due_in_one_way(name: PaymentChannel) -> None:
    channel = channel_of(Policy(payment_channel=name))
    assert channel.name is name
    assert [channel.card_with_booking, channel.card_after_booking, channel.due_by_hand] == [
        name is each
        for each in (
            PaymentChannel.WITH_BOOKING,
            PaymentChannel.SUPPLIER_PAYMENT,
            PaymentChannel.MANUAL,
        )
    ]


@pytest.mark.parametrize("status", StepStatus)
def test_a_step_is_unknown_only_once_its_call_has_ended(status: StepStatus) -> None:
    step = OpenStep(id=an_id(1), name=StepName.BOOK, status=status, since=NOW, fence=1)
    assert step.unknown is (status is StepStatus.UNKNOWN)


@pytest.mark.parametrize(
    ("step", "seconds"),
    [
        (StepName.ADD_TO_BASKET, 165),
        (StepName.RELEASE, 35),
        (StepName.BOOK, 95),
        (StepName.PAY, 85),
    ],
)
def test_a_lease_outlives_the_limits_of_its_step(step: StepName, seconds: float) -> None:
    assert Policy().lease_seconds(EFFECTS[step].limits) == seconds
    assert Policy(lease_margin=0).lease_seconds(EFFECTS[step].limits) == seconds - 15


def test_limits_scale_as_one() -> None:
    limits = StepLimits(send=5, answer=45, check=20)
    assert limits.whole == 70
    assert limits.scaled(0.1) == StepLimits(send=0.5, answer=4.5, check=2)
    assert StepLimits(send=5, answer=45).whole == 50


def test_a_hold_outlives_all_that_a_booking_may_take() -> None:
    """Otherwise a claim could be let in whose call ends after the hold."""
    policy = Policy()
    limits = policy.scaled(BOOK.limits)
    assert policy.book_limit >= timedelta(seconds=limits.whole)


def test_the_policies_that_are_the_careful_ones_are_the_defaults() -> None:
    policy = Policy()
    assert policy.failed_yellow is FailedYellow.UNKNOWN
    assert policy.payment_channel is PaymentChannel.WITH_BOOKING
    assert policy.live_lines == {22, 3}
    assert policy.max_cards == 3
    assert policy.session_life == timedelta(hours=2)
    assert policy.hold_default == timedelta(minutes=10)


CERTAIN = {
    FailureKind.REJECTED,
    FailureKind.STALE,
    FailureKind.SOLD_OUT,
    FailureKind.NOT_IN_BASKET,
    FailureKind.INCOMPLETE,
    FailureKind.SESSION_EXPIRED,
    FailureKind.MISCONFIGURED,
    FailureKind.TOKEN_REFUSED,
    FailureKind.NOT_SENT,
}
UNHEARD = {FailureKind.TOKEN_REFUSED, FailureKind.NOT_SENT}


@pytest.mark.parametrize("kind", FailureKind)
def test_a_failure_is_certain_only_when_the_supplier_cannot_have_acted(kind: FailureKind) -> None:
    error = SupplierError(kind, endpoint="book.pl")
    assert error.certain is (kind in CERTAIN)
    assert error.sent is (kind not in UNHEARD)


def test_a_failure_names_endpoint_and_kind_and_no_more() -> None:
    """Its text may quote what was sent, so it stays out of the message."""
    error = SupplierError(FailureKind.REJECTED, endpoint="book.pl", code=201, text="title missing")
    assert str(error) == "book.pl: rejected 201"
    assert (error.endpoint, error.code, error.text) == ("book.pl", 201, "title missing")
    bare = SupplierError(FailureKind.TIMEOUT, endpoint="book.pl")
    assert str(bare) == "book.pl: timeout"
    assert (bare.code, bare.text) == (None, "")
    zero = SupplierError(FailureKind.REJECTED, endpoint="book.pl", code=0)
    assert str(zero) == "book.pl: rejected 0"


def test_when_the_last_call_was_sent() -> None:
    ctx = CallContext(started=100)
    assert ctx.last_sent_after == timedelta(0)
    ctx.calls += [a_call(0.5), a_call(2.25)]
    assert ctx.last_sent_after == timedelta(seconds=2.25)


def a_call(sent_at_offset: float) -> SupplierCall:
    return SupplierCall(
        id=an_id(1),
        endpoint="basketadd.pl",
        step_id=None,
        sent_at_offset=sent_at_offset,
        duration=1,
        outcome="ok",
        http_status=200,
        error_code=None,
        request={},
        response=None,
    )


@pytest.mark.parametrize(
    ("auth_code", "amount", "took"),
    [
        ("A1", None, True),
        ("A1", "0", True),
        (None, "1", True),
        ("", "1", True),
        ("", "0", False),
        (None, None, False),
        (None, "-1", False),
    ],
)
def test_an_authcode_or_an_amount_shows_that_money_moved(
    auth_code: str | None, amount: str | None, took: bool
) -> None:
    money = None if amount is None else usd(amount)
    assert CardTransaction(auth_code=auth_code, amount=money).took_money is took


@pytest.mark.parametrize(
    ("paid", "outstanding"),
    [
        (usd("0"), usd("3006.56")),
        (usd("500"), usd("2506.56")),
        (usd("3006.56"), usd("0")),
        (eur("500"), usd("3006.56")),
    ],
)
def test_what_is_outstanding_is_what_was_not_paid_in_the_bookings_currency(
    paid: Money, outstanding: Money
) -> None:
    assert a_booking(paid=paid).outstanding == outstanding


@pytest.mark.parametrize("state", State)
def test_a_session_knows_whether_it_is_over_or_reserved(state: State) -> None:
    session = a_session(state)
    assert session.ended is (state in (State.EXPIRED, State.CANCELLED))
    assert session.reserved is (state in (State.BOOKED, State.PAID))


def test_an_undo_has_lapsed_once_its_hold_has_ended() -> None:
    moment = timedelta(microseconds=1)
    assert OWED.lapsed(HELD_UNTIL)
    assert not OWED.lapsed(HELD_UNTIL - moment)
    assert not replace(OWED, hold_until=None).lapsed(HELD_UNTIL)


@pytest.mark.parametrize("name", EFFECTS)
def test_who_is_asked_about_an_unknown_end_is_what_the_diagrams_say(name: StepName) -> None:
    """A stuck undo is asked about only after many attempts: tests of recovery hold that."""
    step = EFFECTS[name]
    session = {
        StepName.ADD_TO_BASKET: holding(),
        StepName.BOOK: booking(),
        StepName.PAY: paying(),
        StepName.RELEASE: a_session(State.BASKETED, open_step=a_step(StepName.RELEASE)),
    }[name]
    lost = SupplierError(FailureKind.TIMEOUT, endpoint=step.endpoints[-1])
    change = step.settle(session, Failure(error=lost), at())
    asked = [task.kind for task in change.tasks]
    if name is StepName.RELEASE:
        assert asked == []
        assert change.owed
        assert step.ends.question is TaskKind.UNDO_STUCK
        return
    assert change.settle is not None
    assert change.settle.status is StepStatus.UNKNOWN
    assert asked == [kind for kind in [step.ends.question] if kind]
