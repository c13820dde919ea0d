"""What the flow's table says, arranged for drawing: one path, its ends, and the arrows between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from booking_flow.flow import ENDS, FLOW, STATES, Mover, State, Transition, Trigger
from booking_flow.model.step import StepName

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


def timed_end(state: State) -> bool:
    """Whether only the clock leads to this end."""
    return all(row.movers == (Mover.CLOCK,) for row in FLOW if row.target is state)
