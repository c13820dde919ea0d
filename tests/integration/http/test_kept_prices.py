"""A request that waits for the supplier lets go of the prices in memory, and of nothing stored."""

from __future__ import annotations

from uuid import UUID

from booking_flow.model.pricing import Quote
from tests.integration.http.conftest import MakeService
from tests.support.service import Guest


async def prices(guest: Guest) -> Quote | None:
    loaded = await guest.service.parts.store.load(UUID(guest.uuid))
    assert loaded is not None
    return loaded.session.quote


async def test_booking_and_paying_leave_the_prices_as_they_were_shown(
    make_service: MakeService,
) -> None:
    service = await make_service(payment_channel="supplier_payment")
    guest = service.guest()
    held = await guest.to_basketed()
    shown = await prices(guest)
    assert shown is not None
    assert (await guest.book()).status == 201
    assert await prices(guest) == shown
    paid = await guest.pay(guest.payment(held.body["price"]["total"]))
    assert (paid.status, paid.body["state"]) == (200, "paid")
    assert await prices(guest) == shown
    assert (await guest.price()).status in {200, 409}
