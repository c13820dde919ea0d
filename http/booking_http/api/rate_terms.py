"""The terms of a rate as answers show them: null wherever the supplier tells nothing."""

from __future__ import annotations

from booking_flow.model.money import Money
from booking_flow.model.pricing import Penalty, RateTerms
from booking_http.api import payment_schedule
from booking_http.api.responses import InstalmentResponse, PenaltyResponse


def penalties_of(terms: RateTerms | None) -> list[PenaltyResponse] | None:
    """Return what a cancellation costs from which day on; null where no step is told."""
    return [_penalty(each) for each in terms.penalties] or None if terms else None


def _penalty(step: Penalty) -> PenaltyResponse:
    return PenaltyResponse(
        starts_on=step.starts_on, percent=step.percent, amount=step.amount and step.amount.amount
    )


def schedule_of(terms: RateTerms | None, total: Money) -> list[InstalmentResponse] | None:
    """Return what is due when at a rate that is not held yet; null where no deposit is told."""
    if terms is None or terms.deposit is None:
        return None
    return payment_schedule.in_two(total, terms.deposit, balance_due=terms.balance_due)
