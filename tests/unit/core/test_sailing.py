"""Sailings that can be sold, and refusals as such."""

from datetime import date, timedelta

import pytest

from booking_flow.errors import Refusal, RefusalCode, price_changed, refuse
from booking_flow.model.sailing import check_bookable
from tests.support.builders import SAILS, a_refusal, a_sailing, a_session, eur, plain, price_is, usd

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("today", "line_id", "refusal"),
    [
        (SAILS - DAY, 22, None),
        (SAILS - DAY, 3, None),
        (
            SAILS - DAY,
            8,
            a_refusal(RefusalCode.LINE_NOT_BOOKABLE, "Royal Caribbean cannot be booked online."),
        ),
        (
            SAILS,
            22,
            a_refusal(RefusalCode.SAILING_DEPARTED, "This sailing left on 2027-03-07."),
        ),
        (
            SAILS + DAY,
            22,
            a_refusal(RefusalCode.SAILING_DEPARTED, "This sailing left on 2027-03-07."),
        ),
    ],
)
def test_a_sailing_is_sold_for_our_lines_until_the_day_before_it_leaves(
    today: date, line_id: int, refusal: Refusal | None
) -> None:
    sailing = a_sailing(line_id=line_id)
    found = check_bookable(sailing, today=today, live_lines=frozenset({22, 3}))
    assert plain(found) == plain(refusal)


def test_a_changed_price_tells_both_amounts() -> None:
    refusal = price_changed(expected=usd("10"), actual=eur("12.5"))
    assert plain(refusal) == plain(price_is(eur("12.5"), not_=usd("10")))


def test_a_refusal_travels_with_the_session_it_left() -> None:
    session = a_session()
    refused = refuse(RefusalCode.WRONG_STATE, "No.", step="book")
    assert plain(refused.refusal) == plain(a_refusal(RefusalCode.WRONG_STATE, "No.", step="book"))
    assert refused.session is None
    assert type(refused)(refused.refusal, session=session).session is session
    assert str(refused) == "wrong_state"
    assert refuse(RefusalCode.SOLD_OUT).refusal.detail is None
