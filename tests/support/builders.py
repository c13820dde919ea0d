"""Made-up values of the core: each is sound, and `fields` replace what a test is about."""

from collections.abc import Callable, Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from booking_flow.context import DecisionContext
from booking_flow.errors import Fault, Refusal, RefusalCode, Refused
from booking_flow.flow import FLOW_VERSION, State, Trigger
from booking_flow.model.basket import Basket, BasketAnswer, BasketItem, DiningSeating
from booking_flow.model.card import Card, CardBrand, CardMask, Payment, PaymentType
from booking_flow.model.change import Change
from booking_flow.model.history import Event, EventKind
from booking_flow.model.money import Money
from booking_flow.model.party import Contact, Details, Party, Passenger, PassengerType
from booking_flow.model.pricing import (
    Cabin,
    CabinCategory,
    CabinGrade,
    PriceItem,
    Quote,
    Rate,
    Selection,
)
from booking_flow.model.sailing import Sailing
from booking_flow.model.session import Booking, Session
from booking_flow.model.step import OpenStep, OwedUndo, StepName, StepSettlement, StepStatus
from booking_flow.model.task import StaffTask, TaskKind
from booking_flow.policy import Policy
from booking_flow.steps.book import BookingDetails
from booking_flow.supplier import (
    BookAnswer,
    BookStatus,
    CardTransaction,
    FraudCategory,
    ImportedBooking,
    SupplierSession,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SAILS = date(2027, 3, 7)
VISA = "4111111111111111"
STEP_ID = UUID(int=500)
STEP_SINCE = NOW - timedelta(seconds=40)
DAY_LATER = NOW + timedelta(hours=24)
HELD_UNTIL = NOW + timedelta(minutes=10)


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def an_id(number: int) -> UUID:
    """Return the n-th id that the moments of these tests make."""
    return UUID(int=number)


def ids() -> Callable[[], UUID]:
    numbers = count(1)
    return lambda: UUID(int=next(numbers))


def at(*, now: datetime = NOW, **policy: Any) -> DecisionContext:
    """Return a moment at which guests may pay later, and only the line says when a balance is due.

    A test may have either otherwise.
    """
    usual: dict[str, Any] = {"pay_later": True, "balance_days": None}
    return DecisionContext(now=now, new_id=ids(), policy=Policy(**usual | policy))


def a_sailing(**fields: Any) -> Sailing:
    values: dict[str, Any] = {
        "cruise_id": "2190294",
        "name": "7 Night Western Caribbean",
        "line_id": 22,
        "line_name": "Royal Caribbean",
        "ship_id": 5,
        "ship_name": "Icon of the Seas",
        "sailing_date": SAILS,
        "nights": 7,
    }
    return Sailing(**values | fields)


def a_passenger(born: date = date(1985, 11, 15), **fields: Any) -> Passenger:
    values: dict[str, Any] = {
        "title": "Ms",
        "first_name": "Wilhelmina",
        "last_name": "Quillfeather",
        "date_of_birth": born,
        "gender": "F",
        "nationality": "GB",
        "passenger_type": PassengerType.ADULT,
    }
    return Passenger(**values | fields)


def a_contact(**fields: Any) -> Contact:
    values: dict[str, Any] = {
        "title": "Ms",
        "first_name": "Wilhelmina",
        "last_name": "Quillfeather",
        "email": "wilhelmina@example.test",
        "phone": "+44 20 7946 0018",
        "address": "1 Gooseberry Lane",
        "city": "Leominster",
        "state": None,
        "postal_code": "HR6 8AA",
        "country": "GB",
    }
    return Contact(**values | fields)


def a_rate(**fields: Any) -> Rate:
    values: dict[str, Any] = {
        "result_no": "r2",
        "grade_no": "201:BEST:1",
        "rate_code": "BEST",
        "name": "Best Rate",
        "total": usd("3006.56"),
    }
    return Rate(**values | fields)


def a_grade(*rates: Rate, **fields: Any) -> CabinGrade:
    values: dict[str, Any] = {
        "cabin_code": "2N",
        "name": "Ocean View",
        "category": CabinCategory.OUTSIDE,
        "rates": rates or (a_rate(),),
    }
    return CabinGrade(**values | fields)


def a_quote(*grades: CabinGrade, **fields: Any) -> Quote:
    values: dict[str, Any] = {"as_of": NOW, "currency": "USD", "grades": grades or (a_grade(),)}
    return Quote(**values | fields)


def a_cabin(number: str = "8001", **fields: Any) -> Cabin:
    values: dict[str, Any] = {
        "cabin_result": f"row-{number}",
        "cabin_number": number,
        "deck_name": "Deck 8",
    }
    return Cabin(**values | fields)


def a_selection(**fields: Any) -> Selection:
    values: dict[str, Any] = {
        "result_no": "r1",
        "grade_no": "200:BEST:0",
        "rate_code": "BEST",
        "cabin_code": "2N",
        "cabin_name": "Ocean View",
        "category": CabinCategory.OUTSIDE,
        "cabin_number": "8001",
        "cabin_result": "row-8001",
        "deck": "Deck 8",
        "price": usd("3006.56"),
        "items": (an_amount(),),
    }
    return Selection(**values | fields)


def an_amount(**fields: Any) -> PriceItem:
    values: dict[str, Any] = {
        "category": "fare",
        "description": "Cruise Fare",
        "amount": usd("3006.56"),
    }
    return PriceItem(**values | fields)


LATE = DiningSeating(code="2", description="Late Dining")
EARLY = DiningSeating(code="1", description="Early Dining")


def an_item(**fields: Any) -> BasketItem:
    values: dict[str, Any] = {
        "item_key": "700001",
        "cabin_number": "8001",
        "payable_online": True,
        "price": usd("3006.56"),
        "items": (an_amount(),),
        "dining": (LATE, EARLY),
        "hold_length": timedelta(minutes=14, seconds=50),
    }
    return BasketItem(**values | fields)


def a_basket_answer(*items: BasketItem, **fields: Any) -> BasketAnswer:
    values: dict[str, Any] = {
        "items": items or (an_item(),),
        "total": usd("3006.56"),
        "deposit": usd("500"),
    }
    return BasketAnswer(**values | fields)


NOTHING_HELD = BasketAnswer(items=(), total=usd("0"), deposit=usd("0"))


def a_basket(**fields: Any) -> Basket:
    values: dict[str, Any] = {
        "item_key": "700001",
        "total": usd("3006.56"),
        "deposit": usd("500"),
        "items": (an_amount(),),
        "dining": (LATE, EARLY),
        "hold_until": HELD_UNTIL,
    }
    return Basket(**values | fields)


MASK = CardMask(brand=CardBrand.VISA, last4="1111")


def a_booking(**fields: Any) -> Booking:
    values: dict[str, Any] = {
        "reservation": "F9WZ03",
        "supplier_booking_id": "777",
        "status": "Booked",
        "total": usd("3006.56"),
        "paid": usd("0"),
        "card": None,
    }
    return Booking(**values | fields)


def a_card(number: str = VISA, **fields: Any) -> Card:
    values: dict[str, Any] = {
        "cvv": "123",
        "expiry_month": 12,
        "expiry_year": 2030,
        "holder": "W Quillfeather",
    }
    return Card(number=number, **values | fields)


def a_payment(amount: str = "500", **fields: Any) -> Payment:
    values: dict[str, Any] = {
        "card": a_card(),
        "amount": usd(amount),
        "payment_type": PaymentType.DEPOSIT,
    }
    return Payment(**values | fields)


def a_request(payment: Payment | None = None, **fields: Any) -> BookingDetails:
    values: dict[str, Any] = {
        "passengers": (a_passenger(), a_passenger(first_name="Zebedee")),
        "contact": a_contact(),
        "dining": "1",
        "payment": payment,
    }
    return BookingDetails(**values | fields)


SUPPLIER = SupplierSession(key="sk-1", opened_at=NOW - timedelta(minutes=5))
NEW_SUPPLIER = SupplierSession(key="sk-2", opened_at=NOW)
DETAILS = Details(dining="2")

_KNOWN_BY_STATE: Mapping[State, dict[str, Any]] = {
    State.CREATED: {},
    State.PRICED: {"quote": a_quote()},
    State.CABIN_SELECTED: {"quote": a_quote(), "selection": a_selection()},
    State.BASKETED: {"quote": a_quote(), "selection": a_selection(), "basket": a_basket()},
    State.BOOKED: {
        "quote": a_quote(),
        "selection": a_selection(),
        "basket": a_basket(),
        "booking": a_booking(),
    },
    State.PAID: {
        "quote": a_quote(),
        "selection": a_selection(),
        "basket": a_basket(),
        "booking": a_booking(paid=usd("500")),
    },
    State.EXPIRED: {},
    State.CANCELLED: {"cancel_requested_at": NOW},
}


def a_session(state: State = State.CREATED, **fields: Any) -> Session:
    """Return a session in `state` that knows what one in that state knows."""
    values: dict[str, Any] = {
        "id": UUID(int=900),
        "reference": "BF-7K3Q9X2M",
        "state": state,
        "version": 7,
        "flow_version": FLOW_VERSION,
        "created_at": NOW - timedelta(minutes=5),
        "expires_at": NOW + timedelta(hours=1, minutes=55),
        "sailing": a_sailing(),
        "party": Party(adults=2),
        "currency": "USD",
        "supplier": SUPPLIER,
        "details": DETAILS,
    }
    return Session(**values | _KNOWN_BY_STATE[state] | fields)


def a_step(name: StepName, status: StepStatus = StepStatus.STARTED, **fields: Any) -> OpenStep:
    values: dict[str, Any] = {"id": STEP_ID, "since": STEP_SINCE, "fence": 3}
    return OpenStep(name=name, status=status, **values | fields)


def holding(**fields: Any) -> Session:
    """Return a session whose add_to_basket is under way."""
    return a_session(State.CABIN_SELECTED, open_step=a_step(StepName.ADD_TO_BASKET), **fields)


def booking(**fields: Any) -> Session:
    """Return a session whose book is under way."""
    return a_session(State.BASKETED, **{"open_step": a_step(StepName.BOOK)} | fields)


def paying(**fields: Any) -> Session:
    """Return a booked session whose pay is under way."""
    return a_session(State.BOOKED, open_step=a_step(StepName.PAY), **fields)


def an_answer(**fields: Any) -> BookAnswer:
    """Return book.pl's answer to a booking that went well, without a card."""
    values: dict[str, Any] = {
        "status": BookStatus.BOOKED,
        "status_word": "Booked",
        "supplier_booking_id": "777",
        "reservation": "F9WZ03",
        "total": usd("3006.56"),
        "outstanding": usd("3006.56"),
    }
    return BookAnswer(**values | fields)


def a_failed_answer(*transactions: CardTransaction, **fields: Any) -> BookAnswer:
    values: dict[str, Any] = {
        "status": BookStatus.FAILED,
        "status_word": "Failed",
        "reservation": None,
        "total": usd("0"),
        "outstanding": usd("0"),
        "transactions": transactions,
    }
    return an_answer(**values | fields)


def a_record(**fields: Any) -> ImportedBooking:
    """Return the line's record of the booking that an open book step asked for."""
    values: dict[str, Any] = {
        "reservation": "F9WZ03",
        "status": "Booked",
        "cruise_id": "2190294",
        "sailing_date": SAILS,
        "grade_code": "2N",
        "price": usd("3006.56"),
        "received": usd("0"),
        "booked_on": STEP_SINCE.date(),
        "lead_surname": "MCQUILL",
        "passengers": 2,
    }
    return ImportedBooking(**values | fields)


def a_transaction(
    auth_code: str | None = "A1B2C3",
    amount: Money | None = None,
    fraud: FraudCategory | None = FraudCategory.GREEN,
) -> CardTransaction:
    return CardTransaction(auth_code=auth_code, amount=amount, fraud=fraud)


def an_event(
    kind: EventKind,
    from_state: State,
    to_state: State | None = None,
    trigger: Trigger | None = None,
    reason: str | None = None,
    **details: Any,
) -> Event:
    return Event(
        kind=kind,
        from_state=from_state,
        to_state=to_state or from_state,
        trigger=trigger,
        reason=reason,
        details=details,
    )


def a_move(
    trigger: Trigger,
    from_state: State,
    to_state: State,
    reason: str | None = None,
    **details: str,
) -> Event:
    return an_event(EventKind.TRANSITION, from_state, to_state, trigger, reason, **details)


def a_settlement(
    status: StepStatus, refusal: Refusal | None = None, /, *, sent: bool = True, **evidence: Any
) -> StepSettlement:
    return StepSettlement(
        id=STEP_ID, fence=3, status=status, sent=sent, refusal=refusal, evidence=evidence
    )


OWED = OwedUndo(id=an_id(1), session_key="sk-1", item_key="700001", hold_until=HELD_UNTIL)
FACTS = {
    "reference": "BF-7K3Q9X2M",
    "cruise": "2190294 7 Night Western Caribbean",
    "ship": "Icon of the Seas",
    "sails": "2027-03-07",
    "cabin": "2N 8001 BEST",
    "total": "3006.56 USD",
    "itemKey": "700001",
}
BOOKED_FACTS = FACTS | {"reservation": "F9WZ03"}


def a_task(kind: TaskKind, number: int = 1, **fields: Any) -> StaffTask:
    """Return the task that the n-th id was made for."""
    values: dict[str, Any] = {
        "step_id": STEP_ID,
        "due_at": NOW + timedelta(hours=4),
        "not_before": None,
        "facts": FACTS,
    }
    return StaffTask(id=an_id(number), kind=kind, **values | fields)


def to_be_collected(change: Change, number: int = 1, **facts: str) -> Change:
    """Return a change after which staff collect what is due, by the task of the n-th id."""
    booking = change.after.booking
    assert booking is not None
    by = booking.due_by or DAY_LATER
    if booking.payment_due_at is None:
        change = change.put(booking=replace(booking, collect_by=by))
    said = BOOKED_FACTS | {"due": str(change.after.still_due)} | facts
    task = a_task(TaskKind.COLLECT_PAYMENT, number, step_id=None, due_at=by, facts=said)
    return change.plus(tasks=(task,))


def a_refusal(code: RefusalCode, detail: str | None = None, **facts: str) -> Refusal:
    return Refusal(code=code, detail=detail, facts=MappingProxyType(facts))


def with_faults(code: RefusalCode, *faults: tuple[str, str]) -> Refusal:
    return Refusal(
        code=code,
        errors=tuple(Fault(pointer=pointer, detail=detail) for pointer, detail in faults),
    )


def price_is(actual: Money, *, not_: Money) -> Refusal:
    """Return the refusal of a price that is not the one the guest saw."""
    return a_refusal(
        RefusalCode.PRICE_CHANGED,
        f"The price is {actual}, not {not_}.",
        expected=str(not_.amount),
        actual=str(actual.amount),
        currency=actual.currency,
    )


def refused_by(decision: Callable[[], object]) -> Refusal:
    """Return what a decision refuses with."""
    with pytest.raises(Refused) as caught:
        decision()
    assert str(caught.value) == caught.value.refusal.code.value
    return caught.value.refusal


def plain(refusal: Refusal | None) -> tuple[Any, ...] | None:
    """Return a refusal as plain values, for a comparison that pytest can show."""
    if refusal is None:
        return None
    return tuple(getattr(refusal, field.name) for field in fields_of(refusal))
