"""What a guest has to pay and when: before a booking by the basket, afterwards by the booking."""

from __future__ import annotations

from datetime import date
from typing import Literal

from booking_flow.flow import State
from booking_flow.model.basket import Basket
from booking_flow.model.money import Money
from booking_flow.model.pricing import RateTerms
from booking_flow.model.session import Booking, Session
from booking_http.api.responses import InstalmentResponse

Kind = Literal["all", "deposit", "balance"]


def of_basket(basket: Basket, terms: RateTerms | None = None) -> list[InstalmentResponse]:
    """Return what is due with the booking, and what is left after that."""
    if not basket.deposit_possible:
        return [_instalment("all", basket.total)]
    due = terms.balance_due if terms else None
    return in_two(basket.total, basket.deposit, balance_due=due)


def in_two(total: Money, deposit: Money, *, balance_due: date | None) -> list[InstalmentResponse]:
    """Return a deposit and the balance; all at once where the deposit is all or nothing."""
    if not deposit.positive or deposit.amount >= total.amount:
        return [_instalment("all", total)]
    return [
        _instalment("deposit", deposit),
        _instalment("balance", total - deposit, due=balance_due),
    ]


def of_booking(session: Session, booking: Booking) -> list[InstalmentResponse]:
    """Return what was paid, what is due now, and the balance with its day."""
    left, later = booking.outstanding, booking.balance_due_date
    if not left.positive:
        return [_instalment("all", booking.total, paid=True)]
    paid = booking.total - left
    taken = [_instalment("deposit", paid, paid=True)] if paid.positive else []
    due = session.still_due if session.state is State.BOOKED else left - left
    if due.positive and due != left:
        rest = _instalment("balance", left - due, due=later)
        return [*taken, _instalment("deposit", due, due=_day(booking)), rest]
    by = _day(booking) if due.positive else later
    return [*taken, _instalment("balance" if taken else "all", left, due=by)]


def _day(booking: Booking) -> date | None:
    return booking.due_by.date() if booking.due_by else booking.balance_due_date


def _instalment(
    kind: Kind, amount: Money, *, due: date | None = None, paid: bool = False
) -> InstalmentResponse:
    return InstalmentResponse(
        kind=kind, amount=amount.amount, currency=amount.currency, due_date=due, paid=paid
    )
