"""The supplier's books, the judge of reliability tests; they know no names and no cards."""

from adapters.simulator.clock import zulu
from adapters.simulator.state import BasketItem, Charge, SupplierBooking
from adapters.simulator.supplier import Supplier
from adapters.simulator.wire import Json, text


def ledger(supplier: Supplier) -> Json:
    """List the holds that live now, every booking id issued, and every charge."""
    now = supplier.clock.now()
    return {
        "holds": [_hold(item) for item in supplier.state.items.values() if item.holds(now)],
        "bookings": [_booking(one) for one in supplier.state.bookings],
        "charges": [_charge(one) for one in supplier.state.charges],
    }


def _hold(item: BasketItem) -> Json:
    """Spell a hold."""
    return {
        "itemKey": item.key,
        "cruiseId": str(item.sailing),
        "cabinNumber": item.cabin_number,
        "until": zulu(item.until),
    }


def _booking(booking: SupplierBooking) -> Json:
    """Spell a booking; only Booked with a reservation is a cabin at the line."""
    return {
        "bookingId": str(booking.booking_id),
        "reservation": booking.reservation or None,
        "status": booking.status,
        "itemKey": booking.item_key,
        "total": text(booking.total),
        "currency": booking.currency,
    }


def _charge(charge: Charge) -> Json:
    """Spell a charge."""
    return {
        "bookingId": str(charge.booking_id),
        "amount": text(charge.amount),
        "authCode": charge.auth_code,
    }
