"""Rows as the core's values."""

from __future__ import annotations

from typing import Final

from booking_flow.errors import Refusal
from booking_flow.flow import State
from booking_flow.model.basket import Basket
from booking_flow.model.card import CardBrand, CardMask
from booking_flow.model.money import Money
from booking_flow.model.party import Details, Party
from booking_flow.model.pricing import Quote, Selection
from booking_flow.model.sailing import Sailing
from booking_flow.model.session import (
    Booking,
    Duplicate,
    DuplicateStatus,
    Receipt,
    Session,
    Unwinding,
    UnwindingReason,
)
from booking_flow.model.step import OpenStep, StepName, StepStatus
from booking_flow.ports import StepAttempt
from booking_flow.supplier import SupplierSession
from persistence.codec import decode, decode_facts, decode_or_none
from persistence.statements import Row

SESSION: Final = """s.id, s.reference, s.state, s.version, s.flow_version, s.created_at,
       s.expires_at, s.sailing, s.party, s.currency, s.supplier_key, s.supplier_opened_at,
       s.selection, s.basket, s.details_ciphertext, s.open_step, s.unwinding_since,
       s.unwinding_reason, s.cancel_requested_at, s.cards_tried"""
"""The columns of a session's own row; listed, so that a new one changes no running program's."""


def session_of(row: Row, details: Details) -> Session:
    """Build the session a row describes."""
    return Session(
        id=row.id,
        reference=row.reference,
        state=State(row.state),
        version=row.version,
        flow_version=row.flow_version,
        created_at=row.created_at,
        expires_at=row.expires_at,
        sailing=decode(row.sailing, Sailing),
        party=decode(row.party, Party),
        currency=row.currency,
        supplier=_supplier_of(row),
        quote=decode_or_none(row.quote, Quote),
        selection=decode_or_none(row.selection, Selection),
        basket=decode_or_none(row.basket, Basket),
        details=details,
        booking=_booking_of(row),
        open_step=_open_step_of(row),
        unwinding=_unwinding_of(row),
        cancel_requested_at=row.cancel_requested_at,
        cards_tried=row.cards_tried,
        # Lists of sessions do without it.
        disputed_since=row.get("disputed_since"),
    )


def attempt_of(row: Row) -> StepAttempt:
    """Build the attempt a row of `saga_steps` describes."""
    return StepAttempt(
        id=row.step_id,
        session_id=row.session_id,
        name=StepName(row.step_name),
        status=StepStatus(row.step_status),
        claimed_at=row.claimed_at,
        settled_at=row.settled_at,
        sent=row.sent,
        refusal=decode_or_none(row.refusal, Refusal),
    )


def mask_of(brand: str | None, last4: str | None) -> CardMask | None:
    """Build the part of a card that is kept."""
    if last4 is None:
        return None
    return CardMask(brand=CardBrand(brand) if brand else None, last4=last4)


def _supplier_of(row: Row) -> SupplierSession | None:
    if row.supplier_key is None:
        return None
    return SupplierSession(key=row.supplier_key, opened_at=row.supplier_opened_at)


def _unwinding_of(row: Row) -> Unwinding | None:
    if row.unwinding_since is None:
        return None
    return Unwinding(since=row.unwinding_since, reason=UnwindingReason(row.unwinding_reason))


def _open_step_of(row: Row) -> OpenStep | None:
    if row.open_step is None:
        return None
    return OpenStep(
        id=row.open_step,
        name=StepName(row.step_name),
        status=StepStatus(row.step_status),
        since=row.claimed_at,
        fence=row.fence,
        intent=decode_facts(row.intent),
    )


_ENDED: Final = {
    None: DuplicateStatus.OPEN,
    "second_cancelled": DuplicateStatus.CANCELLED,
    "first_cancelled": DuplicateStatus.STANDS,
}
"""What the answer to its task says of a second reservation."""


def _duplicates_of(found: str | None) -> tuple[Duplicate, ...]:
    rows = decode_or_none(found, tuple[tuple[str, str | None], ...]) or ()
    return tuple(Duplicate(reservation=number, status=_ENDED[answer]) for number, answer in rows)


def _booking_of(row: Row) -> Booking | None:
    if row.reservation is None:
        return None
    return Booking(
        reservation=row.reservation,
        supplier_booking_id=row.supplier_booking_id,
        status=row.booking_status,
        total=Money(row.booking_total, row.booking_currency),
        paid=Money(row.paid, row.paid_currency),
        payment_due_at=row.payment_due_at,
        collect_by=row.collect_by,
        reminded_at=row.reminded_at,
        kept=None if row.kept is None else Money(row.kept, row.paid_currency),
        # Lists of sessions do without them.
        duplicates=_duplicates_of(row.get("duplicates")),
        receipts=decode_or_none(row.get("receipts"), tuple[Receipt, ...]) or (),
        balance_due_date=row.balance_due_date,
        card=mask_of(row.card_brand, row.card_last4),
    )
