"""Reading what a rate's cancellation costs and when it is paid, where an account is told that.

Nobody knows which member holds it (traveltek.md, section 10), so a setting names it. Of terms that
cannot be read whole nothing is told: half of them would promise too much.
"""

from __future__ import annotations

from adapters.traveltek.parse_values import (
    Node,
    Unreadable,
    amount,
    day,
    money,
    node,
    nodes,
    required,
)
from booking_flow.model.pricing import Penalty, RateTerms


def read_terms(row: Node, about: Node, *, member: str, currency: str) -> RateTerms | None:
    """Return the terms in `member` of a price row or else of its rate code; None if untold."""
    told = node(row.get(member)) or node(about.get(member))
    try:
        return _terms(told, currency) if member and told else None
    except Unreadable:
        return None


def _terms(told: Node, currency: str) -> RateTerms:
    steps = [_penalty(step, currency) for step in nodes(told.get("cancellation"))]
    return RateTerms(
        penalties=tuple(sorted(steps, key=lambda step: step.starts_on)),
        deposit=money(told.get("deposit"), currency),
        balance_due=day(told.get("balancedue")),
    )


def _penalty(step: Node, currency: str) -> Penalty:
    share, cost = amount(step.get("percent")), money(step.get("amount"), currency)
    if (share is None) is (cost is None) or (share is not None and not 0 <= share <= 100):
        raise Unreadable("cancellation")
    return Penalty(starts_on=required(day(step.get("from")), "from"), percent=share, amount=cost)
