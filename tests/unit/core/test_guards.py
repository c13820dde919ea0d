"""What may be done to a session now, and keeping what a guest has typed."""

from dataclasses import replace
from typing import Any

import pytest

from booking_flow.errors import Refusal, RefusalCode
from booking_flow.flow import State, Trigger
from booking_flow.guards import (
    BEHIND,
    SESSION_OVER,
    allowed_triggers,
    can_move,
    ensure,
    ensure_not_stopped,
    ensure_on_sale,
    ensure_open,
    expiring,
    passes,
)
from booking_flow.lifecycle.edit import edited, may_price
from booking_flow.model.history import EventKind
from booking_flow.model.party import Details
from booking_flow.model.session import Session, Unwinding, UnwindingReason
from booking_flow.model.step import StepName, StepStatus
from booking_flow.policy import PaymentChannel, Policy
from tests.support.builders import (
    DETAILS,
    HELD_UNTIL,
    NOW,
    a_booking,
    a_contact,
    a_refusal,
    a_sailing,
    a_session,
    a_step,
    an_event,
    at,
    plain,
    refused_by,
    usd,
)

CANCELLING = Unwinding(since=NOW, reason=UnwindingReason.CANCEL)
EXPIRING = Unwinding(since=NOW, reason=UnwindingReason.EXPIRE)
BUSY = {"open_step": a_step(StepName.BOOK)}
UNKNOWN = {"open_step": a_step(StepName.BOOK, StepStatus.UNKNOWN)}
UNDERWAY = a_refusal(RefusalCode.IN_PROGRESS, "The step book is still under way.", step="book")
BEING_CANCELLED = a_refusal(RefusalCode.WRONG_STATE, "This booking is being cancelled.")


def wrong(wish: str, state: str) -> Refusal:
    return a_refusal(RefusalCode.WRONG_STATE, f"{wish} is not possible while {state}.")


def test_the_session_is_over_in_words() -> None:
    assert plain(SESSION_OVER) == plain(
        a_refusal(
            RefusalCode.SESSION_EXPIRED,
            "This booking session has ended. Start again with the same party and details.",
        )
    )


@pytest.mark.parametrize(
    ("session", "refusal"),
    [
        (a_session(State.EXPIRED), SESSION_OVER),
        (a_session(State.BASKETED, unwinding=EXPIRING), SESSION_OVER),
        (a_session(State.BOOKED, unwinding=EXPIRING), SESSION_OVER),
        (a_session(State.BASKETED, **BUSY), UNDERWAY),
        (a_session(State.BASKETED, **UNKNOWN), UNDERWAY),
        (a_session(State.BASKETED, unwinding=CANCELLING), BEING_CANCELLED),
        (a_session(State.BASKETED, unwinding=CANCELLING, **BUSY), UNDERWAY),
    ],
)
def test_a_session_that_is_over_busy_or_being_undone_takes_no_step(
    session: Session, refusal: Refusal
) -> None:
    assert plain(refused_by(lambda: ensure_open(session))) == plain(refusal)
    assert plain(refused_by(lambda: ensure(session, Trigger.BOOK))) == plain(refusal)


@pytest.mark.parametrize("state", [state for state in State if state is not State.EXPIRED])
def test_every_other_session_is_open(state: State) -> None:
    ensure_open(a_session(state))


@pytest.mark.parametrize(
    ("state", "trigger", "passes"),
    [
        (State.CREATED, Trigger.PRICE, True),
        (State.CREATED, Trigger.BOOK, False),
        (State.BASKETED, Trigger.BOOK, True),
        (State.BASKETED, Trigger.PRICE, False),
        (State.BASKETED, Trigger.CANCEL, True),
        (State.BOOKED, Trigger.CANCEL, True),
        (State.PAID, Trigger.EXPIRE, False),
        (State.BOOKED, Trigger.PAY, True),
        (State.CANCELLED, Trigger.PRICE, False),
    ],
)
def test_the_flow_lets_pass_what_it_has_a_row_for(
    state: State, trigger: Trigger, passes: bool
) -> None:
    session = a_session(state)
    if passes:
        ensure(session, trigger)
    else:
        refusal = refused_by(lambda: ensure(session, trigger))
        assert plain(refusal) == plain(wrong(trigger.value, state.value))


@pytest.mark.parametrize(
    ("session", "trigger", "lets"),
    [
        (a_session(State.BASKETED), Trigger.BOOK, True),
        (a_session(State.BASKETED), Trigger.CANCEL, True),
        (a_session(State.BASKETED), Trigger.PAY, False),
        (a_session(State.BOOKED), Trigger.PAY, True),
        (a_session(State.BOOKED), Trigger.CANCEL, False),
        (a_session(State.BOOKED, unwinding=CANCELLING), Trigger.CANCEL, True),
    ],
)
def test_a_trigger_passes_where_the_guard_of_its_row_lets_it(
    session: Session, trigger: Trigger, lets: bool
) -> None:
    assert passes(session, trigger, at()) is lets
    late = at(now=HELD_UNTIL)
    assert passes(session, trigger, late) is (lets and trigger is not Trigger.BOOK)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, None),
        ({"line_id": 8}, RefusalCode.LINE_NOT_BOOKABLE),
        ({"sailing_date": NOW.date()}, RefusalCode.SAILING_DEPARTED),
    ],
)
def test_what_is_on_sale_is_asked_again(fields: dict[str, Any], code: RefusalCode | None) -> None:
    session = a_session(sailing=a_sailing(**fields))
    if code is None:
        ensure_on_sale(session, at())
    else:
        assert refused_by(lambda: ensure_on_sale(session, at())).code is code


