"""The whole way from token to reservation, and the books afterwards."""

from tests.support.agency import VISA, Agency, guest_total


async def test_a_guest_books_with_a_card(agency: Agency) -> None:
    """Booked with a reservation, an authcode, and one booking and one charge in the ledger."""
    await agency.hold()
    body = await agency.book(agency.order(card=VISA))
    (result,) = body["results"]
    details = result["bookingdetails"]
    cruise = details["bookingitems"][0]["cruisedetail"]
    assert (result["status"], cruise["status"]) == ("Booked", "Booked")
    assert details["outstandingbalance"] == 0
    ledger = await agency.ledger()
    assert ledger["holds"] == []
    (booking,) = ledger["bookings"]
    (charge,) = ledger["charges"]
    assert booking["reservation"] == cruise["reservation"]
    assert charge["authCode"] == details["transactions"][0]["authcode"]
    assert charge["amount"] == booking["total"] == f"{guest_total(agency.item):.2f}"
