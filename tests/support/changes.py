"""Made-up sessions with every kind of value in them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from booking_flow.flow import FLOW_VERSION, State, Trigger
from booking_flow.model.basket import Basket, DiningSeating
from booking_flow.model.card import CardBrand, CardMask
from booking_flow.model.change import Change, IdempotencyBinding, begin
from booking_flow.model.history import ActorKind, EventKind, Origin
from booking_flow.model.money import Money
from booking_flow.model.party import Contact, Details, Party, Passenger, PassengerType
from booking_flow.model.pricing import CabinCategory, CabinGrade, PriceItem, Quote, Rate, Selection
from booking_flow.model.sailing import Sailing
from booking_flow.model.session import Booking, Session
from booking_flow.model.step import OpenStep, StepClaim, StepName, StepSettlement, StepStatus
from booking_flow.supplier import SupplierCall, SupplierSession

NOW = datetime.now(UTC)
GUEST = Origin(
    actor=ActorKind.GUEST, actor_name=None, request_id="req-1", trace_id="0af7651916cd43dd"
)
SECRET = b"s" * 32


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


SAILING = Sailing(
    cruise_id="2190294",
    name="7 Night Western Caribbean",
    line_id=22,
    line_name="Royal Caribbean",
    ship_id=5,
    ship_name="Icon of the Seas",
    sailing_date=date(2031, 3, 7),
    nights=7,
    ports=("Miami", "Cozumel"),
    from_price=Decimal("799.00"),
)
ITEMS = (
    PriceItem(
        category="fare", description="Cruise Fare", amount=usd("2500"), per_guest=(usd("1250"),)
    ),
    PriceItem(category="discount", description="Early", amount=usd("-10.5")),
)
QUOTE = Quote(
    as_of=NOW,
    currency="USD",
    grades=(
        CabinGrade(
            cabin_code="2N",
            name="Ocean View",
            category=CabinCategory.OUTSIDE,
            description="A window",
            image_url="https://example.test/2n.jpg",
            rates=(
                Rate(
                    result_no="1_2.3",
                    grade_no="201:1",
                    rate_code="BESTRATE",
                    name="Best",
                    total=usd("3006.56"),
                    refundable=False,
                    restricted_to=("residents",),
                    fare=usd("2500"),
                ),
            ),
        ),
    ),
)
SELECTION = Selection(
    result_no="1_2.3",
    grade_no="201:1",
    rate_code="BESTRATE",
    cabin_code="2N",
    cabin_name="Ocean View",
    category=CabinCategory.OUTSIDE,
    cabin_number="8001",
    cabin_result="7",
    deck="Deck 8",
    price=usd("3006.56"),
    items=ITEMS,
)
BASKET = Basket(
    item_key="item-1",
    total=usd("3006.56"),
    deposit=usd("500"),
    items=ITEMS,
    dining=(DiningSeating(code="2", description="Late Dining"),),
    hold_until=NOW + timedelta(minutes=45),
)
PASSENGERS = tuple(
    Passenger(
        title="Ms",
        first_name=first,
        last_name="Quillfeather",
        date_of_birth=date(1980, 2, 29),
        gender="F",
        nationality="GB",
        passenger_type=PassengerType.ADULT,
    )
    for first in ("Wilhelmina", "Zebedee")
)
DETAILS = Details(
    contact=Contact(
        title="Ms",
        first_name="Wilhelmina",
        last_name="Quillfeather",
        email="wilhelmina@example.test",
        phone="+44 20 7946 0018",
        address="1 Gooseberry Lane",
        city="Leominster",
        state=None,
        postal_code="HR6 8AA",
        country="GB",
    ),
    passengers=PASSENGERS,
    dining="2",
    special_requests="Honeymooners from Leominster",
)
MASK = CardMask(brand=CardBrand.VISA, last4="1111")
BOOKING = Booking(
    reservation="F9WZ03",
    supplier_booking_id="777",
    status="Booked",
    total=usd("3006.56"),
    paid=usd("500"),
    payment_due_at=NOW + timedelta(days=1),
    balance_due_date=date(2031, 1, 1),
    card=MASK,
)


def session(**fields: Any) -> Session:
    values: dict[str, Any] = {
        "id": uuid4(),
        "reference": f"BF-{uuid4().hex[:8].upper()}",
        "state": State.CREATED,
        "version": 0,
        "flow_version": FLOW_VERSION,
        "created_at": NOW,
        "expires_at": NOW + timedelta(hours=2),
        "sailing": SAILING,
        "party": Party(adults=2, child_ages=(8, 1)),
        "currency": "USD",
        "supplier": SupplierSession(key="sk-1", opened_at=NOW),
    }
    return Session(**values | fields)


def call(**fields: Any) -> SupplierCall:
    values: dict[str, Any] = {
        "id": uuid4(),
        "endpoint": "cruisecabingrades",
        "step_id": None,
        "sent_at_offset": 0.5,
        "duration": 1.5,
        "outcome": "ok",
        "http_status": 200,
        "error_code": None,
        "request": {"resultno": "1_2.3"},
        "response": {"grades": 12},
    }
    return SupplierCall(**values | fields)


def binding(**fields: Any) -> IdempotencyBinding:
    values: dict[str, Any] = {
        "scope": "session",
        "route": "POST /session/{id}/create",
        "key_hash": uuid4().bytes,
        "fingerprint": b"f" * 32,
        "success_status": 201,
    }
    return IdempotencyBinding(**values | fields)


def priced(before: Session) -> Change:
    return begin(before).move(Trigger.PRICE).put(quote=QUOTE)


def selected(before: Session) -> Change:
    return begin(before).move(Trigger.SELECT_CABIN).put(selection=SELECTION)


def claimed(before: Session, name: StepName, *, lease_seconds: float = 60) -> Change:
    claim = StepClaim(
        id=uuid4(), name=name, lease_seconds=lease_seconds, intent={"cabin": "8001"}, item_key="k"
    )
    step = OpenStep(
        id=claim.id,
        name=name,
        status=StepStatus.STARTED,
        since=NOW,
        fence=1,
        intent=claim.intent,
    )
    change = begin(before).put(open_step=step).record(EventKind.STEP_CLAIMED)
    return replace(change, claim=claim)


def settled(
    before: Session,
    status: StepStatus = StepStatus.DONE,
    *,
    step: UUID | None = None,
    fence: int | None = None,
    **fields: Any,
) -> Change:
    asked = before.open_step
    assert asked is not None
    left = replace(asked, status=status) if status is StepStatus.UNKNOWN else None
    values: dict[str, Any] = {"sent": True, "evidence": {"itemKey": "item-1"}}
    settlement = StepSettlement(
        id=step or asked.id,
        fence=asked.fence if fence is None else fence,
        status=status,
        **values | fields,
    )
    kind = EventKind.STEP_UNKNOWN if left else EventKind.STEP_SETTLED
    return replace(begin(before).put(open_step=left).record(kind), settle=settlement)
