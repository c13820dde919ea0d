"""The agency's back office over the same books: it finds a booking by who travels and on what."""

from datetime import timedelta
from typing import Any

from aiohttp import web

from adapters.simulator.control import control_body
from adapters.simulator.dispatch import SUPPLIER
from adapters.simulator.state import SupplierBooking
from adapters.simulator.supplier import Supplier
from adapters.simulator.wire import Json, text


async def find_bookings(request: web.Request) -> web.Response:
    """Answer the interface of docs/back-office.md; it sees a booking when the line shows it."""
    supplier, wanted = request.app[SUPPLIER], await control_body(request)
    supplier.pass_time()
    supplier.save()
    fitting = [one for one in supplier.state.bookings if _fits(supplier, one, wanted)]
    return web.json_response({"bookings": [_booking(supplier, one) for one in fitting]})


def _fits(supplier: Supplier, booking: SupplierBooking, wanted: dict[str, Any]) -> bool:
    """Say whether a booking is one that was asked for."""
    seen = booking.booked_at + timedelta(seconds=supplier.settings.import_lag)
    surname = str(wanted.get("leadSurname") or "").casefold()
    return (
        bool(booking.reservation)
        and seen <= supplier.clock.now()
        and str(booking.sailing) == wanted.get("cruiseId")
        and _lead(booking).casefold() == surname
    )


def _lead(booking: SupplierBooking) -> str:
    """Return the surname of the first traveller."""
    lead = min(booking.passengers, key=lambda one: int(one["paxno"] or 0), default={})
    return lead.get("lastname", "")


def _booking(supplier: Supplier, booking: SupplierBooking) -> Json:
    """Spell a booking."""
    item, sailing = supplier.state.items[booking.item_key], supplier.sailings[booking.sailing]
    return {
        "reservation": booking.reservation,
        "status": booking.status,
        "cruiseId": str(booking.sailing),
        "sailingDate": sailing.sail_date.isoformat(),
        "gradeCode": item.grade,
        "price": text(booking.total),
        "received": text(supplier.received_for(booking)),
        "currency": booking.currency,
        "bookedOn": booking.booked_at.date().isoformat(),
        "leadSurname": _lead(booking),
        "passengers": len(booking.passengers),
        "internalReference": booking.internal_reference or None,
    }
