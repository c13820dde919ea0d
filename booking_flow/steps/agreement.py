"""What a step does about an answer that is about something else than was asked for.

Before anything irreversible it refuses, or by policy goes on with a task; afterwards it opens a
task that names both sides (ADR 0038).
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from booking_flow.context import DecisionContext
from booking_flow.errors import Fault, Refusal, RefusalCode
from booking_flow.lifecycle.cancellation import staff_task
from booking_flow.model.agreement import (
    Difference,
    Expected,
    Statement,
    decisive,
    differences,
)
from booking_flow.model.party import Party
from booking_flow.model.sailing import Sailing
from booking_flow.model.session import Session
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.policy import Policy, SailingCheck


def search_refusal(
    sailing: Sailing, party: Party, currency: str, said: Statement | None, *, policy: Policy
) -> Refusal | None:
    """Return why a search that found another sailing is refused."""
    expected = Expected(sailing=sailing, guests=party.size, currency=currency)
    return _refusal(differences(expected, said), policy)


def quote_refusal(session: Session, said: Statement | None, *, policy: Policy) -> Refusal | None:
    """Return why prices of something else are refused; they are not those of one cabin."""
    return search_refusal(session.sailing, session.party, session.currency, said, policy=policy)


def refusal_of(session: Session, said: Statement | None, *, policy: Policy) -> Refusal | None:
    """Return why an answer about something else is refused, before anything is irreversible."""
    return _refusal(differences_of(session, said), policy)


def differences_of(session: Session, said: Statement | None) -> tuple[Difference, ...]:
    """Compare an answer with the session: its sailing, party, currency and chosen cabin."""
    chosen = session.selection
    expected = Expected(
        sailing=session.sailing,
        guests=session.party.size,
        currency=session.currency,
        cabin_code=chosen.cabin_code if chosen else None,
        cabin_number=chosen.cabin_number if chosen else "",
    )
    return differences(expected, said)


def _refusal(found: tuple[Difference, ...], policy: Policy) -> Refusal | None:
    telling = decisive(found)
    if not telling or policy.sailing_check is SailingCheck.TASK:
        return None
    return Refusal(
        code=RefusalCode.SAILING_MISMATCH,
        detail=f"The supplier's answer is about another booking: {told(telling)}.",
        errors=tuple(Fault(pointer=f"/{each.fact}", detail=str(each)) for each in telling),
    )


def told(found: Iterable[Difference]) -> str:
    """Name both sides of every difference."""
    return "; ".join(map(str, found))


def mismatch_task(
    session: Session, found: tuple[Difference, ...], at: DecisionContext, *, step_id: UUID
) -> tuple[StaffTask, ...]:
    """Return the task that shows a person both sides; none where nothing differs."""
    if not found:
        return ()
    extra = {"differs": told(found)}
    return (staff_task(session, TaskKind.SAILING_MISMATCH, at, step_id=step_id, extra=extra),)
