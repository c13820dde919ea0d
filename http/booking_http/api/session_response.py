"""A session as every answer shows it: a pure function of the session and the clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from booking_flow.flow import BEFORE_HOLD, State, Trigger
from booking_flow.lifecycle.refund import refund_of
from booking_flow.model.basket import Basket
from booking_flow.model.party import Details
from booking_flow.model.pricing import PriceItem
from booking_flow.model.sailing import Sailing
from booking_flow.model.session import Booking, Receipt, Session, UnwindingReason
from booking_flow.model.step import StepName
from booking_http.api import payment_schedule, rate_terms
from booking_http.api import responses as tell
from booking_http.api.action_links import describe

Allowed = Callable[[Session], Sequence[Trigger]]


def render(
    session: Session, *, now: datetime, session_id: str, allowed: Allowed
) -> tell.SessionResponse:
    """Return the whole body of a session."""
    event = render_event(session, now=now, session_id=session_id, allowed=allowed)
    details, corrections = _details(session.details), corrections_of(session.details)
    return tell.SessionResponse.model_construct(
        **dict(event),
        details=details,
        corrections=corrections,
        erasure_requested_at=session.details.erasure_requested_at,
    )


def render_event(
    session: Session, *, now: datetime, session_id: str, allowed: Allowed
) -> tell.EventResponse:
    """Return the body of a session without what the guest typed."""
    return tell.EventResponse(
        session_id=session_id,
        reference=session.reference,
        state=session.state,
        version=session.version,
        expires_at=_expires_at(session),
        server_time=now,
        cruise=tell.CruiseResponse(**cruise_fields(session.sailing)),
        passenger_count=_party(session),
        selection=_selection(session),
        price=_price(session),
        schedule=_schedule(session),
        hold=_hold(session),
        options=_options(session),
        booking=_booking(session, session.booking, now) if session.booking else None,
        pending=_pending(session),
        cancellation=_cancellation(session),
        allowed_actions=describe(action_names(session, allowed=allowed), session_id=session_id),
    )


def action_names(session: Session, *, allowed: Allowed) -> list[str]:
    """Return what the guest may do next; an ended session can be started again."""
    if session.ended:
        return ["restart"]
    return [trigger.value for trigger in allowed(session)]


def cruise_fields(sailing: Sailing) -> dict[str, object]:
    """Return the members every rendering of a sailing has."""
    return {
        "cruise_id": sailing.cruise_id,
        "name": sailing.name,
        "line_id": sailing.line_id,
        "line_name": sailing.line_name,
        "ship_name": sailing.ship_name,
        "sailing_date": sailing.sailing_date,
        "nights": sailing.nights,
    }


def _expires_at(session: Session) -> datetime | None:
    """Return when the session's clock acts: not while a step is open, nor once it is settled."""
    stopped = session.open_step is not None or session.reserved or session.ended
    return None if stopped else session.expires_at


def _party(session: Session) -> tell.PartyResponse:
    ages = session.party.child_ages
    return tell.PartyResponse(
        adults=session.party.adults, children=len(ages), child_ages=list(ages)
    )


def _selection(session: Session) -> tell.SelectionResponse | None:
    chosen = session.selection
    if chosen is None:
        return None
    return tell.SelectionResponse(
        result_no=chosen.result_no,
        grade_no=chosen.grade_no,
        rate_code=chosen.rate_code,
        cabin_code=chosen.cabin_code,
        cabin_name=chosen.cabin_name,
        category=chosen.category,
        cabin_number=chosen.cabin_number,
        deck=chosen.deck,
        guaranteed=chosen.guaranteed,
        rate_name=chosen.rate_name,
        refundable=chosen.refundable,
        restricted_to=list(chosen.restricted_to),
        declared=list(chosen.declared),
        terms=rate_terms.penalties_of(chosen.terms),
    )


def _held(session: Session) -> Basket | None:
    """Return the basket unless it lapsed: one that did stays on the session until the next."""
    return None if session.state in BEFORE_HOLD else session.basket


def _price(session: Session) -> tell.PriceResponse | None:
    """Return the basket's price, or before there is one that of the choice."""
    if held := _held(session):
        return tell.PriceResponse(
            total=held.total.amount,
            deposit=held.deposit.amount,
            currency=held.total.currency,
            items=_items(held.items),
        )
    if chosen := session.selection:
        return tell.PriceResponse(
            total=chosen.price.amount,
            deposit=None,
            currency=chosen.price.currency,
            items=_items(chosen.items),
        )
    return None


