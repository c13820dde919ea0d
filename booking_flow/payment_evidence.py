"""What card transactions prove of the money that was asked for (traveltek.md, section 7)."""

from __future__ import annotations

from collections.abc import Sequence

from booking_flow.model.money import Money
from booking_flow.supplier import CardTransaction, FraudCategory


def prove_payment(transactions: Sequence[CardTransaction], *, asked: Money) -> bool:
    """Whether a card was charged exactly what was asked for, and nothing contradicts that.

    An authcode is the proof. Red beside it contradicts it, and so do amounts that come to another
    sum or are in another currency; an amount that is not told does not.
    """
    if any(found.fraud is FraudCategory.RED for found in transactions):
        return False
    taken = [found for found in transactions if found.took_money]
    told = [found.amount for found in taken if found.amount is not None]
    authorised = any(found.auth_code for found in taken)
    return authorised and (not told or _come_to(told, asked))


def _come_to(told: Sequence[Money], asked: Money) -> bool:
    if any(amount.currency != asked.currency for amount in told):
        return False
    return sum(amount.amount for amount in told) == asked.amount
