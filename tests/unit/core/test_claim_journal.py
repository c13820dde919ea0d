"""What is journaled of a claim and of its end: all that finds it again, nothing of a card."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from booking_flow.claim_journal import JournaledClaim, JournaledEnd, claim_of, end_of
from booking_flow.model.change import begin
from booking_flow.model.money import Money
from booking_flow.model.step import StepName, StepStatus
from tests.support.builders import (
    FACTS,
    STEP_ID,
    STEP_SINCE,
    a_settlement,
    a_step,
    booking,
    usd,
)


@pytest.mark.parametrize(
    ("intent", "item_key", "amount"),
    [
        ({"itemKey": "700001"}, "700001", None),
        ({"amount": "500.00 USD"}, None, usd("500")),
        ({"itemKey": "700001", "amount": "500.00 USD"}, "700001", usd("500")),
    ],
)
def test_a_claim_is_journaled_with_what_finds_it_again_and_nothing_of_a_card(
    intent: dict[str, str], item_key: str | None, amount: Money | None
) -> None:
    step = a_step(StepName.BOOK, intent=intent | {"card": "VIS 1111"})
    session = booking(version=7, open_step=step)
    assert claim_of(session) == JournaledClaim(
        session_id=session.id,
        version=7,
        step_id=STEP_ID,
        step=StepName.BOOK,
        at=STEP_SINCE,
        line_id=session.sailing.line_id,
        item_key=item_key,
        amount=amount,
        intent=intent,
        facts=FACTS,
    )


@pytest.mark.parametrize(
    ("evidence", "found"),
    [
        ({}, (None, None, None)),
        (
            {"reservation": "F9WZ03", "supplierBookingId": "17", "itemKey": "700001", "fraud": "x"},
            ("F9WZ03", "17", "700001"),
        ),
    ],
)
@pytest.mark.parametrize("outcome", [StepStatus.DONE, StepStatus.REFUSED, StepStatus.UNKNOWN])
def test_an_end_is_journaled_with_the_numbers_of_its_answer(
    evidence: dict[str, Any], found: tuple[str | None, ...], outcome: StepStatus
) -> None:
    session = booking()
    settled = replace(begin(session), settle=a_settlement(outcome, **evidence))
    reservation, supplier_booking_id, item_key = found
    assert end_of(settled) == JournaledEnd(
        session_id=session.id,
        step_id=STEP_ID,
        outcome=outcome,
        reservation=reservation,
        supplier_booking_id=supplier_booking_id,
        item_key=item_key,
    )


def test_a_change_that_settles_nothing_is_no_end() -> None:
    assert end_of(begin(booking())) is None
