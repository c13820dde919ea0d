"""The flow: every state and trigger against a table written out by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from transitions import Machine

from booking_flow.flow import (
    ENDS,
    FLOW,
    HOLD_LIVE,
    MACHINE,
    MEANING,
    STATES,
    TABLE,
    UNWINDING_CONFIRMED,
    FlowError,
    IllegalTransition,
    State,
    Transition,
    Trigger,
    build_machine,
    check_flow,
    compile_table,
    rule,
    target,
    triggers_from,
)

GOLDEN = """
trigger         created    priced          cabin_selected  basketed        booked     paid
price           priced     priced          priced          -               -          -
select_cabin    -          cabin_selected  cabin_selected  -               -          -
add_to_basket   -          -               basketed        -               -          -
release_basket  -          -               -               cabin_selected  -          -
book            -          -               -               booked          -          -
pay             -          -               -               -               paid       -
expire          expired    expired         expired         expired         expired    -
cancel          cancelled  cancelled       cancelled       cancelled       cancelled  cancelled
"""


def golden() -> dict[tuple[str, str], str | None]:
    (_, *head), *rows = (line.split() for line in GOLDEN.strip().splitlines())
    found: dict[tuple[str, str], str | None] = {}
    for trigger, *targets in rows:
        for state, to in zip(head, targets, strict=True):
            found[state, trigger] = None if to == "-" else to
    return found


EVERY_PAIR = list(product(State, Trigger))
EXPECTED = golden()


@pytest.mark.parametrize(("state", "trigger"), EVERY_PAIR)
def test_every_trigger_in_every_state_leads_where_the_table_says(
    state: State, trigger: Trigger
) -> None:
    to = EXPECTED.get((state.value, trigger.value))
    row = TABLE.get((state, trigger))
    assert (row and row.target) == to
    if to is None:
        with pytest.raises(IllegalTransition) as caught:
            target(state, trigger)
        assert str(caught.value) == f"{trigger.value} is not possible in {state.value}"
        assert caught.value.__suppress_context__
        assert rule(state, trigger) is None
        return
    assert target(state, trigger) is State(to)
    found = rule(state, trigger)
    assert found is not None
    assert (found.trigger, found.target) == (trigger, State(to))
    assert state in found.sources
    assert found is row


def test_the_order_of_states_is_the_order_a_guest_meets_them_in() -> None:
    order = "created priced cabin_selected basketed booked paid expired cancelled"
    assert [state.value for state in State] == order.split()
    assert [row.state for row in STATES] == list(State)


def test_the_states_nothing_leaves_are_the_ends() -> None:
    left = {source for source, _ in TABLE}
    assert set(State) - left == ENDS == {State.EXPIRED, State.CANCELLED}


def test_only_an_end_and_paid_are_final_for_the_guest() -> None:
    final = {row.state for row in STATES if row.final}
    assert final == ENDS | {State.PAID}


@pytest.mark.parametrize("state", State)
def test_every_state_has_words_for_staff(state: State) -> None:
    row = MEANING[state]
    assert row.state is state
    assert row.label
    assert row.label[0].isupper()
    assert row.meaning.endswith(".")


def test_no_two_states_look_alike_to_staff() -> None:
    assert len({row.label for row in STATES}) == len(STATES)


@pytest.mark.parametrize("row", FLOW, ids=lambda row: f"{row.trigger}-{row.target}")
def test_every_transition_has_words_for_staff(row: Transition) -> None:
    assert row.label[0].isupper()
    assert row.meaning.endswith(".")


def test_only_booking_and_unwinding_are_guarded() -> None:
    guarded = {(s, row.trigger): row.guard for row in FLOW for s in row.sources if row.guard}
    assert guarded == {
        (State.BASKETED, Trigger.BOOK): HOLD_LIVE,
        (State.BOOKED, Trigger.EXPIRE): UNWINDING_CONFIRMED,
        (State.BOOKED, Trigger.CANCEL): UNWINDING_CONFIRMED,
        (State.PAID, Trigger.CANCEL): UNWINDING_CONFIRMED,
    }


MOVERS = {
    Trigger.PRICE: "guest",
    Trigger.SELECT_CABIN: "guest",
    Trigger.ADD_TO_BASKET: "guest",
    Trigger.RELEASE_BASKET: "guest staff clock",
    Trigger.BOOK: "guest staff",
    Trigger.PAY: "guest staff",
    Trigger.EXPIRE: "clock",
    Trigger.CANCEL: "guest staff",
}


@pytest.mark.parametrize("row", FLOW, ids=lambda row: f"{row.trigger}-{row.target}")
def test_each_row_says_who_may_move_along_it(row: Transition) -> None:
    """A hold that lapses is the clock's; what a person found out or took by hand is staff's."""
    assert " ".join(row.movers) == MOVERS[row.trigger]


@dataclass(frozen=True, kw_only=True)
class HoldResult:
    hold_until: datetime


@dataclass(frozen=True, kw_only=True)
class Known:
    """A session, as far as guards look at one."""

    basket: HoldResult | None = None
    unwinding: object | None = None


@dataclass(frozen=True, kw_only=True)
class Noon:
    now: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC)
    book_limit: timedelta = timedelta(seconds=90)


@pytest.mark.parametrize(("seconds", "lets"), [(None, False), (89, False), (90, False), (91, True)])
def test_a_hold_must_outlive_the_booking(seconds: int | None, lets: bool) -> None:
    at = Noon()
    held = None if seconds is None else HoldResult(hold_until=at.now + timedelta(seconds=seconds))
    assert HOLD_LIVE.lets(Known(basket=held), at) is lets


@pytest.mark.parametrize("unwinding", [None, "since noon"])
def test_only_what_is_being_undone_can_have_been_cancelled_by_the_line(
    unwinding: object | None,
) -> None:
    assert UNWINDING_CONFIRMED.lets(Known(unwinding=unwinding), Noon()) is (unwinding is not None)


@pytest.mark.parametrize(
    ("state", "triggers"),
    [
        (State.CREATED, "price cancel"),
        (State.PRICED, "price select_cabin cancel"),
        (State.CABIN_SELECTED, "price select_cabin add_to_basket cancel"),
        (State.BASKETED, "release_basket book cancel"),
        (State.BOOKED, "pay cancel"),
        (State.PAID, "cancel"),
        (State.EXPIRED, ""),
        (State.CANCELLED, ""),
    ],
)
def test_a_guest_pulls_the_triggers_of_the_state_in_the_order_of_the_flow(
    state: State, triggers: str
) -> None:
    assert [trigger.value for trigger in triggers_from(state)] == triggers.split()


@pytest.mark.parametrize("machine", [lambda: MACHINE, build_machine])
def test_the_machine_carries_no_model_and_makes_no_trigger_of_its_own(
    machine: Callable[[], Machine],
) -> None:
    """A model of the shared machine would be a session that never goes away."""
    built = machine()
    assert built.models == []
    assert set(built.events) == {trigger.value for trigger in Trigger}
    assert list(built.states) == [state.value for state in State]
    assert built.initial == State.CREATED.value
    assert built.auto_transitions is False
    assert {name for name, state in built.states.items() if state.final} == {
        row.state.value for row in STATES if row.final
    }


def rows_without(*triggers: Trigger) -> list[Transition]:
    return [row for row in FLOW if row.trigger not in triggers]


def compiled(rows: Sequence[Transition]) -> None:
    check_flow(compile_table(build_machine(rows), rows))


def test_the_flow_as_it_is_passes_its_own_check() -> None:
    assert compile_table(build_machine(FLOW)) == TABLE
    compiled(FLOW)


@pytest.mark.parametrize(
    ("missing", "complaint"),
    [
        (Trigger.PRICE, "priced cannot be reached"),
        (Trigger.ADD_TO_BASKET, "basketed cannot be reached"),
        (Trigger.PAY, "paid cannot be reached"),
        (Trigger.CANCEL, "cancelled cannot be reached"),
    ],
)
def test_a_state_that_cannot_be_reached_is_refused(missing: Trigger, complaint: str) -> None:
    with pytest.raises(FlowError) as caught:
        compiled(rows_without(missing))
    assert str(caught.value) == complaint


def test_a_state_reached_only_from_an_unreachable_one_is_unreachable_too() -> None:
    """An edge into a state is not enough: something must lead there from the start."""
    island = [
        replace(row, sources=(State.BASKETED,)) if row.trigger is Trigger.ADD_TO_BASKET else row
        for row in FLOW
    ]
    with pytest.raises(FlowError) as caught:
        compiled(island)
    assert str(caught.value) == "basketed cannot be reached"


def test_a_state_that_is_no_end_and_cannot_be_left_is_refused() -> None:
    stuck = [
        replace(row, sources=tuple(s for s in row.sources if s is not State.BOOKED))
        for row in FLOW
        if row.trigger is not Trigger.PAY and row.sources != (State.BOOKED,)
    ]
    to_paid = replace(
        next(row for row in FLOW if row.trigger is Trigger.PAY), sources=(State.BASKETED,)
    )
    with pytest.raises(FlowError) as caught:
        compiled([*stuck, to_paid])
    assert str(caught.value) == "booked cannot be left"


def test_a_trigger_that_leaves_a_state_in_two_ways_is_refused() -> None:
    book = next(row for row in FLOW if row.trigger is Trigger.BOOK)
    with pytest.raises(FlowError) as caught:
        compiled([*FLOW, replace(book, target=State.PAID)])
    assert str(caught.value) == "book leaves basketed in 2 ways"


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        TABLE[State.PAID, Trigger.PAY] = FLOW[0]  # type: ignore[index]
