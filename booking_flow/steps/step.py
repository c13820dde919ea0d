"""A step of the saga: one object that holds all that runs for it, from its claim to its undo."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from booking_flow.context import DecisionContext
from booking_flow.model.change import Change
from booking_flow.model.session import Session
from booking_flow.model.step import StepKind, StepLimits, StepName
from booking_flow.model.task import TaskKind
from booking_flow.policy import Policy
from booking_flow.ports import BookingLookup, SpooledAnswer
from booking_flow.steps.live_prices import Reader
from booking_flow.steps.outcomes import Failure
from booking_flow.supplier import CallContext, Supplier

Q = TypeVar("Q")
"""What a step is asked for."""
R = TypeVar("R")
"""What its call answers."""

LOOK_EVERY = timedelta(seconds=20)
"""How soon an unknown hold is looked for again."""
ASK_EVERY = timedelta(minutes=10)
"""How soon a look-up channel, or the line, is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierAccess:
    """What a step reaches the supplier through."""

    supplier: Supplier
    reader: Reader
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSources:
    """Whom a worker asks what became of a step."""

    supplier: Supplier
    lookup: BookingLookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a worker has found out about a step whose outcome is unknown."""

    decide: Callable[[Session, DecisionContext], Change | None] | None = None
    """What settles it; None, or None from it, to look again."""
    again: timedelta | None
    """How soon to look again; None leaves it to people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What every step of the saga says of itself."""

    name: StepName
    label: str
    """What staff call it."""
    kind: StepKind
    endpoints: tuple[str, ...]
    """What it may ask of the supplier, in this order; tests compare it with what it does ask."""
    undo: StepName | None = None
    """The step that a machine takes it back with."""
    undo_meaning: str

    @property
    def effectful(self) -> bool:
        """Whether it changes anything at the supplier and so must be claimed first."""
        return self.kind is not StepKind.READ

    @property
    def forward(self) -> bool:
        """Whether it goes on with the booking, and does not take something back."""
        return self.kind is not StepKind.UNDO


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStep(Step, Generic[Q, R]):
    """A step that only reads; there is nothing to claim, to settle or to undo."""

    call: Callable[[Reader, Q, CallContext], Awaitable[R]]
    """Ask the supplier.

    Raises:
        SupplierError, Refused: nothing was found, or it is not what was wanted.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnds:
    """What follows from each end of a step, in the words of the diagrams."""

    done: str
    refused: str
    unknown: str
    question: TaskKind | None = None
    """The task by which people are asked; None where a worker always finds out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectStep(Step, Generic[Q, R]):
    """A step that changes something at the supplier: claimed, called once, and settled."""

    limits: StepLimits
    claim: Callable[[Session, Q, DecisionContext], Change]
    """Check what is asked for, and write the intent down before anything is sent."""
    call: Callable[[Session, Q, SupplierAccess, CallContext], Awaitable[R]]
    """Ask the supplier once, for a claimed session; it commits nothing.

    Raises:
        SupplierError: it failed, perhaps after it was sent.
        Refused: the effect was certainly not sent.
    """
    settle: Callable[[Session, R | Failure, DecisionContext], Change]
    """Judge what came and enter it: done, refused or unknown."""
    late: Callable[[Session, R | Failure, DecisionContext], Change | None] | None = None
    """What an answer changes that comes after the step was settled without it."""
    reconcile: Callable[[Session, EvidenceSources, CallContext], Awaitable[Finding]] | None = None
    """Look what became of it while it is unknown; None where it is never left so."""
    can_ask: Callable[[EvidenceSources], bool] = lambda _sources: True
    """Whether there is anyone to ask what became of it; otherwise people find out."""
    ends: StepEnds
    spooled: Callable[[Session, R], SpooledAnswer] | None = None
    """What of an answer must survive this process while it cannot be written."""