def _schedule(session: Session) -> list[tell.InstalmentResponse]:
    if session.booking is not None:
        return payment_schedule.of_booking(session, session.booking)
    chosen, held = session.selection, _held(session)
    told = chosen.terms if chosen else None
    if held:
        return payment_schedule.of_basket(held, told)
    return (rate_terms.schedule_of(told, chosen.price) or []) if chosen else []


def _items(items: Sequence[PriceItem]) -> list[tell.PriceItemResponse]:
    return [
        tell.PriceItemResponse(
            category=item.category, description=item.description, amount=item.amount.amount
        )
        for item in items
    ]


def _hold(session: Session) -> tell.HoldResponse | None:
    if session.basket is None or session.state is not State.BASKETED:
        return None
    return tell.HoldResponse(expires_at=session.basket.hold_until)


def _options(session: Session) -> tell.OptionsResponse | None:
    held = _held(session)
    if held is None:
        return None
    return tell.OptionsResponse(
        dining=[
            tell.DiningResponse(code=seat.code, description=seat.description)
            for seat in held.dining
        ],
        deposit=held.deposit_possible,
    )


def _details(details: Details) -> tell.DetailsResponse:
    contact = details.contact
    return tell.DetailsResponse(
        contact=contact and tell.ContactResponse.model_validate(contact, from_attributes=True),
        passengers=[
            tell.PassengerResponse.model_validate(passenger, from_attributes=True)
            for passenger in details.passengers
        ],
        dining=details.dining,
        special_requests=details.special_requests,
    )


def corrections_of(details: Details) -> list[tell.CorrectionResponse]:
    """Return what was corrected since the booking, or is to be."""
    return [
        tell.CorrectionResponse(
            pointer=each.pointer, requested_at=each.requested_at, status=each.status
        )
        for each in details.corrections
    ]


def _booking(session: Session, booking: Booking, now: datetime) -> tell.BookingResponse:
    return tell.BookingResponse(
        supplier_booking_id=booking.supplier_booking_id,
        reservation=booking.reservation,
        status=booking.status,
        total=booking.total.amount,
        # What was paid in another currency is shown as an entry, so that these add up.
        paid=(booking.total - booking.outstanding).amount,
        outstanding=booking.outstanding.amount,
        currency=booking.total.currency,
        payment_due_at=booking.due_by,
        balance_due_date=booking.balance_due_date,
        card=_card(booking),
        payments=[_entry(receipt, now) for receipt in booking.receipts],
        refund=_refund(session),
        duplicates=[
            tell.DuplicateResponse(reservation=each.reservation, status=each.status.value)
            for each in booking.duplicates
        ],
    )


def _entry(receipt: Receipt, now: datetime) -> tell.PaymentEntryResponse:
    """Return an entry; one that was stored just now is as old as the answer."""
    return tell.PaymentEntryResponse(
        kind="payment" if receipt.amount.positive else "refund",
        amount=receipt.amount.amount,
        currency=receipt.amount.currency,
        at=receipt.at or now,
        method="card" if receipt.by_card else "outside",
        last4=receipt.card and receipt.card.last4,
    )


def _refund(session: Session) -> tell.RefundResponse | None:
    found = refund_of(session)
    if found is None:
        return None
    return tell.RefundResponse(
        status="open" if found.kept is None else "done",
        received=found.received.amount,
        kept=found.kept and found.kept.amount,
        refunded=found.refunded.amount,
        currency=found.received.currency,
    )


def _card(booking: Booking) -> tell.CardResponse | None:
    mask = booking.card
    if mask is None:
        return None
    brand = mask.brand.name.lower() if mask.brand else None
    return tell.CardResponse(brand=brand, last4=mask.last4)


def _pending(session: Session) -> tell.PendingResponse | None:
    step, disputed = session.open_step, session.disputed_since
    if step is None and disputed is not None:
        return tell.PendingResponse(step=StepName.BOOK, since=disputed, outcome="unknown")
    if step is None:
        return None
    outcome: Literal["in_progress", "unknown"] = "unknown" if step.unknown else "in_progress"
    return tell.PendingResponse(step=step.name, since=step.since, outcome=outcome)


def _cancellation(session: Session) -> tell.CancellationResponse | None:
    status = _cancellation_status(session)
    if status is None:
        return None
    unwinding = session.unwinding.since if session.unwinding else None
    return tell.CancellationResponse(
        status=status, requested_at=session.cancel_requested_at or unwinding
    )


def _cancellation_status(
    session: Session,
) -> Literal["requested", "confirmed", "refused"] | None:
    if session.state is State.CANCELLED:
        return "confirmed"
    if session.unwinding is not None:
        return "requested" if session.unwinding.reason is UnwindingReason.CANCEL else None
    if session.cancel_requested_at is None:
        return None
    return "requested" if session.open_step is not None else "refused"
