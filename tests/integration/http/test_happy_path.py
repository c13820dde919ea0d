"""A guest books in six steps."""

from __future__ import annotations

from tests.support.service import CRUISE, Guest, Service


async def test_a_guest_books_a_cabin_and_pays_with_a_card(service: Service, guest: Guest) -> None:
    """Session, prices, cabin, basket, travellers, booking: the ledger agrees at the end."""
    opened = await guest.open(child_ages=(8,))
    assert opened.status == 201
    assert opened.body["state"] == "created"
    assert opened.headers["Location"].endswith(guest.session_id)
    assert opened.headers["ETag"] == '"0"'
    assert opened.body["cruise"]["cruiseId"] == CRUISE
    assert opened.body["passengerCount"] == {"adults": 2, "children": 1, "childAges": [8]}

    priced = await guest.price()
    assert (priced.status, priced.body["state"]) == (200, "priced")
    assert priced.body["asOf"] is not None
    assert all(cabin["rates"] for cabin in priced.body["cabins"])

    held = await guest.select(expectedPrice=guest.rate()["total"])
    assert (held.status, held.body["state"]) == (200, "basketed")
    assert held.body["hold"]["expiresAt"] > held.body["serverTime"]
    total = held.body["price"]["total"]

    booked = await guest.book(guest.booking(payment=guest.payment(total)))
    assert (booked.status, booked.body["state"]) == (201, "paid"), booked
    assert booked.body["booking"]["outstanding"] == "0.00"
    assert booked.body["booking"]["card"] == {"brand": "visa", "last4": "1111"}

    ledger = await service.simulator.ledger()
    assert [b["reservation"] for b in ledger["bookings"]] == [booked.body["booking"]["reservation"]]
    assert [charge["amount"] for charge in ledger["charges"]] == [total]
