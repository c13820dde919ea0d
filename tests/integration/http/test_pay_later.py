"""Booking without a card: refused where the card belongs to the booking."""

from __future__ import annotations

import pytest

from tests.integration.http.conftest import MakeService
from tests.support.service import Service


async def test_without_a_card_nothing_is_booked(make_service: MakeService) -> None:
    """The line is not asked, the key stays free, and the same cabin is booked with a card."""
    service: Service = await make_service(pay_later=False)
    guest, once = service.guest(), {"Idempotency-Key": "a-key-that-was-refused-before-it-was-bound"}
    total = (await guest.to_basketed()).body["price"]["total"]
    refused = await guest.book(headers=once)
    assert (refused.status, refused.code) == (422, "payment_required")
    assert [each["name"] for each in refused.body["nextActions"]] == ["book"]
    assert await service.simulator.received("book.pl") == 0
    paid = await guest.book(guest.booking(payment=guest.payment(total)), headers=once)
    assert (paid.status, paid.body["state"]) == (201, "paid")


@pytest.mark.parametrize("channel", ["supplier_payment", "manual"])
async def test_where_money_comes_later_no_card_is_asked_for(
    make_service: MakeService, channel: str
) -> None:
    service: Service = await make_service(pay_later=False, payment_channel=channel)
    assert (await service.guest().to_booked()).body["state"] == "booked"
