"""The values of a commit's statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from booking_flow.model.card import CardMask
from booking_flow.model.change import Change, IdempotencyBinding, PaymentRecord, TaskClosing
from booking_flow.model.history import Event, Origin
from booking_flow.model.session import Booking, Session
from booking_flow.model.step import OpenStep, StepClaim, StepSettlement
from booking_flow.supplier import SupplierCall
from persistence.codec import encode, encode_or_none
from persistence.commit_plan import direction, follow_up, open_after, remembered_step
from persistence.tables.forgotten_claims import EnteredAs

Values = dict[str, Any]

FIRST_FENCE: Final = 1
"""The fencing number of a step's first owner; whoever takes it over counts on."""


def session_values(session: Session) -> Values:
    """Return the columns that any commit may change."""
    supplier, unwinding = session.supplier, session.unwinding
    return {
        "id": session.id,
        "state": session.state.value,
        "version": session.version,
        "expires_at": session.expires_at,
        "supplier_key": supplier and supplier.key,
        "supplier_opened_at": supplier and supplier.opened_at,
        "selection": encode_or_none(session.selection),
        "unwinding_since": unwinding and unwinding.since,
        "unwinding_reason": unwinding and unwinding.reason.value,
        "cancel_requested_at": session.cancel_requested_at,
        "cards_tried": session.cards_tried,
        "pay_by": session.booking and session.booking.payment_due_at,
        **_basket_values(session),
    }


def _basket_values(session: Session) -> Values:
    basket = session.basket
    return {
        "basket": encode_or_none(basket),
        "item_key": basket and basket.item_key,
        "hold_until": basket and basket.hold_until,
        "total": basket and basket.total.amount,
        "deposit": basket and basket.deposit.amount,
    }


def quote_values(session: Session) -> Values:
    """Return the prices; they are large and written only when they changed."""
    return {"quote": encode_or_none(session.quote)}


def birth_values(session: Session) -> Values:
    """Return the columns that stay as they were at the beginning."""
    return {
        "reference": session.reference,
        "flow_version": session.flow_version,
        "created_at": session.created_at,
        "cruise_id": session.sailing.cruise_id,
        "line_id": session.sailing.line_id,
        "sailing_date": session.sailing.sailing_date,
        "sailing": encode(session.sailing),
        "party": encode(session.party),
        "currency": session.currency,
    }


def change_values(change: Change, *, owner: str) -> Values:
    """Return everything a change says, except its personal data."""
    before, after = change.before, change.after
    left = open_after(change)
    return {
        **session_values(after),
        **(quote_values(after) if after.quote != before.quote else {}),
        "before_version": before.version,
        "before_step": before.open_step and before.open_step.id,
        "hold_for": change.hold_for,
        "owner": owner,
        "open_step": left and left[0],
        "open_step_kind": left and direction(left[1]).value,
        "line_id": after.sailing.line_id,
        "events": encode(event_rows(change.events, first_seq=before.version + 1)),
        "owed": encode(change.owed),
        "tasks": encode(change.tasks),
        "collected_as": "cancelled" if after.unwinding is not None else after.state.value,
        "payments": encode([_payment_row(payment) for payment in change.payments]),
        **(_claim_values(change.claim) if change.claim else {}),
        **(_settle_values(change.settle) if change.settle else {}),
        **_closing_values(change.closes),
        **_next_values(follow_up(change) or remembered_step(change)),
        **_remembered_values(change),
        **(_booking_values(after.booking) if after.booking else {}),
    }


def origin_values(origin: Origin) -> Values:
    """Return who asked."""
    return {
        "actor_kind": origin.actor.value,
        "actor_name": origin.actor_name,
        "request_id": origin.request_id,
        "trace_id": origin.trace_id,
    }


def binding_values(binding: IdempotencyBinding | None, *, step_id: object) -> Values:
    """Return what an Idempotency-Key is bound to."""
    if binding is None:
        return {}
    return {
        "scope": binding.scope,
        "route": binding.route,
        "key_hash": binding.key_hash,
        "fingerprint": binding.fingerprint,
        "success_status": binding.success_status,
        "bound_step": step_id,
    }


def event_rows(events: Iterable[Event], *, first_seq: int) -> list[Mapping[str, object]]:
    """Return events as numbered rows of the history."""
    return [
        {
            "seq": seq,
            "kind": event.kind,
            "trigger": event.trigger,
            "from_state": event.from_state,
            "to_state": event.to_state,
            "reason": event.reason,
            "details": event.details,
        }
        for seq, event in enumerate(events, start=first_seq)
    ]


def call_rows(calls: Sequence[SupplierCall]) -> list[Mapping[str, object]]:
    """Return calls as evidence; `ago` counts back from the end of the last one."""
    end = max((call.sent_at_offset + call.duration for call in calls), default=0.0)
    return [
        {
            "id": call.id,
            "step_id": call.step_id,
            "endpoint": call.endpoint,
            "ago": end - call.sent_at_offset,
            "offset_s": call.sent_at_offset,
            "duration_s": call.duration,
            "outcome": call.outcome,
            "http_status": call.http_status,
            "error_code": call.error_code,
            "request": call.request,
            "response": call.response,
        }
        for call in calls
    ]


def _claim_values(claim: StepClaim) -> Values:
    return {
        "step_id": claim.id,
        "fence": FIRST_FENCE,
        "step_name": claim.name.value,
        "step_kind": direction(claim.name).value,
        "lease": timedelta(seconds=claim.lease_seconds),
        "intent": encode(claim.intent),
        "step_item_key": claim.item_key,
    }


def _settle_values(settle: StepSettlement) -> Values:
    return {
        "step_id": settle.id,
        "fence": settle.fence,
        "step_status": settle.status.value,
        "sent": settle.sent,
        "refusal": encode_or_none(settle.refusal),
        "evidence": encode(settle.evidence),
    }


def _closing_values(closes: TaskClosing | None) -> Values:
    return {
        "task_id": closes and closes.task_id,
        "task_version": closes and closes.version,
        "task_answer": closes and closes.answer,
    }


def _remembered_values(change: Change) -> Values:
    if not change.remembers:
        return {}
    whole = remembered_step(change) is not None
    return {
        "remembers": list(change.remembers),
        "entered_as": EnteredAs.STEP if whole else EnteredAs.CONFLICT,
    }


def _next_values(left: OpenStep | None) -> Values:
    if left is None:
        return {}
    return {
        "next_id": left.id,
        "next_name": left.name.value,
        "next_status": left.status.value,
        "next_fence": left.fence,
        "next_intent": encode(left.intent),
        "next_since": left.since,
    }


def _booking_values(booking: Booking) -> Values:
    return {
        "reservation": booking.reservation,
        "supplier_booking_id": booking.supplier_booking_id,
        "booking_status": booking.status,
        "booking_total": booking.total.amount,
        "paid": booking.paid.amount,
        "booking_currency": booking.total.currency,
        "paid_currency": booking.paid.currency,
        "payment_due_at": booking.payment_due_at,
        "collect_by": booking.collect_by,
        "reminded_at": booking.reminded_at,
        "kept": booking.kept and booking.kept.amount,
        "balance_due_date": booking.balance_due_date,
        **_card_values(booking.card),
    }


def _card_values(card: CardMask | None) -> Values:
    return {
        "card_brand": card and card.brand and card.brand.value,
        "card_last4": card and card.last4,
    }


def _payment_row(payment: PaymentRecord) -> Values:
    return {
        "amount": payment.amount.amount,
        "currency": payment.amount.currency,
        "auth_code": payment.auth_code,
        "step_id": payment.step_id,
        **_card_values(payment.card),
    }
