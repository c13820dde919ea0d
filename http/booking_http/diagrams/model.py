"""What the flow's table says, arranged for drawing: one path, its ends, and the arrows between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from booking_flow.channels import CHANNELS
from booking_flow.flow import ENDS, FLOW, STATES, Mover, State, Transition, Trigger
from booking_flow.model.step import StepName
from booking_flow.policy import PaymentChannel

PATH = tuple(row.state for row in STATES if row.state not in ENDS)
"""The states a booking walks through, in their order."""
TRIGGER_OF: Final[Mapping[StepName, Trigger]] = MappingProxyType(
    {
        StepName.ADD_TO_BASKET: Trigger.ADD_TO_BASKET,
        StepName.RELEASE: Trigger.RELEASE_BASKET,
        StepName.BOOK: Trigger.BOOK,
        StepName.PAY: Trigger.PAY,
    }
)
"""The arrow that an open step of the saga stands beside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """One arrow: from a state, or from any state of a frame, to a state."""

    row: Transition
    source: State | Frame

    @property
    def timed(self) -> bool:
        """Whether the clock draws this arrow, and no person."""
        return self.row.movers == (Mover.CLOCK,)


@dataclass(frozen=True, slots=True)
class Frame:
    """States that leave for the same ends, drawn as one box so that one arrow speaks for all."""

    states: tuple[State, ...]

    @property
    def name(self) -> str:
        """Return a name for files and ids."""
        return "reserved" if self.reserved else "unreserved"

    @property
    def title(self) -> str:
        """Return what the states of the frame have in common."""
        return "Reservation at the line" if self.reserved else "No reservation yet"

    @property
    def reserved(self) -> bool:
        """Whether the line has issued a reservation in these states."""
        booked = next(row.target for row in FLOW if row.trigger is Trigger.BOOK)
        return PATH.index(self.states[0]) >= PATH.index(booked)


def frames() -> tuple[Frame, ...]:
    """Return the frames of the flow, in the order of the path."""
    groups = {row.sources for row in FLOW if row.target in ENDS and len(row.sources) > 1}
    return tuple(Frame(states) for states in sorted(groups, key=lambda g: PATH.index(g[0])))


def arrows() -> tuple[Arrow, ...]:
    """Return every arrow of the flow, those of the path first."""
    return tuple(sorted(_arrows(), key=lambda arrow: arrow.row.target in ENDS))


def _arrows() -> Iterator[Arrow]:
    for row in FLOW:
        if row.target in ENDS and len(row.sources) > 1:
            yield Arrow(row=row, source=Frame(row.sources))
        else:
            yield from (Arrow(row=row, source=source) for source in row.sources)


def movers(row: Transition) -> str:
    """Return who pulls a trigger, in words."""
    names = [f"the {mover}" if mover is Mover.CLOCK else str(mover) for mover in row.movers]
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """Two rows of the flow that one call of a payment channel moves along at once."""

    rows: tuple[Transition, Transition]
    channel: PaymentChannel

    @property
    def source(self) -> State:
        """Return where it begins."""
        return self.rows[0].sources[0]

    @property
    def target(self) -> State:
        """Return where it ends."""
        return self.rows[1].target

    @property
    def says(self) -> str:
        """Return when it is taken."""
        return f"both in one call: payment channel {self.channel}"


def shortcuts() -> tuple[Shortcut, ...]:
    """Return where a card that is sent with the booking pays in the same call."""
    by_trigger = {row.trigger: row for row in FLOW}
    rows = (by_trigger[Trigger.BOOK], by_trigger[Trigger.PAY])
    return tuple(
        Shortcut(rows=rows, channel=channel.name)
        for channel in CHANNELS.values()
        if channel.card_with_booking
    )


def timed_end(state: State) -> bool:
    """Whether only the clock leads to this end."""
    return all(row.movers == (Mover.CLOCK,) for row in FLOW if row.target is state)
