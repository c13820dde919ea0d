"""What a guest has to pay and when: before a booking by the basket, afterwards by the booking."""

from __future__ import annotations

from datetime import date
from typing import Literal

from booking_flow.model.basket import Basket
from booking_flow.model.money import Money
from booking_flow.model.session import Booking
from booking_http.api.responses import InstalmentResponse

Kind = Literal["all", "deposit", "balance"]


def of_basket(basket: Basket) -> list[InstalmentResponse]:
    """Return what is due with the booking, and what is left after that."""
    if not basket.deposit_possible:
        return [_instalment("all", basket.total)]
    return [
        _instalment("deposit", basket.deposit),
        _instalment("balance", basket.total - basket.deposit),
    ]


def of_booking(booking: Booking) -> list[InstalmentResponse]:
    """Return what was paid, and what is outstanding with the day the line has named."""
    paid, left = booking.paid, booking.outstanding
    if not left.positive:
        return [_instalment("all", booking.total, paid=True)]
    due = booking.balance_due_date
    if not paid.positive:
        return [_instalment("all", left, due=due)]
    return [_instalment("deposit", paid, paid=True), _instalment("balance", left, due=due)]


def _instalment(
    kind: Kind, amount: Money, *, due: date | None = None, paid: bool = False
) -> InstalmentResponse:
    return InstalmentResponse(
        kind=kind, amount=amount.amount, currency=amount.currency, due_date=due, paid=paid
    )
