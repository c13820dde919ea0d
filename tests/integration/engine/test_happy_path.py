"""The whole way of a guest, and what is left of it in the database and at the supplier."""

from booking_flow.flow import State
from booking_flow.model.card import PaymentType
from tests.support.engine import Shop


async def test_a_guest_books_and_pays_a_deposit_in_six_steps(shop: Shop) -> None:
    """The ledger of the supplier agrees with ours to the cent."""
    guest = await shop.opened()
    assert await guest.state() is State.CREATED
    await guest.price()
    assert await guest.state() is State.PRICED
    held = (await guest.select()).session
    assert held.state is State.BASKETED
    assert held.basket is not None
    assert held.selection is not None
    assert held.basket.total == held.selection.price
    booked = (await guest.book(PaymentType.DEPOSIT)).session
    assert booked.state is State.PAID
    assert booked.booking is not None
    assert booked == (await guest.waiting()).session
    ledger = await shop.simulator.ledger()
    (booking,) = ledger["bookings"]
    assert booking["reservation"] == booked.booking.reservation
    assert booking["total"] == str(booked.booking.total.amount)
    (charge,) = ledger["charges"]
    assert charge["amount"] == str(booked.booking.paid.amount) == str(held.basket.deposit.amount)
    assert await guest.kinds() == [
        "created",
        "price",
        "select_cabin",
        "step_claimed",
        "step_settled",
        "add_to_basket",
        "step_claimed",
        "step_settled",
        "book",
        "pay",
    ]
    assert await guest.steps() == [("add_to_basket", "done"), ("book", "done")]
    assert await guest.tasks() == []
