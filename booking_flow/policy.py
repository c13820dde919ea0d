"""Policies: what nobody knows of the supplier or the agency may choose; never constants."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from booking_flow.model.money import Money
from booking_flow.model.party import PartyRules
from booking_flow.model.step import StepLimits


class FailedYellow(StrEnum):
    """How a Failed booking with fraud category Yellow is taken (traveltek.md, section 10, 10)."""

    UNKNOWN = "unknown"
    REFUSED = "refused"


class SailingCheck(StrEnum):
    """What is done before booking when an answer is about something else than was asked for."""

    REFUSE = "refuse"
    TASK = "task"


class PaymentChannel(StrEnum):
    """How money reaches the line."""

    WITH_BOOKING = "with_booking"
    SUPPLIER_PAYMENT = "supplier_payment"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules a deployment runs by."""

    live_lines: frozenset[int] = frozenset({22, 3})
    sailing_check: SailingCheck = SailingCheck.REFUSE
    currency: str = "USD"
    session_life: timedelta = timedelta(hours=2)
    hold_default: timedelta = timedelta(minutes=10)
    """Used when the supplier does not say how long it holds (traveltek.md, section 10, 1)."""
    hold_longest: timedelta = timedelta(minutes=30)
    """After this long no cabin is still held, whatever the supplier said or did not say."""
    deposit_least: Decimal = Decimal(1)
    """A deposit of fewer per cent of the total is no offer, and the whole total is due."""
    deposit_most: Decimal = Decimal(100)
    """A deposit of more per cent of the total is none either."""
    basket_read_lag: timedelta = timedelta(minutes=2)
    """How long basket.pl may still be empty after a successful add (traveltek.md, section 6)."""
    hold_margin: timedelta = timedelta(seconds=30)
    book_limit: timedelta = timedelta(seconds=90)
    """A hold must outlive this when a booking is claimed."""
    time_scale: float = 1.0
    """By how much the limits of all steps are longer, for an account that answers slowly."""
    lease_margin: float = 15.0
    """Seconds a lease outlives the limits of its step."""
    settle_patience: float = 5.0
    """Seconds for which a guest waits beyond the limits of a step for its end to be written."""
    failed_yellow: FailedYellow = FailedYellow.UNKNOWN
    payment_channel: PaymentChannel = PaymentChannel.WITH_BOOKING
    pay_later: bool = False
    """Whether a channel that takes the card with the booking books without one, too."""
    collect_within: timedelta = timedelta(hours=24)
    """How soon a booking is to be paid, where the line names no time."""
    balance_days: int | None = 90
    """How many days before the sailing a balance is due, where the line names no day."""
    balance_by_card: bool = False
    """Whether a guest pays a balance by card, also where the deposit was paid with the booking."""
    remind_days: int = 14
    """How many days before a balance is due the guest is reminded of it."""
    max_cards: int = 3
    party: PartyRules = field(default_factory=PartyRules)
    visibility_lag: timedelta = timedelta(minutes=15)
    """How long a booking may stay unseen at the supplier (traveltek.md, section 10, 5)."""
    task_time: timedelta = timedelta(hours=4)
    """How soon a person should have worked off a task."""

    def balance_due(self, sailing_date: date, *, today: date) -> date | None:
        """Return by when a balance is due, where the line has named no day."""
        if self.balance_days is None:
            return None
        return max(today, sailing_date - timedelta(days=self.balance_days))

    def deposit_fits(self, deposit: Money, total: Money) -> bool:
        """Whether a deposit is within its bounds; none at all is."""
        if not deposit.amount:
            return True
        least, most = (
            total.amount * share / 100 for share in (self.deposit_least, self.deposit_most)
        )
        return least <= deposit.amount <= most

    def scaled(self, limits: StepLimits) -> StepLimits:
        """Return the limits of a step under this deployment."""
        return limits.scaled(self.time_scale)

    def lease_seconds(self, limits: StepLimits) -> float:
        """Return how long the claim of a step with these limits keeps others away."""
        return self.scaled(limits).whole + self.lease_margin
