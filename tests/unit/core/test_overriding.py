"""Moving a session by hand: from every state to every state, and what stays as it is."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import product
from typing import Any

import pytest

from booking_flow.errors import RefusalCode
from booking_flow.flow import State, Trigger
from booking_flow.lifecycle.manual_transition import Jump, Remains, jump_to, moved
from booking_flow.model.change import Change
from booking_flow.model.history import EventKind, fold
from booking_flow.model.session import Session, Unwinding, UnwindingReason
from booking_flow.model.step import StepName
from tests.support.builders import (
    DAY_LATER,
    NOW,
    OWED,
    a_basket,
    a_booking,
    a_move,
    a_quote,
    a_selection,
    a_session,
    a_step,
    an_event,
    at,
    plain,
    refused_by,
    usd,
    with_faults,
)

CREATED, PRICED, SELECTED, BASKETED, BOOKED, PAID, EXPIRED, CANCELLED = State
WHY = "the line said so"
PAID_SOME = a_booking(paid=usd("500"))
KNOWN: dict[str, Any] = {"quote": a_quote(), "selection": a_selection()}

ALREADY = "It is in that state already."
NO_HOLD = "Only the supplier can hold a cabin: choose it again."
RESERVED = "The line has a reservation for it: cancel that."
OVER = "Its time is over: the guest can start again with the same party."

HOLD = {
    Remains.HOLD: "The line may still hold the cabin; letting it go is tried from now on.",
}
RESERVATION = {Remains.RESERVATION: "Reservation F9WZ03 stays as it is at the line."}
MONEY = {Remains.PAYMENT: "500.00 USD are paid and stay so; nothing is refunded."}
NO_MONEY = {Remains.NO_PAYMENT: "No money is recorded; 3006.56 USD stay outstanding."}
CANCELLATION = {Remains.CANCELLATION: "What was cancelled at the line is not booked again."}
DEADLINE = {Remains.DEADLINE: "The payment deadline has passed and is dropped."}


def unbooked(to: State) -> str:
    return f"No reservation is known, so it cannot be {to}."


def known(state: State) -> Session:
    """Return a session that has seen prices and chosen; with a booking where the state says so."""
    fields = KNOWN if state in (CREATED, PRICED, EXPIRED, CANCELLED) else {}
    return a_session(state, **fields)


BEFORE = (CREATED, PRICED, SELECTED)
ALONG: dict[tuple[State, State], Trigger] = {
    (CREATED, PRICED): Trigger.PRICE,
    (SELECTED, PRICED): Trigger.PRICE,
    (PRICED, SELECTED): Trigger.SELECT_CABIN,
    (BASKETED, SELECTED): Trigger.RELEASE_BASKET,
    **{(state, EXPIRED): Trigger.EXPIRE for state in BEFORE},
    **{(state, CANCELLED): Trigger.CANCEL for state in BEFORE},
}
JUMPS: dict[tuple[State, State], dict[Remains, str]] = {
    (PRICED, CREATED): {},
    (SELECTED, CREATED): {},
    (CREATED, SELECTED): {},
    **{(BASKETED, to): HOLD for to in (CREATED, PRICED, EXPIRED, CANCELLED)},
    **{(BOOKED, to): RESERVATION for to in (EXPIRED, CANCELLED)},
    (BOOKED, PAID): NO_MONEY,
    **{(PAID, to): RESERVATION | MONEY for to in (EXPIRED, CANCELLED)},
    (PAID, BOOKED): MONEY,
    **{(end, to): {} for end in (EXPIRED, CANCELLED) for to in BEFORE},
    (EXPIRED, CANCELLED): {},
    (CANCELLED, EXPIRED): {},
}


def never(state: State, to: State) -> str:
    """Return why this way is barred."""
    if to is state:
        return ALREADY
    if to is BASKETED:
        return NO_HOLD
    return unbooked(to) if to in (BOOKED, PAID) else RESERVED


@pytest.mark.parametrize(("state", "to"), list(product(State, State)))
def test_from_every_state_to_every_state(state: State, to: State) -> None:
    """Along the flow where it leads there and leaves nothing; else by override; or not at all."""
    session = known(state)
    if (state, to) in ALONG:
        expected = Jump(to=to, trigger=ALONG[state, to], remains={})
        assert jump_to(session, to, at()) == expected
        assert not expected.override
    elif (state, to) in JUMPS:
        found = jump_to(session, to, at())
        assert found == Jump(to=to, trigger=None, remains=JUMPS[state, to])
        assert found.override
    else:
        refusal = refused_by(lambda: jump_to(session, to, at()))
        assert (refusal.code, refusal.detail) == (RefusalCode.WRONG_STATE, never(state, to))


@pytest.mark.parametrize(("state", "to"), [*ALONG, *JUMPS])
def test_whatever_is_moved_folds_and_has_what_its_state_needs(state: State, to: State) -> None:
    change = override(known(state), to)
    after = change.after
    assert (after.state, after.version, len(change.events)) == (to, 8, 1)
    assert fold([*told(state), *change.events]) is to
    assert (after.basket is not None) == (state in (BOOKED, PAID))
    was = change.before.booking
    assert after.booking == (was and replace(was, collect_by=DAY_LATER if to is BOOKED else None))
    assert (after.cancel_requested_at is not None) == (to is CANCELLED)
    if to in (CREATED, PRICED):
        assert after.selection is None
    elif to is SELECTED:
        assert after.selection == a_selection()
    assert bool(change.owed) == (state is BASKETED)


def told(state: State) -> list[Any]:
    born = an_event(EventKind.CREATED, CREATED)
    return [
        replace(born, from_state=None),
        *([] if state is CREATED else [an_event(EventKind.OVERRIDE, CREATED, state)]),
    ]


def override(session: Session, to: State) -> Change:
    remains = jump_to(session, to, at()).remains
    accepted = frozenset(map(str, remains))
    return moved(session, to, at(), reason=WHY, override=True, accepted=accepted)


def test_along_the_flow_it_is_a_transition_like_any_other() -> None:
    session = known(PRICED)
    assert moved(session, SELECTED, at(), reason=WHY) == Change(
        before=session,
        after=replace(session, state=SELECTED, version=8),
        events=(a_move(Trigger.SELECT_CABIN, PRICED, SELECTED, WHY),),
    )


def test_a_held_cabin_is_handed_to_those_who_let_it_go() -> None:
    session = known(BASKETED)
    assert moved(session, SELECTED, at(), reason=WHY) == Change(
        before=session,
        after=replace(session, state=SELECTED, version=8, basket=None, supplier=None),
        events=(a_move(Trigger.RELEASE_BASKET, BASKETED, SELECTED, WHY),),
        owed=(OWED,),
    )
    jumped = override(session, CANCELLED)
    assert jumped == Change(
        before=session,
        after=replace(
            session,
            state=CANCELLED,
            version=8,
            basket=None,
            supplier=None,
            cancel_requested_at=NOW,
        ),
        events=(an_event(EventKind.OVERRIDE, BASKETED, CANCELLED, reason=WHY, remains="hold"),),
        owed=(OWED,),
    )


def test_an_override_says_in_the_history_what_it_left() -> None:
    session = known(PAID)
    accepted = frozenset({"payment", "reservation"})
    change = moved(session, EXPIRED, at(), reason=WHY, override=True, accepted=accepted)
    assert change == Change(
        before=session,
        after=replace(session, state=EXPIRED, version=8),
        events=(
            an_event(EventKind.OVERRIDE, PAID, EXPIRED, reason=WHY, remains="reservation, payment"),
        ),
    )
    nothing = moved(known(EXPIRED), PRICED, at(), reason=WHY, override=True)
    assert nothing.events == (an_event(EventKind.OVERRIDE, EXPIRED, PRICED, reason=WHY),)


@pytest.mark.parametrize(
    ("asked", "pointer", "detail"),
    [
        ({}, "/override", "is needed, and would not undo: reservation, payment"),
        (
            {"accepted": frozenset({"reservation", "payment"})},
            "/override",
            "is needed, and would not undo: reservation, payment",
        ),
        (
            {"override": True},
            "/notUndone",
            "must name what is not undone: reservation, payment",
        ),
        (
            {"override": True, "accepted": frozenset({"reservation"})},
            "/notUndone",
            "must name what is not undone: reservation, payment",
        ),
        (
            {"override": True, "accepted": frozenset({"reservation", "payment", "hold"})},
            "/notUndone",
            "must name what is not undone: reservation, payment",
        ),
    ],
)
def test_who_overrides_says_so_and_names_what_is_not_undone(
    asked: Any, pointer: str, detail: str
) -> None:
    found = refused_by(lambda: moved(known(PAID), CANCELLED, at(), reason=WHY, **asked))
    expected = with_faults(RefusalCode.VALIDATION_FAILED, (pointer, detail))
    assert plain(found) == plain(expected)


def test_even_what_leaves_nothing_needs_an_override_against_the_flow() -> None:
    found = refused_by(lambda: moved(known(PRICED), CREATED, at(), reason=WHY))
    expected = with_faults(
        RefusalCode.VALIDATION_FAILED, ("/override", "is needed, and would not undo: nothing")
    )
    assert plain(found) == plain(expected)


@pytest.mark.parametrize("to", State)
def test_nothing_moves_while_a_step_is_open_or_an_undo_under_way(to: State) -> None:
    busy = a_session(BASKETED, open_step=a_step(StepName.BOOK))
    found = refused_by(lambda: jump_to(busy, to, at()))
    assert (found.code, found.facts) == (RefusalCode.IN_PROGRESS, {"step": "book"})
    assert found.detail == "The step book is still under way."
    unwinding = Unwinding(since=NOW, reason=UnwindingReason.CANCEL)
    found = refused_by(lambda: jump_to(a_session(BOOKED, unwinding=unwinding), to, at()))
    assert found.code is RefusalCode.WRONG_STATE
    assert found.detail == "It is being undone; that has to end first."


@pytest.mark.parametrize("end", [EXPIRED, CANCELLED])
def test_what_has_ended_with_a_booking_may_be_booked_or_paid_again(end: State) -> None:
    """But never unbooked: one session has one reservation for ever."""
    for paid, to, remains in (
        (a_booking(), BOOKED, CANCELLATION),
        (a_booking(), PAID, CANCELLATION | NO_MONEY),
        (PAID_SOME, BOOKED, CANCELLATION | MONEY),
        (PAID_SOME, PAID, CANCELLATION),
    ):
        session = known(end)
        session = replace(session, booking=paid)
        assert jump_to(session, to, at()) == Jump(to=to, trigger=None, remains=remains)
        assert override(session, to).after.cancel_requested_at is None
        for before in (CREATED, PRICED, SELECTED):
            assert refused_by(partial(jump_to, session, before, at())).detail == RESERVED
    other = EXPIRED if end is CANCELLED else CANCELLED
    ended = replace(known(end), booking=PAID_SOME)
    assert jump_to(ended, other, at()).remains == RESERVATION | MONEY


def test_what_is_paid_already_becomes_so_along_the_flow() -> None:
    session = a_session(BOOKED, booking=PAID_SOME)
    change = moved(session, PAID, at(), reason=WHY)
    assert change.events == (a_move(Trigger.PAY, BOOKED, PAID, WHY),)
    assert jump_to(a_session(PAID, booking=a_booking()), BOOKED, at()).remains == {}


def test_a_payment_deadline_that_has_passed_does_not_end_a_booking_at_once_again() -> None:
    for due, dropped in ((NOW, True), (NOW + timedelta(seconds=1), False)):
        late = a_booking(payment_due_at=due)
        session = replace(known(EXPIRED), booking=late)
        expected = CANCELLATION | (DEADLINE if dropped else {})
        assert jump_to(session, BOOKED, at()).remains == expected
        after = override(session, BOOKED).after
        assert after.booking == (a_booking(collect_by=DAY_LATER) if dropped else late)
        assert DEADLINE.keys() & jump_to(session, PAID, at()).remains.keys() == set()
        assert override(session, PAID).after.booking == late


@pytest.mark.parametrize("to", [CREATED, PRICED, SELECTED])
@pytest.mark.parametrize("end", [EXPIRED, CANCELLED])
def test_what_has_run_out_of_time_is_not_brought_back(end: State, to: State) -> None:
    session = replace(known(end), expires_at=NOW)
    assert refused_by(lambda: jump_to(session, to, at())).detail == OVER
    lively = replace(session, expires_at=NOW + timedelta(seconds=1))
    assert jump_to(lively, to, at()).override
    assert jump_to(a_session(PRICED, expires_at=NOW), CREATED, at()).override


def test_what_a_state_knows_must_be_there() -> None:
    blank = a_session(CREATED)
    assert refused_by(lambda: jump_to(blank, PRICED, at())).detail == "No prices were read for it."
    assert refused_by(lambda: jump_to(blank, SELECTED, at())).detail == "No cabin was chosen."
    quoted = a_session(PRICED)
    assert refused_by(lambda: jump_to(quoted, SELECTED, at())).detail == "No cabin was chosen."
    ended = a_session(EXPIRED)
    assert jump_to(ended, CREATED, at()).override


def test_a_cabin_let_go_long_ago_is_forgotten_with_its_price() -> None:
    session = replace(known(CANCELLED), basket=a_basket(hold_until=NOW), supplier=None)
    for to in (CREATED, PRICED, SELECTED):
        assert override(session, to).after.basket is None
    assert override(session, EXPIRED).after.basket == a_basket(hold_until=NOW)


def test_when_a_cancel_was_asked_for_is_kept() -> None:
    asked = NOW - timedelta(hours=1)
    refused = a_session(BOOKED, cancel_requested_at=asked)
    assert override(refused, CANCELLED).after.cancel_requested_at == asked
    assert override(refused, PAID).after.cancel_requested_at == asked
    assert override(a_session(BOOKED), CANCELLED).after.cancel_requested_at == NOW
