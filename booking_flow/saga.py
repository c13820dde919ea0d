"""The saga: each step of a booking beside its undo, and the three ways a step can end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from booking_flow.errors import Refusal


class StepName(StrEnum):
    """The steps of the saga."""

    OPEN_SESSION = "open_session"
    PRICE = "price"
    SELECT_CABIN = "select_cabin"
    ADD_TO_BASKET = "add_to_basket"
    RELEASE = "release"
    BOOK = "book"
    PAY = "pay"


class StepKind(StrEnum):
    """What it takes to take a step back."""

    READ = "read"
    REVERSIBLE = "reversible"
    UNDO = "undo"
    IRREVERSIBLE = "irreversible by machine"


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


class StepStatus(StrEnum):
    """What is known of one attempt at a step."""

    STARTED = "started"
    """Claimed; the supplier may or may not have been asked yet."""
    DONE = "done"
    REFUSED = "refused"
    """It certainly did not happen."""
    UNKNOWN = "unknown"
    """It may have happened; only reconciliation can tell."""
    OWED = "owed"
    """An undo that still has to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStep:
    """What was asked of the supplier and is not known yet; at most one per session."""

    id: UUID
    name: StepName
    status: StepStatus
    since: datetime
    fence: int
    intent: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What was asked, redacted; for a card its `amount` and `card` (brand and last four)."""

    @property
    def unknown(self) -> bool:
        """Whether the call has ended without telling what happened."""
        return self.status is StepStatus.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class StepClaim:
    """The intent written before the supplier is asked; `intent` holds nothing personal."""

    id: UUID
    name: StepName
    lease_seconds: float
    intent: Mapping[str, str]
    item_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSettlement:
    """The end of a claimed step, written together with what it changes."""

    id: UUID
    fence: int
    status: StepStatus
    sent: bool
    """Whether the supplier can have seen the request; if not, no idempotent answer is kept."""
    refusal: Refusal | None = None
    evidence: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedUndo:
    """A basket item the supplier may still hold for nobody; its row outlives the basket."""

    id: UUID
    session_key: str
    item_key: str
    hold_until: datetime | None

    def lapsed(self, now: datetime) -> bool:
        """Whether the supplier has let the item go by itself; unknown is no."""
        return self.hold_until is not None and self.hold_until <= now


class TaskKind(StrEnum):
    """What only a person can find out or do."""

    BOOK_UNKNOWN = "book_unknown"
    PAY_UNKNOWN = "pay_unknown"
    PRICE_MISMATCH = "price_mismatch"
    REFUND = "refund"
    CANCEL_WITH_LINE = "cancel_with_line"
    SAILING_MISMATCH = "sailing_mismatch"
    """The line's answer is about another sailing, party or cabin than was asked for."""
    CONFLICT = "conflict"
    """The supplier's late answer contradicts what a person decided."""
    UNDO_STUCK = "undo_stuck"
    """The supplier does not confirm that it let a cabin go."""
    PAYMENT_UNCHECKED = "payment_unchecked"
    """A payment is entered, and what the line has received for it was not seen."""
    FORGOTTEN = "forgotten"
    """What was asked of the supplier for a session that the database has forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffTask:
    """Work for a person; `facts` hold nothing personal, the session has the rest."""

    id: UUID
    kind: TaskKind
    step_id: UUID | None
    due_at: datetime
    not_before: datetime | None
    facts: Mapping[str, str]
