"""payment.pl: unproven; it names no booking and so pays the one its session made."""

from decimal import Decimal

from adapters.simulator.call import Call
from adapters.simulator.endpoints.book_checks import money, plausible_card
from adapters.simulator.state import Charge, SupplierBooking
from adapters.simulator.wire import Json, RefusalError, envelope, number

_FIELDS = ("cardtype", "cardnumber", "expirymonth", "expiryyear", "nameoncard", "cvv", "amount")


def pay(call: Call) -> Json:
    """Take money for the session's booking and answer as the policy says."""
    for name in _FIELDS:
        call.need(name)
    amount = money(call.params["amount"], "amount")
    booking = _unpaid_booking(call)
    if amount > booking.total - call.supplier.received_for(booking):
        raise RefusalError(111, "Invalid value for parameter: amount")
    if call.supplier.settings.payment_answer == "error":
        raise RefusalError(None, "Payment could not be processed")
    return _answer(call, booking, amount)


def _unpaid_booking(call: Call) -> SupplierBooking:
    """Return the session's booking that money is still due for."""
    for booking in reversed(call.supplier.state.bookings):
        due = booking.total - call.supplier.received_for(booking)
        if booking.session == call.session.key and booking.status == "Booked" and due > 0:
            return booking
    raise RefusalError(None, "No booking to pay in this session")


def _answer(call: Call, booking: SupplierBooking, amount: Decimal) -> Json:
    """Charge or decline the card; one policy tells nothing about either."""
    colour = _decline(call)
    charge = None
    if call.meets("charged_too_little"):
        amount = Decimal(1)
    charges = colour == "Green" and not call.meets("authcode_declined")
    if charges or call.meets("failed_with_authcode"):
        charge = call.supplier.charge(booking, amount)
    criteria = {"sid": None, "sessionkey": call.session.key}
    if call.supplier.settings.payment_answer == "empty":
        return envelope([], criteria=criteria)
    return envelope([_result(call, booking, charge, colour)], criteria=criteria)


def _decline(call: Call) -> str:
    """Return the fraud category: anything but Green is a decline."""
    if call.meets("failed_yellow"):
        return "Yellow"
    declined = call.meets("failed_red") or call.supplier.settings.payment_answer == "declined"
    return (
        "Red"
        if declined or not plausible_card(call.params, call) or call.meets("failed_with_authcode")
        else "Green"
    )


def _result(call: Call, booking: SupplierBooking, charge: Charge | None, colour: str) -> Json:
    """Spell the transaction."""
    received = call.supplier.received_for(booking)
    transaction = {
        "type": "payment",
        "amount": number(charge.amount) if charge else 0,
        "authcode": charge.auth_code if charge else "",
        "fraudcategory": colour,
    }
    return {
        "bookingid": booking.booking_id,
        "status": "Paid" if colour == "Green" else "Failed",
        "transactions": [transaction],
        "totaltransactionamount": number(received),
        "outstandingbalance": number(booking.total - received),
    }
