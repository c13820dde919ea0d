"""cruiseimportbooking.pl and cruiseshipdetails.pl: the two calls that need no session."""

from datetime import timedelta
from decimal import Decimal

from adapters.simulator.call import Call
from adapters.simulator.endpoints.basket_body import itinerary
from adapters.simulator.endpoints.cabins import deck_block
from adapters.simulator.reference_data import GRADES, SHIPS_BY_ID
from adapters.simulator.sailings import SeededSailing
from adapters.simulator.state import BasketItem, SupplierBooking
from adapters.simulator.wire import Json, RefusalError, envelope, number


def import_booking(call: Call) -> Json:
    """Read a booking by the line's reservation number, for the lines that are known to allow it."""
    line_id, reference = call.whole("lineid"), call.need("bookingreference")
    if line_id not in call.supplier.settings.import_lines:
        raise RefusalError(None, "Import is not supported for this cruise line")
    booking = _visible_booking(call, line_id, reference)
    if booking is None:
        raise RefusalError(None, "Booking could not be found")
    criteria: Json = {
        name: call.params.get(name) for name in ("sid", "lineid", "bookingreference", "viewonly")
    }
    return envelope([_booking(call, booking)], criteria=criteria)


def _visible_booking(call: Call, line_id: int, reference: str) -> SupplierBooking | None:
    """Return the booking once the line shows it."""
    lag = timedelta(seconds=call.supplier.settings.import_lag)
    for booking in call.supplier.state.bookings:
        same_line = call.supplier.sailings[booking.sailing].line_id == line_id
        if same_line and booking.reservation == reference:
            return booking if booking.booked_at + lag <= call.supplier.clock.now() else None
    return None


def _booking(call: Call, booking: SupplierBooking) -> Json:
    """Spell the booking with its passengers and money."""
    return {
        "bookingdate": booking.booked_at.date().isoformat(),
        "commission": 0,
        **_reference(call, booking),
        "cruiseitem": _cruise(call, booking),
        "passengers": [
            {**person, "paxno": int(person["paxno"] or 0)} for person in booking.passengers
        ],
    }


def _reference(call: Call, booking: SupplierBooking) -> Json:
    """Tell the client's own number again, where the account is one that does."""
    shown = call.supplier.settings.internal_reference_shown and booking.internal_reference
    return {"internalref": booking.internal_reference} if shown else {}


def _cruise(call: Call, booking: SupplierBooking) -> Json:
    """Spell what was booked."""
    sailing, item = (
        call.supplier.sailings[booking.sailing],
        call.supplier.state.items[booking.item_key],
    )
    price = call.supplier.priced(item)
    return {
        "name": sailing.name,
        "codetocruiseid": sailing.codetocruiseid,
        "reservation": booking.reservation,
        "status": booking.status,
        "startdate": sailing.sail_date.isoformat(),
        "enddate": sailing.end_date.isoformat(),
        "nights": sailing.nights,
        "price": number(booking.total),
        "sprice": number(price.supplier_total),
        "currency": booking.currency,
        "scurrency": price.supplier_currency,
        "suppliername": sailing.line_name,
        "ship": {"id": sailing.ship_id, "name": sailing.ship_name},
        "cabin": _cabin(call, item),
        "itinerary": itinerary(sailing),
        "paymentinfo": _payment_info(call, booking, item, sailing),
    }


def _cabin(call: Call, item: BasketItem) -> Json:
    """Spell the cabin as the line has it."""
    grade = call.supplier.grade(item.sailing, item.grade)
    return {
        "number": item.cabin_number,
        "name": grade.name,
        "cabintype": grade.category,
        "cabingrade": grade.code,
        "farecode": item.rate,
        "deck": str(grade.deck),
        "location": "MID",
    }


def _payment_info(
    call: Call, booking: SupplierBooking, item: BasketItem, sailing: SeededSailing
) -> Json:
    """Spell what the line received, and what it expects when, unless the policy hides that."""
    info: Json = {"receivedtotal": number(call.supplier.received_for(booking)), "nonrefundable": 0}
    if not call.supplier.settings.payment_schedule_shown:
        return info
    first_due = booking.booked_at.date() + timedelta(days=7)
    schedule = [(item.deposit, first_due)]
    balance = booking.total - item.deposit
    if balance > Decimal(0):
        schedule.append((balance, sailing.sail_date - timedelta(days=75)))
    rows = [{"amount": number(amount), "duedate": due.isoformat()} for amount, due in schedule]
    return info | {"paymentschedule": rows}


def ship_details(call: Call) -> Json:
    """Show a ship's decks and pictures."""
    ship = SHIPS_BY_ID.get(call.whole("shipid"))
    if ship is None:
        raise RefusalError(111, "Invalid value for parameter: shipid")
    decks = sorted({grade.deck for grade in GRADES[ship.line.id]})
    result = {
        "id": ship.id,
        "name": ship.name,
        "code": ship.code,
        "line": {"id": ship.line.id, "name": ship.line.name},
        "imageurl": f"{call.pictures}/ships/{ship.id}.svg",
        "decks": [deck_block(call.pictures, ship.id, deck) for deck in decks],
    }
    return envelope([result], criteria=call.criteria("shipid", "language"), rows=1)
