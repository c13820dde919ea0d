"""The three ends of an effectful step, as changes of its session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol

from booking_flow.booking_results import refusal_of
from booking_flow.context import DecisionContext
from booking_flow.errors import Refusal, Refused
from booking_flow.guards import ensure_not_stopped
from booking_flow.model.change import Change, begin
from booking_flow.model.history import EventKind
from booking_flow.model.session import Session, open_step
from booking_flow.model.step import (
    OpenStep,
    StepClaim,
    StepLimits,
    StepName,
    StepSettlement,
    StepStatus,
)
from booking_flow.supplier_errors import FailureKind, SupplierError

NOTHING: Mapping[str, str] = MappingProxyType({})


class Claimable(Protocol):
    """What a claim has to know of a step."""

    @property
    def name(self) -> StepName:
        """Return its name."""

    @property
    def limits(self) -> StepLimits:
        """Return how long it may take."""

    @property
    def forward(self) -> bool:
        """Return whether it goes on with the booking."""


def claimed(
    change: Change,
    step: Claimable,
    at: DecisionContext,
    *,
    intent: Mapping[str, str],
    item_key: str | None = None,
) -> Change:
    """Write the intent and make the step the session's open one, before anything is asked."""
    if step.forward:
        ensure_not_stopped(at)
    claim = StepClaim(
        id=at.new_id(),
        name=step.name,
        lease_seconds=at.policy.lease_seconds(step.limits),
        intent=intent,
        item_key=item_key,
    )
    opened = OpenStep(
        id=claim.id, name=step.name, status=StepStatus.STARTED, since=at.now, fence=1, intent=intent
    )
    # A cancel that is still remembered was refused by the line: this step's end must not obey it.
    change = change.put(open_step=opened, cancel_requested_at=None).record(
        EventKind.STEP_CLAIMED, details={"step": step.name.value, **intent}
    )
    return replace(change, claim=claim, live=step.forward)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A step that ended without an answer to judge."""

    error: SupplierError | Refused
    said: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """What an answer said that could not be entered."""

    @property
    def certain(self) -> bool:
        """Whether the supplier certainly did not act."""
        return isinstance(self.error, Refused) or self.error.certain

    @property
    def sent(self) -> bool:
        """Whether the effect can have reached the supplier."""
        return isinstance(self.error, SupplierError) and self.error.sent

    @property
    def refusal(self) -> Refusal:
        """Return what the guest is told when it certainly did not happen."""
        if isinstance(self.error, Refused):
            return self.error.refusal
        return refusal_of(self.error)

    def is_a(self, kind: FailureKind) -> bool:
        """Whether the supplier failed in this way."""
        return isinstance(self.error, SupplierError) and self.error.kind is kind

    @property
    def evidence(self) -> Mapping[str, str]:
        """Return what staff are told of it."""
        if isinstance(self.error, Refused):
            return NOTHING
        return MappingProxyType({**self.said, "failure": str(self.error)})


def done(
    session: Session, *, evidence: Mapping[str, str] = NOTHING, kind: EventKind | None = None
) -> Change:
    """Begin the change of a step that did what it was asked to."""
    return _settled(session, StepStatus.DONE, evidence=evidence, kind=kind)


def refused(
    session: Session,
    refusal: Refusal,
    *,
    sent: bool,
    evidence: Mapping[str, str] = NOTHING,
    kind: EventKind | None = None,
) -> Change:
    """Begin the change of a step that certainly did not happen."""
    return _settled(
        session, StepStatus.REFUSED, refusal=refusal, sent=sent, evidence=evidence, kind=kind
    )


def _settled(
    session: Session,
    status: StepStatus,
    *,
    refusal: Refusal | None = None,
    sent: bool = True,
    evidence: Mapping[str, str],
    kind: EventKind | None,
) -> Change:
    step = open_step(session)
    said = {"code": refusal.code.value} if refusal else {}
    change = begin(session).put(open_step=None)
    change = change.record(
        kind or EventKind.STEP_SETTLED,
        details={"step": step.name.value, "outcome": status.value, **said},
    )
    settlement = StepSettlement(
        id=step.id, fence=step.fence, status=status, sent=sent, refusal=refusal, evidence=evidence
    )
    return replace(change, settle=settlement)


def unknown(session: Session, *, evidence: Mapping[str, str] = NOTHING) -> Change:
    """Begin the change of a step that may have happened; it stays open."""
    step = open_step(session)
    change = begin(session).put(open_step=replace(step, status=StepStatus.UNKNOWN))
    change = change.record(EventKind.STEP_UNKNOWN, details={"step": step.name.value, **evidence})
    settlement = StepSettlement(
        id=step.id, fence=step.fence, status=StepStatus.UNKNOWN, sent=True, evidence=evidence
    )
    return replace(change, settle=settlement)
