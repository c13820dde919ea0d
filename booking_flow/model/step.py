"""A step of the saga as a session keeps it: what was asked, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
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
class StepLimits:
    """How long a step may take, in seconds."""

    send: float
    """Until its effect is sent."""
    answer: float
    """Then for the answer."""
    check: float = 0.0
    """And then to see at the line what came of it."""

    @property
    def whole(self) -> float:
        """Return how long all of it may take."""
        return self.send + self.answer + self.check

    def scaled(self, share: float) -> StepLimits:
        """Return this share of each limit."""
        return StepLimits(
            send=self.send * share, answer=self.answer * share, check=self.check * share
        )


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