@pytest.mark.parametrize(
    ("session", "over"),
    [
        (a_session(State.EXPIRED), True),
        (a_session(State.CANCELLED), False),
        (a_session(State.BASKETED), False),
        (a_session(State.BASKETED, unwinding=EXPIRING), True),
        (a_session(State.BASKETED, unwinding=CANCELLING), False),
    ],
)
def test_a_session_is_over_when_its_time_ran_out(session: Session, over: bool) -> None:
    assert expiring(session) is over


SUPPLIER_PAYS = Policy(payment_channel=PaymentChannel.SUPPLIER_PAYMENT)


@pytest.mark.parametrize(
    ("session", "policy", "triggers"),
    [
        (a_session(), Policy(), "price cancel"),
        (a_session(State.BASKETED), Policy(), "release_basket book cancel"),
        (a_session(State.BOOKED), Policy(), "cancel"),
        (a_session(State.BOOKED), SUPPLIER_PAYS, "pay cancel"),
        (a_session(State.BOOKED), Policy(payment_channel=PaymentChannel.MANUAL), "cancel"),
        (a_session(State.PAID), SUPPLIER_PAYS, "pay cancel"),
        (a_session(State.PAID), Policy(), "cancel"),
        (a_session(State.PAID, booking=a_booking(paid=usd("3006.56"))), SUPPLIER_PAYS, "cancel"),
        (a_session(State.EXPIRED), Policy(), ""),
        (a_session(State.CANCELLED), Policy(), ""),
        (a_session(State.BASKETED, **BUSY), Policy(), "cancel"),
        (a_session(State.BASKETED, **UNKNOWN), Policy(), "cancel"),
        (a_session(State.BASKETED, cancel_requested_at=NOW, **BUSY), Policy(), ""),
        (a_session(State.BASKETED, unwinding=CANCELLING), Policy(), ""),
        (a_session(State.BOOKED, unwinding=EXPIRING), SUPPLIER_PAYS, ""),
        (
            a_session(State.CABIN_SELECTED, disputed_since=NOW),
            Policy(),
            "price select_cabin cancel",
        ),
        (a_session(State.BASKETED, disputed_since=NOW), Policy(), "release_basket cancel"),
        (a_session(State.BOOKED, disputed_since=NOW), SUPPLIER_PAYS, "cancel"),
    ],
)
def test_what_a_guest_may_do_now(session: Session, policy: Policy, triggers: str) -> None:
    """While a step is open that is at most to cancel, and once."""
    allowed = allowed_triggers(session, policy=policy)
    assert [trigger.value for trigger in allowed] == triggers.split()


def test_nothing_new_is_asked_while_forgotten_claims_are_looked_for() -> None:
    found = refused_by(lambda: ensure_not_stopped(replace(at(), stopped=True)))
    assert plain(found) == plain(BEHIND)
    ensure_not_stopped(at())


def test_whether_the_flow_knows_a_move() -> None:
    assert can_move(a_session(State.CREATED), Trigger.PRICE)
    assert not can_move(a_session(State.BASKETED), Trigger.PRICE)


@pytest.mark.parametrize(
    ("session", "may"),
    [
        (a_session(State.CREATED), True),
        (a_session(State.PRICED), True),
        (a_session(State.CABIN_SELECTED), True),
        (a_session(State.BASKETED), False),
        (a_session(State.BOOKED), False),
        (a_session(State.EXPIRED), False),
        (a_session(State.PRICED, unwinding=CANCELLING), False),
    ],
)
def test_prices_are_asked_for_while_a_cabin_can_still_be_chosen(
    session: Session, may: bool
) -> None:
    assert may_price(session) is may


WISH = {"special_requests": "A cot", "dining": "2"}


def test_details_are_kept_with_the_names_of_the_fields_and_not_their_values() -> None:
    session = a_session()
    change = edited(session, changes=WISH)
    assert change is not None
    assert change.before is session
    assert change.after == a_session(
        version=8, details=Details(special_requests="A cot", dining="2")
    )
    assert change.events == (
        an_event(EventKind.EDITED, State.CREATED, fields="dining,special_requests"),
    )


@pytest.mark.parametrize("changes", [{}, {"dining": DETAILS.dining}, {"contact": None}])
def test_an_edit_that_changes_nothing_leaves_no_trace(changes: dict[str, Any]) -> None:
    assert edited(a_session(), changes=changes) is None


@pytest.mark.parametrize(
    ("session", "refusal"),
    [
        (a_session(State.EXPIRED), SESSION_OVER),
        (a_session(State.BASKETED, **BUSY), UNDERWAY),
        (a_session(State.BASKETED, unwinding=CANCELLING), BEING_CANCELLED),
        (a_session(State.BOOKED), wrong("editing details", "booked")),
        (a_session(State.PAID), wrong("editing details", "paid")),
        (a_session(State.CANCELLED), wrong("editing details", "cancelled")),
    ],
)
def test_details_are_kept_until_the_booking(session: Session, refusal: Refusal) -> None:
    changes = {"contact": a_contact()}
    found = refused_by(lambda: edited(session, changes=changes))
    assert plain(found) == plain(refusal)
