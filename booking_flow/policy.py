"""Policies: what PROTOCOL leaves unknown or the agency may choose; settings, never constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from booking_flow.party import PartyRules
from booking_flow.saga import StepName


class FailedYellow(StrEnum):
    """How a Failed booking with fraud category Yellow is taken (PROTOCOL section 10, 10)."""

    UNKNOWN = "unknown"
    REFUSED = "refused"


class PaymentChannel(StrEnum):
    """How money reaches the line."""

    WITH_BOOKING = "with_booking"
    SUPPLIER_PAYMENT = "supplier_payment"
    MANUAL = "manual"


_STEP_SECONDS = MappingProxyType(
    {
        StepName.ADD_TO_BASKET: 75.0,
        StepName.RELEASE: 20.0,
        StepName.BOOK: 75.0,
        StepName.PAY: 60.0,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules a deployment runs by."""

    live_lines: frozenset[int] = frozenset({22, 3})
    currency: str = "USD"
    session_life: timedelta = timedelta(hours=2)
    hold_default: timedelta = timedelta(minutes=10)
    """Used when the supplier does not say how long it holds (PROTOCOL section 10, 1)."""
    hold_margin: timedelta = timedelta(seconds=30)
    book_limit: timedelta = timedelta(seconds=90)
    """A hold must outlive this when a booking is claimed."""
    step_seconds: Mapping[StepName, float] = field(default_factory=lambda: _STEP_SECONDS)
    """The sum of the call limits of each effectful step."""
    lease_margin: float = 15.0
    failed_yellow: FailedYellow = FailedYellow.UNKNOWN
    payment_channel: PaymentChannel = PaymentChannel.WITH_BOOKING
    max_cards: int = 3
    party: PartyRules = field(default_factory=PartyRules)
    visibility_lag: timedelta = timedelta(minutes=15)
    """How long a booking may stay unseen at the supplier (PROTOCOL section 10, 5)."""
    task_time: timedelta = timedelta(hours=4)
    """How soon a person should have worked off a task."""
