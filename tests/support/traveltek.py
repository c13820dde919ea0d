"""What the tests of the client share: an account, a sailing, travellers, a card."""

import time
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from adapters.simulator.sailings import EXAMPLE_SAILING, seeded_sailings
from adapters.traveltek import TraveltekSettings
from booking_flow.model.card import Card, Payment, PaymentType
from booking_flow.model.money import Money
from booking_flow.model.party import Contact, Details, Party, Passenger, PassengerType
from booking_flow.model.pricing import CabinCategory, Selection
from booking_flow.model.sailing import Sailing
from booking_flow.supplier import BookOrder, CallContext

TODAY = date(2026, 11, 22)
NUMBER, CVV = "4111111111111111", "917"
SESSION = "A0000009-0000k0000-0000-000000000009"
TOKEN = "00000000k0000-0000-0000-000000000000"
BASE = "https://supplier.example/2.1/json"

_seeded = {each.codetocruiseid: each for each in seeded_sailings(TODAY)}[EXAMPLE_SAILING]
SAILING = Sailing(
    cruise_id=str(_seeded.codetocruiseid),
    name=_seeded.name,
    line_id=_seeded.line_id,
    line_name=_seeded.line_name,
    ship_id=_seeded.ship_id,
    ship_name=_seeded.ship_name,
    sailing_date=_seeded.sail_date,
    nights=_seeded.nights,
)
PARTY = Party(adults=2, child_ages=(8,))
CONTACT = Contact(
    title="Ms",
    first_name="Zuleika",
    last_name="O'Quennell",
    email="zuleika.oquennell@example.com",
    phone="5550177342",
    address="742 Umbrella Crescent",
    city="Wexmouth",
    state="OR",
    postal_code="97499",
    country="US",
)


def settings(**changes: Any) -> TraveltekSettings:
    usual: dict[str, Any] = {
        "base_url": BASE,
        "sid": "10001",
        "username": "agency",
        "password": "agency-secret",
        "time_scale": 0.02,
    }
    return TraveltekSettings(**(usual | changes))


def context(**changes: Any) -> CallContext:
    usual: dict[str, Any] = {"started": time.monotonic(), "step_id": uuid4()}
    return CallContext(**(usual | changes))


def passenger(first: str, born: date, kind: PassengerType = PassengerType.ADULT) -> Passenger:
    return Passenger(
        title="Ms",
        first_name=first,
        last_name="O'Quennell",
        date_of_birth=born,
        gender="F",
        nationality="US",
        passenger_type=kind,
    )


def details() -> Details:
    year = SAILING.sailing_date.year - 9
    travellers = (
        passenger("Zuleika", date(1985, 11, 15)),
        passenger("Ottoline", date(1987, 2, 3)),
        passenger("Peregrine", date(year, 12, 28), PassengerType.CHILD),
    )
    return Details(contact=CONTACT, passengers=travellers, special_requests="Quiet cabin")


def payment(amount: str, currency: str = "USD", number: str = NUMBER) -> Payment:
    card = Card(number=number, cvv=CVV, expiry_month=2, expiry_year=2031, holder="Z O'Quennell")
    kind = PaymentType.FULL_PAYMENT
    return Payment(card=card, amount=Money(Decimal(amount), currency), payment_type=kind)


def order(paid: Payment | None = None, **changes: Any) -> BookOrder:
    usual: dict[str, Any] = {
        "session_key": SESSION,
        "item_key": "1060793622",
        "sailing": SAILING,
        "details": details(),
        "dining": "2",
        "deposit_booking": False,
        "payment": paid,
        "reference": "BF-7K3Q9X2M",
    }
    return BookOrder(**(usual | changes))


SELECTION = Selection(
    result_no="212_0.1058044278",
    grade_no="212:PGO:2",
    rate_code="PGO",
    cabin_code="BL",
    cabin_name="Balcony",
    category=CabinCategory.BALCONY,
    cabin_number="GUAR",
    cabin_result="212:PGO:2_0",
    deck=None,
    price=Money(Decimal("1485.24"), "USD"),
)


def body_of(sample: Any) -> dict[str, Any]:
    found = sample["body"]
    assert isinstance(found, Mapping)
    return dict(found)
