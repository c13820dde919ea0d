"""Histories: what folds, what is a marked jump, and what is broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking_flow.flow import TABLE, State, Trigger
from booking_flow.model.change import begin
from booking_flow.model.history import Event, EventKind, HistoryBroken, flaw, fold
from tests.support.builders import a_move, a_session, an_event

BORN = Event(kind=EventKind.CREATED, from_state=None, to_state=State.CREATED)
PRICED = a_move(Trigger.PRICE, State.CREATED, State.PRICED)
QUIET = [
    kind
    for kind in EventKind
    if kind not in (EventKind.CREATED, EventKind.TRANSITION, EventKind.OVERRIDE)
]


def override(from_state: State, to_state: State) -> Event:
    return an_event(EventKind.OVERRIDE, from_state, to_state, reason="the line confirmed it")


def test_an_empty_history_has_no_state() -> None:
    assert fold([]) is None


def test_a_history_folds_to_the_state_it_ends_in() -> None:
    assert fold([BORN]) is State.CREATED
    assert fold([BORN, PRICED]) is State.PRICED


@pytest.mark.parametrize("kind", QUIET)
def test_only_transitions_and_overrides_change_the_state(kind: EventKind) -> None:
    assert fold([BORN, PRICED, an_event(kind, State.PRICED)]) is State.PRICED
    with pytest.raises(HistoryBroken) as caught:
        fold([BORN, PRICED, an_event(kind, State.PRICED, State.BOOKED)])
    assert str(caught.value) == f"event 2 ({kind}) leads to booked"


def test_an_override_is_a_jump_to_wherever_it_says() -> None:
    jumped = [BORN, PRICED, override(State.PRICED, State.BOOKED)]
    assert fold(jumped) is State.BOOKED
    paid = a_move(Trigger.PAY, State.BOOKED, State.PAID)
    assert fold([*jumped, paid]) is State.PAID


def test_an_event_starts_where_the_one_before_ended() -> None:
    with pytest.raises(HistoryBroken) as caught:
        fold([BORN, PRICED, PRICED])
    assert str(caught.value) == "event 2 starts in created, not in priced"


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        ([PRICED], "event 0 starts in created, not in None"),
        (
            [BORN, a_move(Trigger.BOOK, State.CREATED, State.BOOKED)],
            "event 1 (transition) leads to booked",
        ),
        (
            [BORN, a_move(Trigger.PRICE, State.CREATED, State.BOOKED)],
            "event 1 (transition) leads to booked",
        ),
        (
            [BORN, an_event(EventKind.TRANSITION, State.CREATED)],
            "event 1 (transition) leads to created",
        ),
        (
            [BORN, PRICED, an_event(EventKind.CREATED, State.PRICED, State.CREATED)],
            "event 2 (created) leads to created",
        ),
        (
            [BORN, an_event(EventKind.CREATED, State.CREATED)],
            "event 1 (created) leads to created",
        ),
        (
            [Event(kind=EventKind.CREATED, from_state=None, to_state=State.PRICED)],
            "event 0 (created) leads to priced",
        ),
        (
            [Event(kind=EventKind.OVERRIDE, from_state=None, to_state=State.PAID)],
            "event 0 (override) leads to paid",
        ),
        (
            [Event(kind=EventKind.NOTE, from_state=None, to_state=State.CREATED)],
            "event 0 (note) leads to created",
        ),
        (
            [
                Event(
                    kind=EventKind.TRANSITION,
                    from_state=None,
                    to_state=State.PRICED,
                    trigger=Trigger.PRICE,
                )
            ],
            "event 0 (transition) leads to priced",
        ),
    ],
)
def test_a_broken_history_is_refused(events: list[Event], complaint: str) -> None:
    """No row of the flow, a second birth, no birth, or a transition that nobody triggered."""
    with pytest.raises(HistoryBroken) as caught:
        fold(events)
    assert str(caught.value) == complaint


def test_a_history_leads_to_the_session_beside_it_or_it_is_said_why_not() -> None:
    told = [BORN, PRICED, an_event(EventKind.NOTE, State.PRICED)]
    assert flaw(told, state=State.PRICED, version=2) is None
    assert flaw([BORN], state=State.CREATED, version=0) is None
    other = flaw(told, state=State.BOOKED, version=2)
    assert other == "it leads to priced, and booked is stored"
    short = flaw(told, state=State.PRICED, version=3)
    assert short == "it ends with event 2, and version 3 is stored"
    broken = flaw([PRICED], state=State.PRICED, version=0)
    assert broken == "event 0 starts in created, not in None"
    nothing = flaw([], state=State.CREATED, version=0)
    assert nothing == "it leads to None, and created is stored"


@given(st.lists(st.sampled_from([*Trigger, *QUIET]), max_size=30))
def test_whatever_is_decided_folds_to_the_state_of_the_session(
    wishes: list[Trigger | EventKind],
) -> None:
    """Any walk along the flow, with any events in between, can be replayed."""
    session = a_session(State.CREATED, version=0)
    change = begin(session)
    for wish in wishes:
        if isinstance(wish, EventKind):
            change = change.record(wish)
        elif (change.after.state, wish) in TABLE:
            change = change.move(wish)
    assert fold([BORN, *change.events]) is change.after.state
    assert change.after.version == len(change.events)
