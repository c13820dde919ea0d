"""How a session shows itself: one shape, null for what is not there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from booking_flow.flow import FLOW_VERSION, State, Trigger
from booking_flow.model.basket import Basket
from booking_flow.model.money import Money
from booking_flow.model.party import Party
from booking_flow.model.sailing import Sailing
from booking_flow.model.session import Booking, Session, Unwinding, UnwindingReason
from booking_flow.model.step import OpenStep, StepName, StepStatus
from booking_http.api.session_response import render
from tests.support.service import Json

NOW = datetime(2027, 1, 2, 10, tzinfo=UTC)
UUID7 = UUID("019a0000-0000-7000-8000-000000000001")
STEP = OpenStep(id=UUID7, name=StepName.BOOK, status=StepStatus.STARTED, since=NOW, fence=1)
USD = "USD"
BASKET = Basket(
    item_key="1",
    total=Money(Decimal("3006.56"), USD),
    deposit=Money(Decimal(500), USD),
    items=(),
    dining=(),
    hold_until=NOW + timedelta(minutes=10),
)
BOOKING = Booking(
    reservation="F9WZ03",
    supplier_booking_id=None,
    status="Booked",
    total=Money(Decimal("3006.56"), USD),
    paid=Money(Decimal(500), USD),
    balance_due_date=date(2027, 2, 1),
)
SESSION = Session(
    id=UUID7,
    reference="BF-7K3Q9X2M",
    state=State.CREATED,
    version=0,
    flow_version=FLOW_VERSION,
    created_at=NOW,
    expires_at=NOW + timedelta(hours=2),
    sailing=Sailing(
        cruise_id="2190294",
        name="Western Caribbean",
        line_id=22,
        line_name="Royal Caribbean",
        ship_id=1,
        ship_name="Wonder",
        sailing_date=date(2027, 3, 7),
        nights=7,
    ),
    party=Party(adults=2, child_ages=(8,)),
    currency=USD,
    supplier=None,
)


def shown(session: Session = SESSION, **changes: object) -> Json:
    body = render(
        replace(session, **changes),  # type: ignore[arg-type]  # names are checked by replace
        now=NOW,
        session_id="id.secret",
        allowed=lambda _: (Trigger.PRICE, Trigger.CANCEL),
    )
    return body.model_dump(mode="json")


def test_a_new_session_has_every_key_of_the_contract() -> None:
    body = shown()
    assert list(body)[:6] == [
        "sessionId",
        "reference",
        "state",
        "version",
        "expiresAt",
        "serverTime",
    ]
    null = {"selection", "price", "hold", "options", "booking", "pending", "cancellation"}
    null |= {"erasureRequestedAt"}
    assert {name for name, value in body.items() if value is None} == null
    assert body["serverTime"] == "2027-01-02T10:00:00.000Z"
    assert body["cruise"]["sailingDate"] == "2027-03-07"
    assert body["details"] == {
        "contact": None,
        "passengers": [],
        "dining": None,
        "specialRequests": None,
    }
    assert body["allowedActions"][0] == {
        "name": "price",
        "method": "GET",
        "href": "/api/v1/booking/id.secret/pricing",
    }


def test_a_held_cabin_shows_its_price_and_hold() -> None:
    body = shown(state=State.BASKETED, basket=BASKET)
    assert body["price"]["total"] == "3006.56"
    assert body["price"]["deposit"] == "500.00"
    assert [(part["kind"], part["amount"], part["paid"]) for part in body["schedule"]] == [
        ("deposit", "500.00", False),
        ("balance", "2506.56", False),
    ]
    assert body["hold"] == {"expiresAt": "2027-01-02T10:10:00.000Z"}
    assert body["options"] == {"dining": [], "deposit": True}


def test_a_cabin_without_a_deposit_is_due_as_a_whole() -> None:
    body = shown(state=State.BASKETED, basket=replace(BASKET, deposit=BASKET.total))
    assert body["schedule"] == [
        {"kind": "all", "amount": "3006.56", "currency": "USD", "dueDate": None, "paid": False}
    ]


def test_a_lapsed_basket_shows_neither_price_nor_hold() -> None:
    body = shown(state=State.CABIN_SELECTED, basket=BASKET)
    assert body["price"] is body["hold"] is body["options"] is None
    assert body["schedule"] == []


@pytest.mark.parametrize(
    ("status", "outcome"), [(StepStatus.STARTED, "in_progress"), (StepStatus.UNKNOWN, "unknown")]
)
def test_an_open_step_is_pending_and_stops_the_clock(status: StepStatus, outcome: str) -> None:
    body = shown(state=State.BASKETED, basket=BASKET, open_step=replace(STEP, status=status))
    assert body["pending"] == {
        "step": "book",
        "since": "2027-01-02T10:00:00.000Z",
        "outcome": outcome,
    }
    assert body["expiresAt"] is None


def test_a_booking_that_staff_have_to_decide_about_is_pending() -> None:
    body = shown(state=State.BASKETED, basket=BASKET, disputed_since=STEP.since)
    assert body["pending"] == {
        "step": "book",
        "since": "2027-01-02T10:00:00.000Z",
        "outcome": "unknown",
    }


def test_a_booking_shows_what_is_outstanding_in_cents() -> None:
    body = shown(state=State.BOOKED, basket=BASKET, booking=BOOKING)
    assert body["booking"]["outstanding"] == "2506.56"
    assert body["booking"]["card"] is body["booking"]["supplierBookingId"] is None
    assert body["booking"]["balanceDueDate"] == "2027-02-01"
    assert body["expiresAt"] is body["hold"] is None


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"state": State.CANCELLED}, "confirmed"),
        ({"cancel_requested_at": NOW, "open_step": STEP}, "requested"),
        (
            {
                "state": State.BOOKED,
                "unwinding": Unwinding(since=NOW, reason=UnwindingReason.CANCEL),
            },
            "requested",
        ),
        ({"state": State.BOOKED, "cancel_requested_at": NOW}, "refused"),
        (
            {
                "state": State.BASKETED,
                "unwinding": Unwinding(since=NOW, reason=UnwindingReason.EXPIRE),
            },
            None,
        ),
    ],
    ids=["cancelled", "while a step is open", "unwinding", "the line refused", "expiring"],
)
def test_a_cancellation_shows_how_far_it_has_come(changes: Json, status: str | None) -> None:
    cancellation = shown(**changes)["cancellation"]
    assert (cancellation and cancellation["status"]) == status


@pytest.mark.parametrize("state", [State.EXPIRED, State.CANCELLED])
def test_an_ended_session_can_be_started_again(state: State) -> None:
    assert [action["name"] for action in shown(state=state)["allowedActions"]] == ["restart"]


@pytest.mark.parametrize(
    ("paid", "parts"),
    [
        ("0", [("all", "3006.56", "2026-12-07", False)]),
        ("500", [("deposit", "500.00", None, True), ("balance", "2506.56", "2026-12-07", False)]),
        ("3006.56", [("all", "3006.56", None, True)]),
    ],
)
def test_a_booking_shows_what_is_paid_and_by_when_the_rest_is_due(
    paid: str, parts: list[tuple[str, str, str | None, bool]]
) -> None:
    booking = Booking(
        supplier_booking_id="1",
        reservation="R1",
        status="Booked",
        total=Money(Decimal("3006.56"), "USD"),
        paid=Money(Decimal(paid), "USD"),
        balance_due_date=date(2026, 12, 7),
    )
    body = shown(state=State.PAID, booking=booking)
    shown_parts = [(p["kind"], p["amount"], p["dueDate"], p["paid"]) for p in body["schedule"]]
    assert shown_parts == parts
