"""Whether an answer is about what was asked for, and what each step does where it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from booking_flow.errors import RefusalCode, Refused
from booking_flow.flow import State
from booking_flow.model.agreement import (
    Difference,
    Expected,
    Fact,
    Statement,
    decisive,
    differences,
)
from booking_flow.model.step import StepName, StepStatus
from booking_flow.model.task import TaskKind
from booking_flow.policy import Policy, SailingCheck
from booking_flow.steps import agreement
from booking_flow.steps.book import BookResult, booked_after_all, ensure_still_held, settle_book
from booking_flow.steps.hold import HoldResult, settle_hold
from booking_flow.steps.line_comparison import disagreements
from booking_flow.steps.pay import PayResult, settle_pay
from booking_flow.supplier import PayAnswer
from tests.support.builders import (
    NOW,
    SAILS,
    a_basket_answer,
    a_payment,
    a_record,
    a_selection,
    a_session,
    a_step,
    a_transaction,
    an_answer,
    an_item,
    at,
    usd,
)

LATER = SAILS + timedelta(days=3)
SAILING = a_session().sailing
EXPECTED = Expected(sailing=SAILING, guests=2, currency="USD", cabin_code="2N", cabin_number="8001")
OTHERS: dict[Fact, dict[str, Any]] = {
    Fact.CRUISE_ID: {"cruise_id": "2190295"},
    Fact.SAILING_DATE: {"sailing_date": LATER},
    Fact.SHIP_ID: {"ship_id": SAILING.ship_id + 1},
    Fact.LINE_ID: {"line_id": SAILING.line_id + 1},
    Fact.NIGHTS: {"nights": SAILING.nights + 1},
    Fact.CURRENCY: {"currency": "GBP"},
    Fact.GUESTS: {"guests": 1},
    Fact.CABIN_CODE: {"cabin_code": "4D"},
    Fact.CABIN_NUMBER: {"cabin_number": "8003"},
}
OTHER_DATE = Statement(sailing_date=LATER)
OTHER_NIGHTS = Statement(nights=SAILING.nights + 1)
BOTH_SIDES = f"sailingDate ours {SAILS}, the supplier's {LATER}"
LENIENT = Policy(sailing_check=SailingCheck.TASK)


@pytest.mark.parametrize("fact", Fact)
def test_every_fact_that_is_told_otherwise_is_a_difference(fact: Fact) -> None:
    (found,) = differences(EXPECTED, Statement(**OTHERS[fact]))
    assert found.fact is fact
    assert found.ours != found.theirs
    assert decisive((found,)) == (() if fact is Fact.NIGHTS else (found,))


@pytest.mark.parametrize(
    "said",
    [
        None,
        Statement(),
        Statement(cruise_id="", ship_id=0, nights=0, guests=0, cabin_number=""),
        Statement(cruise_id=" 02190294 ", cabin_code="2n", cabin_number="08001", currency="usd"),
        Statement(sailing_date=SAILS, ship_id=SAILING.ship_id, guests=2),
    ],
)
def test_silence_and_another_spelling_are_no_differences(said: Statement | None) -> None:
    assert differences(EXPECTED, said) == ()


def test_where_no_cabin_was_chosen_any_number_is_right() -> None:
    for number in ("", "GUAR"):
        expected = replace(EXPECTED, cabin_number=number)
        assert differences(expected, Statement(cabin_number="8003")) == ()


def test_both_sides_are_named() -> None:
    (found,) = differences(EXPECTED, OTHER_DATE)
    assert found == Difference(fact=Fact.SAILING_DATE, ours=str(SAILS), theirs=str(LATER))
    assert str(found) == BOTH_SIDES


@pytest.mark.parametrize("fact", Fact)
def test_an_answer_is_compared_with_what_the_session_has_chosen(fact: Fact) -> None:
    session = a_session(State.BASKETED)
    (found,) = agreement.differences_of(session, Statement(**OTHERS[fact]))
    assert found.fact is fact


def test_before_a_cabin_is_chosen_no_cabin_is_compared() -> None:
    session = a_session(State.PRICED, selection=None)
    assert agreement.differences_of(session, Statement(cabin_code="4D", cabin_number="1")) == ()


@pytest.mark.parametrize(
    ("said", "policy", "refused"),
    [
        (OTHER_DATE, Policy(), True),
        (OTHER_DATE, LENIENT, False),
        (OTHER_NIGHTS, Policy(), False),
        (None, Policy(), False),
    ],
)
def test_prices_of_another_sailing_are_refused(
    said: Statement | None, policy: Policy, refused: bool
) -> None:
    session = a_session(State.PRICED)
    found = agreement.quote_refusal(session, said, policy=policy)
    assert (found is not None) is refused
    if found is not None:
        assert found.code is RefusalCode.SAILING_MISMATCH
        assert [(one.pointer, one.detail) for one in found.errors] == [("/sailingDate", BOTH_SIDES)]
        assert BOTH_SIDES in str(found.detail)


def test_prices_for_another_party_are_refused() -> None:
    session = a_session(State.PRICED)
    found = agreement.quote_refusal(session, Statement(guests=1), policy=Policy())
    assert found is not None
    assert "guests ours 2, the supplier's 1" in str(found.detail)


def test_prices_in_another_currency_than_the_sessions_are_refused() -> None:
    session = a_session(State.PRICED)
    found = agreement.quote_refusal(session, Statement(currency="GBP"), policy=Policy())
    assert found is not None
    assert agreement.quote_refusal(session, Statement(currency="USD"), policy=Policy()) is None
    two = Statement(currency="GBP", sailing_date=LATER)
    both = agreement.quote_refusal(session, two, policy=Policy())
    assert both is not None
    assert "; currency ours USD, the supplier's GBP" in str(both.detail)


def held(said: Statement | None) -> HoldResult:
    answer = a_basket_answer(an_item(stated=said))
    return HoldResult(
        answer=answer,
        selection=a_selection(),
        sent_after=timedelta(seconds=3),
        session_key="key",
    )


HOLDING = a_session(State.CABIN_SELECTED, open_step=a_step(StepName.ADD_TO_BASKET))


def test_a_hold_of_another_sailing_is_refused_and_given_back() -> None:
    change = settle_hold(HOLDING, held(OTHER_DATE), at())
    assert change.after.state is State.CABIN_SELECTED
    assert change.settle is not None
    assert change.settle.refusal is not None
    assert change.settle.refusal.code is RefusalCode.SAILING_MISMATCH
    assert [owed.item_key for owed in change.owed] == ["700001"]


def test_a_hold_of_another_sailing_is_a_task_by_policy() -> None:
    change = settle_hold(HOLDING, held(OTHER_DATE), at(sailing_check=SailingCheck.TASK))
    assert change.after.state is State.BASKETED
    (task,) = change.tasks
    assert (task.kind, task.facts["differs"]) == (TaskKind.SAILING_MISMATCH, BOTH_SIDES)
    assert HOLDING.open_step is not None
    assert task.step_id == HOLDING.open_step.id


@pytest.mark.parametrize("said", [OTHER_NIGHTS, None])
def test_a_hold_of_other_nights_is_a_hold(said: Statement | None) -> None:
    change = settle_hold(HOLDING, held(said), at())
    assert (change.after.state, change.tasks) == (State.BASKETED, ())


def test_a_basket_that_is_looked_at_again_is_compared_as_well() -> None:
    session = a_session(State.BASKETED)
    other = a_basket_answer(an_item(stated=OTHER_DATE))
    with pytest.raises(Refused) as refused:
        ensure_still_held(session, other, policy=Policy())
    assert refused.value.refusal.code is RefusalCode.SAILING_MISMATCH
    ensure_still_held(session, other, policy=LENIENT)


@pytest.mark.parametrize(
    ("said", "state", "kinds"),
    [
        (OTHER_DATE, State.BOOKED, [TaskKind.SAILING_MISMATCH, TaskKind.PAY_UNKNOWN]),
        (OTHER_NIGHTS, State.PAID, [TaskKind.SAILING_MISMATCH]),
        (Statement(sailing_date=SAILS), State.PAID, []),
    ],
)
def test_a_booking_of_something_else_is_never_paid(
    said: Statement, state: State, kinds: list[TaskKind]
) -> None:
    """The reservation stands and a person is shown both sides; nights alone leave it paid."""
    step = a_step(StepName.BOOK)
    session = a_session(State.BASKETED, open_step=step)
    answer = an_answer(stated=said, transactions=(a_transaction(amount=usd("500")),))
    ended = BookResult(answer=answer, charge=a_payment().charge)
    change = settle_book(session, ended, at())
    assert change.after.state is state
    assert [task.kind for task in change.tasks] == kinds
    assert all("differs" in task.facts for task in change.tasks[:1])
    assert all(task.step_id == step.id for task in change.tasks[:1])


def test_a_payment_after_which_the_record_is_another_is_in_doubt() -> None:
    step = a_step(StepName.PAY)
    session = a_session(State.BOOKED, open_step=step, cancel_requested_at=NOW)
    ended = PayResult(
        answer=PayAnswer(transaction=a_transaction()),
        charge=a_payment().charge,
        record=a_record(stated=OTHER_DATE),
    )
    change = settle_pay(session, ended, at())
    assert change.after.state is State.BOOKED
    assert change.settle is not None
    assert change.settle.status is StepStatus.UNKNOWN
    assert [(task.kind, task.step_id) for task in change.tasks] == [
        (TaskKind.PAY_UNKNOWN, step.id),
        (TaskKind.SAILING_MISMATCH, step.id),
    ]


@pytest.mark.parametrize(
    ("fact", "name"),
    [
        (Fact.SAILING_DATE, ["sailing date"]),
        (Fact.SHIP_ID, ["ship"]),
        (Fact.GUESTS, ["guests"]),
        (Fact.NIGHTS, []),
        (Fact.CURRENCY, []),
    ],
)
def test_a_record_of_another_voyage_disagrees(fact: Fact, name: list[str]) -> None:
    session = a_session(State.BASKETED, open_step=a_step(StepName.BOOK))
    found = disagreements(session, a_record(lead_surname="", stated=Statement(**OTHERS[fact])))
    assert [each.fact for each in found if each.fact != "lead surname"] == name
    if fact is Fact.SAILING_DATE:
        assert (found[-1].ours, found[-1].theirs) == (str(SAILS), str(LATER))


def test_a_reservation_found_after_all_is_compared_as_an_answer_is() -> None:
    session = a_session(State.BASKETED, open_step=a_step(StepName.BOOK, StepStatus.UNKNOWN))
    change = booked_after_all(session, a_record(stated=OTHER_DATE), at())
    assert TaskKind.SAILING_MISMATCH in [task.kind for task in change.tasks]
