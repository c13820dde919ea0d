"""The flow of a booking session: one table of states and triggers, and what is compiled from it.

Everything that speaks of states reads this module: the engine's hot path, ``allowedActions``,
the labels staff see, the diagrams and the check that stored histories still fold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

from transitions import Machine

FLOW_VERSION: Final = 1
"""Stored with every session; raised when a row of `FLOW` changes its meaning."""


class State(StrEnum):
    """What is known to be true of a session; what is merely asked is its open step."""

    CREATED = "created"
    PRICED = "priced"
    CABIN_SELECTED = "cabin_selected"
    BASKETED = "basketed"
    BOOKED = "booked"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Trigger(StrEnum):
    """What can move a session from one state to another."""

    PRICE = "price"
    SELECT_CABIN = "select_cabin"
    ADD_TO_BASKET = "add_to_basket"
    RELEASE_BASKET = "release_basket"
    BOOK = "book"
    PAY = "pay"
    EXPIRE = "expire"
    CANCEL = "cancel"


class Mover(StrEnum):
    """Who pulls a trigger; a worker that finishes what was asked pulls it for whoever asked."""

    GUEST = "guest"
    STAFF = "staff"
    CLOCK = "clock"


class Hold(Protocol):
    """What a guard looks at in a basket."""

    @property
    def hold_until(self) -> datetime:
        """Return until when the hold is relied on."""


class Guarded(Protocol):
    """What a guard looks at in a session."""

    @property
    def basket(self) -> Hold | None:
        """Return what is held."""

    @property
    def unwinding(self) -> object | None:
        """Return that it is being undone."""


class Circumstances(Protocol):
    """What a guard knows besides the session."""

    @property
    def now(self) -> datetime:
        """Return the time, by the database's clock."""

    @property
    def book_limit(self) -> timedelta:
        """Return how long a booking may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A condition a transition needs beyond its source state."""

    says: str
    lets: Callable[[Guarded, Circumstances], bool]


def _hold_outlives_booking(session: Guarded, at: Circumstances) -> bool:
    return session.basket is not None and session.basket.hold_until - at.book_limit > at.now


def _line_was_asked(session: Guarded, _at: Circumstances) -> bool:
    """Only the line's answer to a cancellation ends the undoing of a reservation."""
    return session.unwinding is not None


