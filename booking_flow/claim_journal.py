"""The journal of claims: what is about to be asked of the supplier, written down a second time.

A database that was restored to an earlier moment, or that failed over and lost its last commits,
does not know what it has forgotten. The journal lies outside of it and does. Nothing personal and
nothing of a card is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from booking_flow.lifecycle.cancellation import facts_of
from booking_flow.model.change import Change
from booking_flow.model.money import Money
from booking_flow.model.session import Session, open_step
from booking_flow.model.step import StepName, StepStatus

_OF_A_CARD: Final = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournaledClaim:
    """A claim that is committed and about to be sent."""

    session_id: UUID
    version: int
    """The version of the session that the claim made, higher than that of every claim before."""
    step_id: UUID
    step: StepName
    at: datetime
    line_id: int
    item_key: str | None
    amount: Money | None
    """What a card is asked for."""
    intent: Mapping[str, str]
    facts: Mapping[str, str]
    """What a person needs to find it at the line, names apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournaledEnd:
    """What came of a claim, as judged when the answer was there."""

    session_id: UUID
    step_id: UUID
    outcome: StepStatus
    reservation: str | None
    supplier_booking_id: str | None
    item_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournaledStep:
    """A claim with its end, as far as the journal knows one."""

    claim: JournaledClaim
    end: JournaledEnd | None = None

    @property
    def refused(self) -> bool:
        """Whether the supplier certainly did not act, so that nothing is lost with the claim."""
        return self.end is not None and self.end.outcome is StepStatus.REFUSED

    @property
    def known(self) -> Mapping[str, str]:
        """Return what people are told that the journal knows."""
        claim, end = self.claim, self.end
        found = {
            "journal": f"{claim.step.value}, version {claim.version}",
            "askedAt": claim.at.isoformat(timespec="seconds"),
            "outcome": end.outcome.value if end else "not known",
            "amount": str(claim.amount) if claim.amount else None,
            "reservation": end and end.reservation,
            "supplierBookingId": end and end.supplier_booking_id,
            "itemKey": (end and end.item_key) or claim.item_key,
        }
        return {name: value for name, value in found.items() if value}


class Unjournaled:
    """The journal of a deployment that keeps none."""

    async def claimed(self, claim: JournaledClaim) -> None:
        """Write nothing down."""

    async def ended(self, end: JournaledEnd) -> None:
        """Write nothing down."""

    def seen(self, session_id: UUID) -> int:  # noqa: ARG002 - a port
        """Know of no session."""
        return 0

    def may_claim(self) -> bool:
        """Doubt nothing, for want of anything to compare with."""
        return True

    def doubt(self) -> None:
        """Have nothing compared."""


def claim_of(session: Session) -> JournaledClaim:
    """Return the claim of a session whose open step has just been committed."""
    step = open_step(session)
    return JournaledClaim(
        session_id=session.id,
        version=session.version,
        step_id=step.id,
        step=step.name,
        at=step.since,
        line_id=session.sailing.line_id,
        item_key=step.intent.get("itemKey"),
        amount=_amount(step.intent),
        intent={name: said for name, said in step.intent.items() if name != _OF_A_CARD},
        facts=facts_of(session),
    )


def _amount(intent: Mapping[str, str]) -> Money | None:
    if "amount" not in intent:
        return None
    amount, currency = intent["amount"].split()
    return Money(Decimal(amount), currency)


def end_of(change: Change) -> JournaledEnd | None:
    """Return how the step that a change settles has ended."""
    settle = change.settle
    if settle is None:
        return None
    return JournaledEnd(
        session_id=change.before.id,
        step_id=settle.id,
        outcome=settle.status,
        reservation=settle.evidence.get("reservation"),
        supplier_booking_id=settle.evidence.get("supplierBookingId"),
        item_key=settle.evidence.get("itemKey"),
    )
