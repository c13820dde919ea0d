"""What people and look-up channels say of an open step, and the exact change it makes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from booking_flow.context import DecisionContext
from booking_flow.errors import RefusalCode
from booking_flow.flow import State, Trigger
from booking_flow.lifecycle.cancellation import payment_overdue
from booking_flow.lifecycle.line_cancellation import line_cancelled, line_refused
from booking_flow.model.card import CardBrand, CardMask, Charge
from booking_flow.model.change import Change, PaymentRecord
from booking_flow.model.history import Event, EventKind
from booking_flow.model.money import Money
from booking_flow.model.party import Details
from booking_flow.model.session import Session, Unwinding, UnwindingReason
from booking_flow.model.step import OpenStep, StepName, StepStatus
from booking_flow.model.task import TaskKind
from booking_flow.steps.book import booked_after_all, not_booked
from booking_flow.steps.line_comparison import Disagreement, disagreements
from booking_flow.steps.pay import charge_of, not_paid, paid_after_all
from booking_flow.supplier import ImportedBooking
from tests.support.builders import (
    BOOKED_FACTS,
    DAY_LATER,
    HELD_UNTIL,
    MASK,
    NOW,
    OWED,
    STEP_ID,
    STEP_SINCE,
    a_basket,
    a_booking,
    a_move,
    a_passenger,
    a_record,
    a_refusal,
    a_session,
    a_settlement,
    a_step,
    a_task,
    an_event,
    an_id,
    at,
    eur,
    plain,
    refused_by,
    to_be_collected,
    usd,
)

BASKETED = State.BASKETED
UNKNOWN, DONE, REFUSED = StepStatus.UNKNOWN, StepStatus.DONE, StepStatus.REFUSED
CARD: dict[str, Any] = {"amount": "500.00 USD", "card": "VIS 1111"}
CHARGE = Charge(amount=usd("500"), card=MASK)
TYPED = Details(passengers=(a_passenger(last_name="McQuill"), a_passenger()))
CANCELLING = Unwinding(since=NOW, reason=UnwindingReason.CANCEL)
EXPIRING = Unwinding(since=NOW, reason=UnwindingReason.EXPIRE)


def unknown_book(*, card: bool = False, **fields: Any) -> Session:
    step = a_step(StepName.BOOK, UNKNOWN, intent=CARD if card else {})
    return a_session(BASKETED, **{"open_step": step, "details": TYPED} | fields)


def unknown_pay(**fields: Any) -> Session:
    step = a_step(StepName.PAY, UNKNOWN, intent=CARD)
    return a_session(State.BOOKED, **{"open_step": step} | fields)


ASKED_ON = STEP_SINCE.date().isoformat()


@pytest.mark.parametrize(
    "record",
    [
        a_record(),
        a_record(booked_on=STEP_SINCE.date() + timedelta(days=1)),
        a_record(booked_on=STEP_SINCE.date() - timedelta(days=1)),
        a_record(status="Confirmed", received=None, passengers=3),
        a_record(own_reference=unknown_book().reference, lead_surname="SPELT ANYHOW"),
    ],
)
def test_a_record_that_is_the_attempt_agrees_with_it(record: ImportedBooking) -> None:
    """Whatever the case of the name, and within a day; our reference says more than a name."""
    assert disagreements(unknown_book(), record) == ()


@pytest.mark.parametrize(
    ("record", "difference"),
    [
        (a_record(lead_surname="Other"), ("lead surname", "mcquill", "other")),
        (a_record(lead_surname=None), ("lead surname", "mcquill", "")),
        (a_record(cruise_id="1"), ("sailing", "2190294", "1")),
        (a_record(cruise_id=None), ("sailing", "2190294", "")),
        (a_record(grade_code="BL"), ("grade", "2N", "BL")),
        (a_record(grade_code=None), ("grade", "2N", "")),
        (a_record(price=usd("1")), ("price", "3006.56 USD", "1.00 USD")),
        (a_record(price=eur("3006.56")), ("price", "3006.56 USD", "3006.56 EUR")),
        (a_record(price=None), ("price", "3006.56 USD", "")),
        (a_record(booked_on=date(2026, 11, 20)), ("booked on", ASKED_ON, "2026-11-20")),
        (a_record(booked_on=date(2026, 11, 24)), ("booked on", ASKED_ON, "2026-11-24")),
        (a_record(booked_on=None), ("booked on", ASKED_ON, "")),
        (
            a_record(own_reference="BF-OTHER"),
            ("reference", unknown_book().reference, "BF-OTHER"),
        ),
    ],
)
def test_a_record_that_differs_shows_both_sides(
    record: ImportedBooking, difference: tuple[str, str, str]
) -> None:
    fact, ours, theirs = difference
    assert disagreements(unknown_book(), record) == (
        Disagreement(fact=fact, ours=ours, theirs=theirs),
    )


def test_all_that_differs_is_shown() -> None:
    record = a_record(lead_surname="X", cruise_id="1", grade_code="", price=None, booked_on=None)
    facts = [difference.fact for difference in disagreements(unknown_book(), record)]
    assert facts == ["lead surname", "sailing", "grade", "price", "booked on"]


def test_an_attempt_without_names_differs_from_any_record_with_one() -> None:
    session = unknown_book(details=Details())
    assert disagreements(session, a_record()) == (
        Disagreement(fact="lead surname", ours="", theirs="mcquill"),
    )


def settled(
    step: str, outcome: StepStatus, state: State = BASKETED, code: str | None = None
) -> Event:
    said = {"code": code} if code else {}
    return an_event(
        EventKind.STEP_SETTLED, state, None, None, None, step=step, outcome=outcome.value, **said
    )


def booked_event(total: str = "3006.56 USD") -> Event:
    return a_move(Trigger.BOOK, BASKETED, State.BOOKED, reservation="F9WZ03", total=total)


EVIDENCE: dict[str, Any] = {
    "status": "Booked",
    "reservation": "F9WZ03",
    "total": "3006.56 USD",
}


def test_a_record_agrees_on_the_total_by_its_price_or_by_its_breakdown() -> None:
    """Either may leave a part of the fare out (traveltek.md, section 8)."""
    session = unknown_book()
    for price, breakdown in (("2800", "3006.56"), ("3006.56", "2800")):
        found = a_record(price=usd(price), breakdown=usd(breakdown))
        assert disagreements(session, found) == ()
        kinds = [task.kind for task in booked_after_all(session, found, at()).tasks]
        assert kinds == [TaskKind.COLLECT_PAYMENT]
    neither = a_record(price=usd("2800"), breakdown=usd("2900"))
    assert [each.theirs for each in disagreements(session, neither)] == ["2800.00 USD"]


def test_a_record_that_is_not_booked_disagrees() -> None:
    found = a_record(status="Cancelled", booked=False)
    expected = Disagreement(fact="status", ours="booked", theirs="Cancelled")
    assert disagreements(unknown_book(), found) == (expected,)


@pytest.mark.parametrize("price", [usd("3006.56"), None])
def test_a_reservation_found_settles_the_booking(price: Money | None) -> None:
    session = unknown_book()
    wanted = Change(
        before=session,
        after=a_session(
            State.BOOKED, version=9, details=TYPED, booking=a_booking(supplier_booking_id=None)
        ),
        events=(settled("book", DONE), booked_event()),
        settle=a_settlement(DONE, **EVIDENCE),
    )
    assert booked_after_all(session, a_record(price=price), at()) == to_be_collected(wanted)


def test_a_reservation_found_at_another_price_is_shown_to_a_person() -> None:
    change = booked_after_all(unknown_book(), a_record(price=usd("3100"), status="Held"), at())
    assert change.after.booking == a_booking(
        supplier_booking_id=None, total=usd("3100"), status="Held", collect_by=DAY_LATER
    )
    answer = "status Held, reservation F9WZ03, total 3100.00 USD"
    facts = {**BOOKED_FACTS, "answer": answer}
    price, collect = change.tasks
    assert price == a_task(TaskKind.PRICE_MISMATCH, facts=facts)
    assert (collect.kind, collect.due_at) == (TaskKind.COLLECT_PAYMENT, DAY_LATER)


@pytest.mark.parametrize("got", ["500", "3006.56"])
def test_a_reservation_found_with_the_cards_money_is_paid(got: str) -> None:
    change = booked_after_all(unknown_book(card=True), a_record(received=usd(got)), at())
    assert change.after.state is State.PAID
    assert change.after.booking == a_booking(supplier_booking_id=None, paid=usd("500"), card=MASK)
    assert change.payments == (
        PaymentRecord(amount=usd("500"), auth_code=None, card=MASK, step_id=STEP_ID),
    )


def test_a_reservation_found_with_more_than_the_cards_money_has_the_rest_refunded() -> None:
    change = booked_after_all(unknown_book(card=True), a_record(received=usd("1000")), at())
    said = BOOKED_FACTS | {"received": "1000.00 USD", "paid": "500.00 USD"}
    assert change.tasks == (a_task(TaskKind.REFUND, facts=said),)


def test_money_found_for_a_booking_no_card_was_sent_for_is_refunded() -> None:
    change = booked_after_all(unknown_book(), a_record(received=usd("1")), at())
    said = BOOKED_FACTS | {"received": "1.00 USD", "paid": "0.00 USD"}
    refund, collect = change.tasks
    assert refund == a_task(TaskKind.REFUND, facts=said)
    assert collect.kind is TaskKind.COLLECT_PAYMENT


@pytest.mark.parametrize("got", [None, usd("499.99"), eur("500")])
def test_a_reservation_found_without_the_cards_money_leaves_the_payment_open(
    got: Money | None,
) -> None:
    change = booked_after_all(unknown_book(card=True), a_record(received=got), at())
    assert change.after.state is State.BOOKED
    assert change.after.open_step == OpenStep(
        id=an_id(1), name=StepName.PAY, status=UNKNOWN, since=NOW, fence=1, intent=CARD
    )
    facts = {**BOOKED_FACTS, "answer": "status Booked, reservation F9WZ03, total 3006.56 USD"}
    assert change.tasks == (a_task(TaskKind.PAY_UNKNOWN, 2, step_id=an_id(1), facts=facts),)


@pytest.mark.parametrize(
    ("intent", "charge"),
    [
        (CARD, CHARGE),
        (CARD | {"itemKey": "1"}, CHARGE),
        (
            CARD | {"card": "AMX 0005"},
            replace(CHARGE, card=CardMask(brand=CardBrand.AMEX, last4="0005")),
        ),
        (CARD | {"card": " 1111"}, replace(CHARGE, card=CardMask(brand=None, last4="1111"))),
        ({"amount": "500.00 USD"}, replace(CHARGE, card=None)),
        ({"card": "VIS 1111"}, None),
        ({}, None),
    ],
)
def test_what_was_asked_of_a_card_is_read_back(
    intent: dict[str, str], charge: Charge | None
) -> None:
    assert charge_of(a_step(StepName.BOOK, intent=intent)) == charge


NOT_BOOKED = a_refusal(RefusalCode.SUPPLIER_ERROR, "The booking was not made.")


def test_a_booking_not_made_leaves_the_cabin_held() -> None:
    session = unknown_book()
    assert not_booked(session, at()) == Change(
        before=session,
        after=a_session(BASKETED, version=8, details=TYPED),
        events=(settled("book", REFUSED, code="supplier_error"),),
        settle=a_settlement(REFUSED, NOT_BOOKED),
        confirms=True,
    )


def test_a_booking_not_made_whose_hold_lapsed_lets_the_cabin_go() -> None:
    session = unknown_book()
    assert not_booked(session, at(now=HELD_UNTIL)) == Change(
        before=session,
        after=a_session(
            State.CABIN_SELECTED, version=9, details=TYPED, basket=a_basket(), supplier=None
        ),
        events=(
            settled("book", REFUSED, code="supplier_error"),
            a_move(
                Trigger.RELEASE_BASKET,
                BASKETED,
                State.CABIN_SELECTED,
                "the supplier holds it no more",
            ),
        ),
        settle=a_settlement(REFUSED, NOT_BOOKED),
        owed=(OWED,),
        confirms=True,
    )


def test_a_payment_taken_after_all_is_entered() -> None:
    session = unknown_pay(booking=a_booking(paid=usd("6.56")))
    assert paid_after_all(session, at()) == Change(
        before=session,
        after=a_session(State.PAID, version=9, booking=a_booking(paid=usd("506.56"))),
        events=(
            settled("pay", DONE, State.BOOKED),
            a_move(Trigger.PAY, State.BOOKED, State.PAID, amount="500.00 USD"),
        ),
        settle=a_settlement(DONE),
        payments=(PaymentRecord(amount=usd("500"), auth_code=None, card=MASK, step_id=STEP_ID),),
        tasks=(a_task(TaskKind.PAYMENT_UNCHECKED, facts=BOOKED_FACTS | {"paid": "506.56 USD"}),),
    )


def test_a_payment_taken_after_all_and_more_has_the_rest_refunded() -> None:
    change = paid_after_all(unknown_pay(), at(), record=a_record(received=usd("1000")))
    said = BOOKED_FACTS | {"received": "1000.00 USD", "paid": "500.00 USD"}
    assert change.tasks == (a_task(TaskKind.REFUND, facts=said),)


def test_a_payment_step_must_tell_what_it_asked() -> None:
    session = unknown_pay(open_step=a_step(StepName.PAY, UNKNOWN))
    with pytest.raises(LookupError) as caught:
        paid_after_all(session, at())
    assert str(caught.value) == "the step asked nothing of a card"


NOT_PAID = a_refusal(RefusalCode.CARD_DECLINED, "The payment was not taken.")


def test_a_payment_not_taken_leaves_the_booking_unpaid() -> None:
    session = unknown_pay()
    wanted = Change(
        before=session,
        after=a_session(State.BOOKED, version=8),
        events=(settled("pay", REFUSED, State.BOOKED, code="card_declined"),),
        settle=a_settlement(REFUSED, NOT_PAID),
        confirms=True,
    )
    assert not_paid(session, at()) == to_be_collected(wanted)


TOLD = {"authCodes": "A1", "amounts": "1.00 USD", "fraud": "Green", "status": "Booked"}


@pytest.mark.parametrize(
    ("record", "said", "found"),
    [
        (a_record(received=usd("1")), {}, {"received": "1.00 USD", "paid": "0.00 USD"}),
        (
            a_record(received=usd("50"), commission=usd("20")),
            {},
            {"received": "50.00 USD", "commission": "20.00 USD", "paid": "0.00 USD"},
        ),
        (
            a_record(),
            TOLD,
            {
                "received": "0.00 USD",
                "authCodes": "A1",
                "amounts": "1.00 USD",
                "paid": "0.00 USD",
            },
        ),
        (None, TOLD, {"authCodes": "A1", "amounts": "1.00 USD", "paid": "0.00 USD"}),
        (
            a_record(received=usd("1")),
            {"authCodes": "A1"},
            {"received": "1.00 USD", "authCodes": "A1", "paid": "0.00 USD"},
        ),
    ],
)
def test_what_was_taken_all_the_same_is_for_a_person_to_refund(
    record: ImportedBooking | None, said: dict[str, str], found: dict[str, str]
) -> None:
    change = not_paid(unknown_pay(), at(), record=record, said=said)
    assert a_task(TaskKind.REFUND, facts=BOOKED_FACTS | found) in change.tasks


@pytest.mark.parametrize("said", [{}, {"amounts": "500.00 USD"}])
@pytest.mark.parametrize("record", [None, a_record(), a_record(received=None)])
def test_nothing_is_refunded_where_neither_record_nor_authcode_shows_money(
    record: ImportedBooking | None, said: dict[str, str]
) -> None:
    change = not_paid(unknown_pay(), at(), record=record, said=said)
    assert change == not_paid(unknown_pay(), at())


@pytest.mark.parametrize(
    ("decision", "session", "state"),
    [
        (lambda asked, at: booked_after_all(asked, a_record(), at), unknown_book, State.BOOKED),
        (not_booked, unknown_book, BASKETED),
        (paid_after_all, unknown_pay, State.PAID),
        (not_paid, unknown_pay, State.BOOKED),
    ],
)
def test_a_cancel_asked_for_meanwhile_is_obeyed(
    decision: Callable[[Session, DecisionContext], Change],
    session: Callable[..., Session],
    state: State,
) -> None:
    change = decision(session(cancel_requested_at=NOW), at())
    assert change.after.state is state
    assert change.after.unwinding == CANCELLING


@pytest.mark.parametrize(
    ("state", "unwinding", "trigger", "end"),
    [
        (State.BOOKED, CANCELLING, Trigger.CANCEL, State.CANCELLED),
        (State.PAID, CANCELLING, Trigger.CANCEL, State.CANCELLED),
        (State.BOOKED, EXPIRING, Trigger.EXPIRE, State.EXPIRED),
    ],
)
def test_the_lines_confirmation_ends_the_session(
    state: State, unwinding: Unwinding, trigger: Trigger, end: State
) -> None:
    session = a_session(state, unwinding=unwinding)
    change = line_cancelled(session, at(), reason="on the phone")
    assert replace(change, tasks=()) == Change(
        before=session,
        after=replace(session, state=end, version=8, unwinding=None),
        events=(a_move(trigger, state, end, "on the phone"),),
    )


@pytest.mark.parametrize("state", [State.BOOKED, State.PAID])
@pytest.mark.parametrize(("reason", "told"), [("too late", "too late"), (None, "refused")])
def test_the_lines_refusal_lets_the_session_go_on(
    state: State, reason: str | None, told: str
) -> None:
    session = a_session(state, unwinding=CANCELLING, cancel_requested_at=NOW)
    wanted = Change(
        before=session,
        after=replace(session, version=8, unwinding=None),
        events=(an_event(EventKind.UNWINDING, state, trigger=Trigger.CANCEL, reason=told),),
    )
    unpaid = state is State.BOOKED
    change = line_refused(session, at(), reason=reason)
    assert change == (to_be_collected(wanted) if unpaid else wanted)


def test_a_booking_the_line_would_not_cancel_is_not_timed_out_again() -> None:
    """Its deadline has passed for good; otherwise the next look would begin all over."""
    late = a_booking(payment_due_at=NOW)
    session = a_session(State.BOOKED, unwinding=EXPIRING, booking=late)
    change = line_refused(session, at(), reason=None)
    ours = a_booking(collect_by=DAY_LATER)
    assert change.after == a_session(State.BOOKED, version=8, booking=ours)
    assert change.events == (
        an_event(EventKind.UNWINDING, State.BOOKED, trigger=Trigger.EXPIRE, reason="refused"),
    )
    assert payment_overdue(change.after, at()) is None


def test_a_cancellation_the_line_refused_leaves_the_payment_deadline() -> None:
    due = a_booking(payment_due_at=NOW)
    session = a_session(State.BOOKED, unwinding=CANCELLING, booking=due)
    assert line_refused(session, at(), reason=None).after.booking == due


@pytest.mark.parametrize(
    "session", [a_session(State.BOOKED), a_session(BASKETED, unwinding=CANCELLING)]
)
def test_the_line_is_believed_only_while_a_cancellation_is_under_way(session: Session) -> None:
    expected = a_refusal(RefusalCode.WRONG_STATE, "No cancellation is under way.")
    assert plain(refused_by(lambda: line_cancelled(session, at(), reason=None))) == plain(expected)
    assert plain(refused_by(lambda: line_refused(session, at(), reason=None))) == plain(expected)


@pytest.mark.parametrize(
    ("ours", "printed", "theirs"),
    [
        ("Müller", "Muller", "MULLER"),
        ("Müller", "Muller", "MUELLER"),
        ("O\u2019Brien", "O'Brien", "OBRIEN"),
        ("Smith-Jones", "Smith-Jones", "SMITH JONES"),
        ("Núñez", "Nunez", "Nu\u0301n\u0303ez"),
        ("Иванов", "Ivanov", "IVANOV"),
        ("Núñez", None, "NUNEZ"),
    ],
)
def test_the_lines_spelling_of_a_surname_is_no_disagreement(
    ours: str, printed: str | None, theirs: str
) -> None:
    assert disagreements(booked_by(ours, printed), a_record(lead_surname=theirs)) == ()


@pytest.mark.parametrize("theirs", ["SMITH", "JONES", "SMITH JONES BROWN", "MULLER", "", "王"])
def test_a_part_of_a_surname_is_for_a_supervisor(theirs: str) -> None:
    found = disagreements(booked_by("Smith-Jones", "Smith-Jones"), a_record(lead_surname=theirs))
    expected = Disagreement(fact="lead surname", ours="smith-jones", theirs=theirs.casefold())
    assert found == (expected,)


def booked_by(last_name: str, printed: str | None) -> Session:
    session = unknown_book()
    lead = replace(session.details.passengers[0], last_name=last_name, printed_last_name=printed)
    return replace(session, details=session.details.with_changes(passengers=(lead,)))