HOLD_LIVE: Final = Guard(says="hold is live long enough to book", lets=_hold_outlives_booking)
UNWINDING_CONFIRMED: Final = Guard(
    says="the cruise line confirmed the cancellation", lets=_line_was_asked
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMeaning:
    """How staff and diagrams speak of a state."""

    state: State
    label: str
    meaning: str
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One row of the flow: from any of `sources` by `trigger` to `target`."""

    trigger: Trigger
    sources: tuple[State, ...]
    target: State
    label: str
    meaning: str
    movers: tuple[Mover, ...]
    guard: Guard | None = None


STATES: Final[tuple[StateMeaning, ...]] = (
    StateMeaning(
        state=State.CREATED,
        label="Started",
        meaning="The guest chose a sailing and a party; the supplier session is open.",
    ),
    StateMeaning(
        state=State.PRICED,
        label="Prices shown",
        meaning="The guest has seen live prices for the whole party.",
    ),
    StateMeaning(
        state=State.CABIN_SELECTED,
        label="Cabin chosen",
        meaning="The guest chose a cabin and rate; nothing is held at the line.",
    ),
    StateMeaning(
        state=State.BASKETED,
        label="Cabin held",
        meaning="The line holds the cabin until the hold's deadline at the basket's price.",
    ),
    StateMeaning(
        state=State.BOOKED,
        label="Booked, unpaid",
        meaning="The line issued a reservation; what is due now has not been paid.",
    ),
    StateMeaning(
        state=State.PAID,
        label="Booked and paid",
        meaning="The line issued a reservation and what is due now has been paid.",
        final=True,
    ),
    StateMeaning(
        state=State.EXPIRED,
        label="Expired",
        meaning="Time ran out before a booking was made, or the unpaid one was cancelled.",
        final=True,
    ),
    StateMeaning(
        state=State.CANCELLED,
        label="Cancelled",
        meaning="The guest or staff ended it, and the line holds nothing for it any more.",
        final=True,
    ),
)

BEFORE_HOLD: Final = (State.CREATED, State.PRICED, State.CABIN_SELECTED)
"""A guest looks at prices and chooses, and the line holds nothing."""
_BEFORE_BOOKING: Final = (*BEFORE_HOLD, State.BASKETED)

FLOW: Final[tuple[Transition, ...]] = (
    Transition(
        trigger=Trigger.PRICE,
        sources=BEFORE_HOLD,
        target=State.PRICED,
        label="Show prices",
        meaning="Live grades and rates were read from the supplier.",
        movers=(Mover.GUEST,),
    ),
    Transition(
        trigger=Trigger.SELECT_CABIN,
        sources=(State.PRICED, State.CABIN_SELECTED),
        target=State.CABIN_SELECTED,
        label="Choose cabin",
        meaning="The choice was found in fresh grades at the price the guest saw.",
        movers=(Mover.GUEST,),
    ),
    Transition(
        trigger=Trigger.ADD_TO_BASKET,
        sources=(State.CABIN_SELECTED,),
        target=State.BASKETED,
        label="Hold cabin",
        meaning="The supplier put the cabin in its basket, priced, and the line holds it.",
        movers=(Mover.GUEST,),
    ),
    Transition(
        trigger=Trigger.RELEASE_BASKET,
        sources=(State.BASKETED,),
        target=State.CABIN_SELECTED,
        label="Let the cabin go",
        meaning="Guest or staff let it go, or the hold lapsed.",
        movers=(Mover.GUEST, Mover.STAFF, Mover.CLOCK),
    ),
    Transition(
        trigger=Trigger.BOOK,
        sources=(State.BASKETED,),
        target=State.BOOKED,
        label="Book",
        meaning="The line issued a reservation number.",
        movers=(Mover.GUEST, Mover.STAFF),
        guard=HOLD_LIVE,
    ),
    Transition(
        trigger=Trigger.PAY,
        sources=(State.BOOKED,),
        target=State.PAID,
        label="Pay",
        meaning="The card was authorised for what is due now.",
        movers=(Mover.GUEST, Mover.STAFF),
    ),
    Transition(
        trigger=Trigger.EXPIRE,
        sources=_BEFORE_BOOKING,
        target=State.EXPIRED,
        label="Time out",
        meaning="The session's deadline passed.",
        movers=(Mover.CLOCK,),
    ),
    Transition(
        trigger=Trigger.EXPIRE,
        sources=(State.BOOKED,),
        target=State.EXPIRED,
        label="Unpaid booking cancelled",
        meaning="The payment deadline passed and the line confirmed the cancellation.",
        guard=UNWINDING_CONFIRMED,
        movers=(Mover.CLOCK,),
    ),
    Transition(
        trigger=Trigger.CANCEL,
        sources=_BEFORE_BOOKING,
        target=State.CANCELLED,
        label="Cancel",
        meaning="The guest gave up before booking.",
        movers=(Mover.GUEST, Mover.STAFF),
    ),
    Transition(
        trigger=Trigger.CANCEL,
        sources=(State.BOOKED, State.PAID),
        target=State.CANCELLED,
        label="Booking cancelled",
        meaning="A person cancelled with the line and the line confirmed it.",
        movers=(Mover.GUEST, Mover.STAFF),
        guard=UNWINDING_CONFIRMED,
    ),
)


class FlowError(Exception):
    """The flow table itself is unsound."""


class IllegalTransition(Exception):  # noqa: N818 - named for what happened, not for its kind
    """A trigger was pulled in a state that does not know it."""


def build_machine(rows: Iterable[Transition] = FLOW) -> Machine:
    """Build the `transitions` machine of the flow; it carries no model and no callback."""
    machine = Machine(
        model=None,
        states=[{"name": row.state.value, "final": row.final} for row in STATES],
        initial=State.CREATED.value,
        auto_transitions=False,
    )
    for row in rows:
        machine.add_transition(row.trigger.value, [s.value for s in row.sources], row.target.value)
    return machine


Table = Mapping[tuple[State, Trigger], Transition]


def compile_table(machine: Machine, rows: Sequence[Transition] = FLOW) -> Table:
    """Freeze what a machine of these rows allows: by state and trigger, the row that applies."""
    table: dict[tuple[State, Trigger], Transition] = {}
    for name, event in machine.events.items():
        for source, found in event.transitions.items():
            if len(found) != 1:
                raise FlowError(f"{name} leaves {source} in {len(found)} ways")
            way = (State(source), Trigger(name), State(str(found[0].dest)))
            table[way[:2]] = next(row for row in rows if _is(row, *way))
    return MappingProxyType(table)


def _is(row: Transition, source: State, trigger: Trigger, to: State) -> bool:
    return row.trigger is trigger and source in row.sources and row.target is to


def check_flow(table: Table) -> None:
    """Refuse a table with a state that cannot be reached or, unless it is an end, left."""
    reached = {State.CREATED}
    while grown := {row.target for (at, _), row in table.items() if at in reached} - reached:
        reached |= grown
    for row in STATES:
        if row.state not in reached:
            raise FlowError(f"{row.state} cannot be reached")
        if not row.final and not any(at is row.state for at, _ in table):
            raise FlowError(f"{row.state} cannot be left")


MACHINE: Final = build_machine()
TABLE: Final = compile_table(MACHINE)
check_flow(TABLE)

MEANING: Final[Mapping[State, StateMeaning]] = MappingProxyType({row.state: row for row in STATES})
ENDS: Final = frozenset({State.EXPIRED, State.CANCELLED})
"""States nothing leaves. `paid` is an end for the guest, but can still be unwound by staff."""
RESERVED: Final = frozenset({State.BOOKED, State.PAID})
"""States in which the line holds a reservation."""


def target(state: State, trigger: Trigger) -> State:
    """Return where `trigger` leads from `state`.

    Raises:
        IllegalTransition: the flow has no such row.
    """
    try:
        return TABLE[state, trigger].target
    except KeyError:
        raise IllegalTransition(f"{trigger} is not possible in {state}") from None


def rule(state: State, trigger: Trigger) -> Transition | None:
    """Return the row of the flow for `trigger` in `state`, or None where there is none."""
    return TABLE.get((state, trigger))


def triggers_from(state: State) -> tuple[Trigger, ...]:
    """Return the triggers a guest may pull in `state`, in the order of the flow."""
    return tuple(row.trigger for row in FLOW if state in row.sources and Mover.GUEST in row.movers)
