"""What a decision may not fetch for itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from booking_flow.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionContext:
    """The time, by the database's clock; fresh ids; and the policies in force."""

    now: datetime
    new_id: Callable[[], UUID]
    policy: Policy
    stopped: bool = False
    """Whether nothing new is claimed, since claims are found that the database has forgotten."""

    @property
    def book_limit(self) -> timedelta:
        """Return how long a booking may take, which a hold must outlive."""
        return self.policy.book_limit
