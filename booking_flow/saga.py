"""The saga: the steps of a booking in their order, each as the object that runs.

The engine, recovery, limits, labels, the database's CHECKs and the diagrams read this table. What a
step checks, asks, enters, and how it is undone stands in its file of `booking_flow/steps/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from booking_flow.context import DecisionContext
from booking_flow.model.change import Change
from booking_flow.model.session import Session, open_step
from booking_flow.model.step import StepName
from booking_flow.steps.book import BOOK
from booking_flow.steps.hold import HOLD
from booking_flow.steps.open_session import OPEN_SESSION
from booking_flow.steps.outcomes import Failure
from booking_flow.steps.pay import PAY
from booking_flow.steps.price import PRICE
from booking_flow.steps.release import RELEASE
from booking_flow.steps.select_cabin import SELECT_CABIN
from booking_flow.steps.step import EffectStep, Step
from booking_flow.supplier_errors import FailureKind, SupplierError

SAGA: Final[tuple[Step, ...]] = (OPEN_SESSION, PRICE, SELECT_CABIN, HOLD, RELEASE, BOOK, PAY)
STEPS: Final[Mapping[StepName, Step]] = MappingProxyType({step.name: step for step in SAGA})
EFFECTS: Final[Mapping[StepName, EffectStep[Any, Any]]] = MappingProxyType(
    {step.name: step for step in SAGA if isinstance(step, EffectStep)}
)
"""The steps that change something at the supplier."""


def abandoned(session: Session, at: DecisionContext) -> Change:
    """Settle the open step of a process that is gone: what it had sent is not known."""
    step = EFFECTS[open_step(session).name]
    gone = SupplierError(FailureKind.ABANDONED, endpoint=step.name.value)
    return step.settle(session, Failure(error=gone), at)
