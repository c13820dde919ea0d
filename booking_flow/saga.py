"""The saga: each step of a booking beside its undo, and the three ways a step can end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from booking_flow.model.step import StepKind, StepName


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDefinition:
    """One step of the saga, the supplier calls it makes, and how it is undone."""

    name: StepName
    calls: tuple[str, ...]
    kind: StepKind
    undo: StepName | None
    undo_meaning: str

    @property
    def effectful(self) -> bool:
        """Whether it changes anything at the supplier and so must be claimed first."""
        return self.kind is not StepKind.READ


SAGA: Final[tuple[StepDefinition, ...]] = (
    StepDefinition(
        name=StepName.OPEN_SESSION,
        calls=("token", "cruiseresults"),
        kind=StepKind.READ,
        undo=None,
        undo_meaning="none: the supplier session lapses",
    ),
    StepDefinition(
        name=StepName.PRICE,
        calls=("cruisecabingrades",),
        kind=StepKind.READ,
        undo=None,
        undo_meaning="none: nothing was changed",
    ),
    StepDefinition(
        name=StepName.SELECT_CABIN,
        calls=("cruisecabingrades", "cruisecabins", "cruisecabingradebreakdown"),
        kind=StepKind.READ,
        undo=None,
        undo_meaning="none: nothing was changed",
    ),
    StepDefinition(
        name=StepName.ADD_TO_BASKET,
        calls=("cruisecabingrades", "cruisecabins", "basketadd"),
        kind=StepKind.REVERSIBLE,
        undo=StepName.RELEASE,
        undo_meaning="basketremove, retried until done or the hold has lapsed by itself",
    ),
    StepDefinition(
        name=StepName.RELEASE,
        calls=("basketremove",),
        kind=StepKind.UNDO,
        undo=None,
        undo_meaning="none: it is itself the undo of add_to_basket",
    ),
    StepDefinition(
        name=StepName.BOOK,
        calls=("basket", "book"),
        kind=StepKind.IRREVERSIBLE,
        undo=None,
        undo_meaning="a person cancels with the cruise line: a staff task with a deadline",
    ),
    StepDefinition(
        name=StepName.PAY,
        calls=("payment", "cruiseimportbooking"),
        kind=StepKind.IRREVERSIBLE,
        undo=None,
        undo_meaning="a person refunds: a staff task",
    ),
)
STEPS: Final[Mapping[StepName, StepDefinition]] = MappingProxyType({s.name: s for s in SAGA})
