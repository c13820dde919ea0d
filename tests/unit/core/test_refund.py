"""The money of a booking that has ended: what was received, what the line keeps, what goes back."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from booking_flow.errors import RefusalCode
from booking_flow.flow import State
from booking_flow.lifecycle.line_cancellation import line_cancelled
from booking_flow.lifecycle.refund import Refund, refund_of, refundable, refunded
from booking_flow.model.card import CardMask
from booking_flow.model.change import Change, PaymentRecord, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Receipt, Session, Unwinding, UnwindingReason
from booking_flow.model.task import TaskKind
from tests.support.builders import (
    BOOKED_FACTS,
    MASK,
    NOW,
    STEP_ID,
    a_booking,
    a_refusal,
    a_session,
    a_task,
    an_event,
    at,
    plain,
    refused_by,
    usd,
    with_faults,
)

WHY = "by telephone"
CANCELLING = Unwinding(since=NOW, reason=UnwindingReason.CANCEL)
PAID = a_session(State.PAID, unwinding=CANCELLING)
ENDED = a_session(State.CANCELLED, booking=a_booking(paid=usd("500")))


def test_a_confirmed_cancellation_of_a_paid_booking_is_to_be_refunded() -> None:
    change = line_cancelled(PAID, at(), reason=WHY)
    said = BOOKED_FACTS | {"received": "500.00 USD"}
    task = a_task(TaskKind.CANCELLATION_REFUND, step_id=None, facts=said)
    assert (change.after.state, change.tasks) == (State.CANCELLED, (task,))


def test_without_money_nothing_is_to_be_refunded() -> None:
    unpaid = a_session(State.BOOKED, unwinding=CANCELLING)
    assert line_cancelled(unpaid, at(), reason=WHY).tasks == ()


@pytest.mark.parametrize(("kept", "back"), [("120", "380"), ("0", "500"), ("500", "0")])
def test_what_the_line_does_not_keep_goes_back(kept: str, back: str) -> None:
    details: Any = {"received": "500.00 USD", "kept": str(usd(kept)), "refunded": str(usd(back))}
    entry = PaymentRecord(amount=usd(f"-{back}"), auth_code=None, card=None, step_id=None)
    change = refunded(ENDED, Decimal(kept), reason=WHY)
    assert change == Change(
        before=ENDED,
        after=replace(ENDED, version=8, booking=a_booking(paid=usd(kept), kept=usd(kept))),
        events=(an_event(EventKind.NOTE, State.CANCELLED, reason=WHY, **details),),
        payments=() if back == "0" else (entry,),
    )
    told = Refund(received=usd("500"), kept=usd(kept), refunded=usd(back))
    assert refund_of(change.after) == told


def test_what_becomes_of_money_is_told_once_a_session_has_ended() -> None:
    assert refund_of(ENDED) == Refund(received=usd("500"), kept=None, refunded=usd("0"))
    for session in (PAID, a_session(State.CANCELLED), replace(ENDED, booking=a_booking())):
        assert refund_of(session) is None


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (None, "is needed"),
        (Decimal("-0.01"), "must lie between nothing and 500.00 USD"),
        (Decimal("500.01"), "must lie between nothing and 500.00 USD"),
    ],
)
def test_the_line_keeps_no_more_than_was_received(kept: Decimal | None, words: str) -> None:
    wanted = with_faults(RefusalCode.VALIDATION_FAILED, ("/kept", words))
    assert plain(refused_by(lambda: refunded(ENDED, kept, reason=WHY))) == plain(wanted)


def test_money_is_settled_once() -> None:
    done = refunded(ENDED, Decimal(500), reason=WHY).after
    assert (refundable(ENDED), refundable(done)) == (True, False)
    words = "a refund is not possible while cancelled."
    found = refused_by(lambda: refunded(done, Decimal(0), reason=WHY))
    assert plain(found) == plain(a_refusal(RefusalCode.WRONG_STATE, words))
    nothing: Session = a_session(State.PAID)
    assert refused_by(lambda: refunded(nothing, Decimal(0), reason=WHY)).code is (
        RefusalCode.WRONG_STATE
    )


@pytest.mark.parametrize(
    ("card", "step_id", "by_card"), [(MASK, None, True), (None, STEP_ID, True), (None, None, False)]
)
def test_every_movement_is_an_entry(card: CardMask | None, step_id: object, by_card: bool) -> None:
    entry = PaymentRecord(amount=usd("5"), auth_code=None, card=card, step_id=step_id)  # type: ignore[arg-type]
    booking = begin(ENDED).plus(payments=(entry,)).after.booking
    assert booking is not None
    assert booking.receipts == (Receipt(amount=usd("5"), by_card=by_card, card=card),)
    assert begin(a_session()).plus(payments=(entry,)).after.booking is None
