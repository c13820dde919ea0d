"""Entering claims that the database has forgotten: found out, or left to people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from booking_flow.claim_journal import JournaledClaim, JournaledEnd, JournaledStep
from booking_flow.flow import State
from booking_flow.model.change import Change
from booking_flow.model.history import EventKind
from booking_flow.model.session import Session, Unwinding, UnwindingReason
from booking_flow.model.step import OpenStep, StepName, StepStatus
from booking_flow.model.task import TaskKind
from booking_flow.steps.book import visible_after
from booking_flow.steps.forgotten import FORGOTTEN, remembered
from tests.support.builders import (
    BOOKED_FACTS,
    FACTS,
    NOW,
    STEP_SINCE,
    a_booking,
    a_session,
    a_task,
    an_event,
    an_id,
    at,
    booking,
    usd,
)

CHOSEN, HELD, BOOKED, PAID = (
    a_session(state) for state in (State.CABIN_SELECTED, State.BASKETED, State.BOOKED, State.PAID)
)
CANCELLING = Unwinding(since=NOW, reason=UnwindingReason.CANCEL)
ASKED_AT = STEP_SINCE.isoformat(timespec="seconds")


def a_claim(step: StepName, number: int = 77, **fields: Any) -> JournaledStep:
    """Return a claim that the journal knows and the end of which it does not."""
    values: dict[str, Any] = {
        "session_id": HELD.id,
        "version": 20,
        "step_id": an_id(number),
        "step": step,
        "at": STEP_SINCE,
        "line_id": HELD.sailing.line_id,
        "item_key": "700001",
        "amount": None,
        "intent": {"itemKey": "700001"},
        "facts": {"voyage": "as it was asked"},
    }
    return JournaledStep(claim=JournaledClaim(**values | fields))


HOLD, BOOK = a_claim(StepName.ADD_TO_BASKET), a_claim(StepName.BOOK)
PAY = a_claim(StepName.PAY, 78, item_key=None, amount=usd("500"), intent={"amount": "500.00 USD"})
CARD = a_claim(StepName.BOOK, amount=usd("500"), intent={"amount": "500.00 USD"})


def opened(known: JournaledStep, **fields: Any) -> OpenStep:
    return OpenStep(
        id=known.claim.step_id,
        name=known.claim.step,
        status=StepStatus.UNKNOWN,
        since=STEP_SINCE,
        fence=1,
        intent=fields.get("intent", known.claim.intent),
    )


def known_of(name: str, **more: str) -> dict[str, Any]:
    return {
        "journal": f"{name}, version 20",
        "askedAt": ASKED_AT,
        "outcome": "not known",
        **more,
    }


def entered(session: Session, step: OpenStep, known: dict[str, Any], *, tried: int) -> Change:
    """Return the change after which a forgotten step is open, its tasks left aside."""
    version, name = session.version + 1, step.name.value
    after = replace(
        session, version=version, open_step=step, cards_tried=session.cards_tried + tried
    )
    event = an_event(EventKind.STEP_UNKNOWN, session.state, reason=FORGOTTEN, step=name, **known)
    return Change(before=session, after=after, events=(event,), remembers=(step.id,))


def test_a_forgotten_hold_is_looked_for_in_the_basket_and_asks_nobody() -> None:
    known = known_of("add_to_basket", itemKey="700001")
    wanted = entered(CHOSEN, opened(HOLD), known, tried=0)
    assert remembered(CHOSEN, [HOLD], at()) == wanted


def test_of_several_forgotten_holds_the_last_is_looked_for() -> None:
    later = a_claim(StepName.ADD_TO_BASKET, 79)
    change = remembered(CHOSEN, [HOLD, later], at())
    assert change.after.open_step == opened(later)
    assert change.remembers == (an_id(77), an_id(79))


@pytest.mark.parametrize(("claim", "tried"), [(BOOK, 0), (CARD, 1)])
def test_a_forgotten_booking_is_asked_for_once_it_would_show(
    claim: JournaledStep, tried: int
) -> None:
    more = {"amount": "500.00 USD"} if tried else {}
    known = known_of("book", **more, itemKey="700001")
    task = a_task(
        TaskKind.BOOK_UNKNOWN,
        step_id=claim.claim.step_id,
        not_before=visible_after(STEP_SINCE, at()),
        facts=FACTS | known,
    )
    wanted = entered(HELD, opened(claim), known, tried=tried).plus(tasks=(task,))
    assert remembered(HELD, [claim], at()) == wanted


def test_a_later_payment_is_looked_for_with_the_booking_that_it_was_for() -> None:
    intent = {"itemKey": "700001", "amount": "500.00 USD"}
    change = remembered(HELD, [BOOK, PAY], at())
    assert change.after.open_step == opened(BOOK, intent=intent)
    assert change.after.cards_tried == HELD.cards_tried + 1
    assert change.remembers == (an_id(77), an_id(78))
    nothing = replace(PAY, claim=replace(PAY.claim, amount=None))
    assert remembered(HELD, [BOOK, nothing], at()).after.open_step == opened(BOOK)


def test_a_forgotten_payment_is_asked_for() -> None:
    known = known_of("pay", amount="500.00 USD")
    task = a_task(TaskKind.PAY_UNKNOWN, step_id=an_id(78), facts=BOOKED_FACTS | known)
    wanted = entered(BOOKED, opened(PAY), known, tried=1).plus(tasks=(task,))
    assert remembered(BOOKED, [PAY], at()) == wanted


@pytest.mark.parametrize(("paid", "opens"), [("500", True), ("3006.56", False)])
def test_a_forgotten_payment_of_a_balance_is_found_out(paid: str, opens: bool) -> None:
    """Where nothing is outstanding any more, people look at what it was."""
    session = a_session(State.PAID, booking=a_booking(paid=usd(paid)))
    change = remembered(session, [PAY], at())
    assert (change.after.open_step is not None) is opens
    (task,) = change.tasks
    assert task.kind is (TaskKind.PAY_UNKNOWN if opens else TaskKind.CONFLICT)


@pytest.mark.parametrize(
    ("session", "claims"),
    [
        (booking(), [BOOK]),
        (replace(HELD, unwinding=CANCELLING), [BOOK]),
        (replace(CHOSEN, supplier=None), [HOLD]),
        (CHOSEN, [HOLD, BOOK]),
        (CHOSEN, [BOOK]),
        (HELD, [HOLD]),
        (HELD, [BOOK, BOOK]),
        (HELD, [PAY]),
        (HELD, [a_claim(StepName.BOOK, item_key="another")]),
        (HELD, [a_claim(StepName.BOOK, item_key="another"), PAY]),
        (replace(HELD, basket=None), [BOOK]),
        (BOOKED, [BOOK]),
        (BOOKED, [PAY, PAY]),
        (a_session(), [PAY]),
    ],
)
def test_what_does_not_fit_is_for_people(session: Session, claims: list[JournaledStep]) -> None:
    """Two steps cannot be open at once: the session waits for its own, and staff look at both."""
    change = remembered(session, claims, at())
    assert change.after.open_step == session.open_step
    assert change.after.disputed_since == NOW
    assert [(task.kind, task.step_id) for task in change.tasks] == [
        (TaskKind.CONFLICT, each.claim.step_id) for each in claims
    ]
    assert change.remembers == tuple(each.claim.step_id for each in claims)


def test_people_are_told_what_was_asked_and_what_the_journal_knows_of_its_end() -> None:
    end = JournaledEnd(
        session_id=HELD.id,
        step_id=an_id(77),
        outcome=StepStatus.DONE,
        reservation="F9WZ03",
        supplier_booking_id="777",
        item_key=None,
    )
    since = replace(PAID, disputed_since=STEP_SINCE)
    change = remembered(since, [replace(BOOK, end=end)], at())
    known = {
        **known_of("book", reservation="F9WZ03", supplierBookingId="777", itemKey="700001"),
        "outcome": "done",
    }
    assert change.tasks == (
        a_task(
            TaskKind.CONFLICT,
            step_id=an_id(77),
            facts=BOOKED_FACTS | {"voyage": "as it was asked"} | known,
        ),
    )
    assert change.events == (
        an_event(EventKind.LATE_ANSWER, State.PAID, reason=FORGOTTEN, step="book", **known),
    )
    assert change.after.disputed_since == STEP_SINCE
