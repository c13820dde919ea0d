"""How the answer of book.pl is spelled, whether it is booked, failed or neither."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from adapters.simulator.call import Call
from adapters.simulator.clock import zulu
from adapters.simulator.endpoints.basket_body import itinerary
from adapters.simulator.endpoints.book_checks import Payment
from adapters.simulator.state import BasketItem, Charge, SupplierBooking
from adapters.simulator.wire import Json, envelope, number

LEAKED = "ARRAY(0x7f4cf02359e8)"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What book.pl did: the bookings, the card's part, and how both read."""

    bookings: list[SupplierBooking]
    items: list[BasketItem]
    payment: Payment | None = None
    charge: Charge | None = None
    fraud_category: str = "Green"
    errors: list[Json] = field(default_factory=list)


def booking_body(call: Call, answer: Answer) -> Json:
    """Wrap one booking id with its items, money and transactions."""
    booking = answer.bookings[0]
    result = {
        "bookingid": booking.booking_id,
        "status": booking.status,
        "bookingdetails": _details(call, answer),
    }
    criteria = {"sid": call.params.get("sid"), "sessionkey": call.session.key}
    return envelope([result], criteria=criteria) | {"errors": answer.errors}


def _details(call: Call, answer: Answer) -> Json:
    """Spell the booking; a failed one has totals of zero."""
    first = answer.bookings[0]
    total = sum((one.total for one in answer.bookings), Decimal(0))
    paid = answer.charge.amount if answer.charge else Decimal(0)
    contact = call.body.get("contact") or {}
    names = (
        "title",
        "firstname",
        "middlename",
        "lastname",
        "address1",
        "city",
        "county",
        "postcode",
        "country",
        "email",
    )
    return {name: contact.get(name) or "" for name in names} | {
        "bookingid": first.booking_id,
        "id": first.booking_id,
        "status": first.status,
        "bookingitems": [
            _item(call, booking, item)
            for booking, item in zip(answer.bookings, answer.items, strict=True)
        ],
        "passengers": [_passenger(person) for person in first.passengers],
        "totalprice": number(total),
        "grosstotal": number(total),
        "outstandingbalance": number(max(Decimal(0), total - paid)),
        "totaltransactionamount": number(paid),
        "transactions": _transactions(answer),
        "creditcard": "1" if answer.payment else "0",
        "language": "en",
        "datebookedutc": zulu(first.booked_at),
        "transactiondateutc": zulu(first.booked_at + timedelta(seconds=5)),
    }


def _transactions(answer: Answer) -> list[Json]:
    """Spell what the card did; without a card there is mostly nothing to tell."""
    if answer.payment is None and answer.charge is None and answer.fraud_category == "Green":
        return []
    charge = answer.charge
    return [
        {
            "transactionid": answer.bookings[0].booking_id * 10 if charge else 0,
            "type": "payment",
            "amount": number(charge.amount) if charge else 0,
            "authcode": charge.auth_code if charge else "",
            "fraudcategory": answer.fraud_category,
            "status": "",
        }
    ]


def _item(call: Call, booking: SupplierBooking, item: BasketItem) -> Json:
    """Spell one booked row with the line's own locator."""
    price = number(booking.total or item.total)
    return {
        "itemkey": item.key,
        "type": "cruise",
        "currency": item.currency,
        "price": price,
        "cruisedetail": _cruise(call, booking, item) | {"price": price},
    }


def _cruise(call: Call, booking: SupplierBooking, item: BasketItem) -> Json:
    """Spell the sailing and the cabin of a booked row."""
    sailing, grade = (
        call.supplier.sailings[item.sailing],
        call.supplier.grade(item.sailing, item.grade),
    )
    return {
        "reservation": booking.reservation,
        "status": booking.status,
        "cabinno": item.cabin_number,
        "cabincode": grade.code,
        "cabinname": grade.name,
        "codetocruiseid": sailing.codetocruiseid,
        "cruisename": sailing.name.replace("&", "&amp;"),
        "linename": sailing.line_name,
        "shipname": sailing.ship_name,
        "saildate": sailing.sail_date.isoformat(),
        "enddate": sailing.end_date.isoformat(),
        "nights": sailing.nights,
        "pricecode": item.rate,
        "modified": "0",
        "itinerary": itinerary(sailing),
    }


def _passenger(person: Mapping[str, str]) -> Json:
    """Spell a passenger, the leaked Perl reference included."""
    return {**person, "paxno": int(person["paxno"] or 0), "specialservices": LEAKED, "roomno": None}
