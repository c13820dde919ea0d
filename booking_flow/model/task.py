"""Tasks: what only a person can find out or do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class TaskKind(StrEnum):
    """What only a person can find out or do."""

    BOOK_UNKNOWN = "book_unknown"
    PAY_UNKNOWN = "pay_unknown"
    PRICE_MISMATCH = "price_mismatch"
    REFUND = "refund"
    CANCEL_WITH_LINE = "cancel_with_line"
    CONFLICT = "conflict"
    """The supplier's late answer contradicts what a person decided."""
    UNDO_STUCK = "undo_stuck"
    """The supplier does not confirm that it let a cabin go."""
    PAYMENT_UNCHECKED = "payment_unchecked"
    """A payment is entered, and what the line has received for it was not seen."""
    SAILING_MISMATCH = "sailing_mismatch"
    """The line's answer is about another sailing, party or cabin than was asked for."""
    PASS_ON_REQUESTS = "pass_on_requests"  # noqa: S105 - is a word for work
    """The guest has requests that no call of the supplier carries."""
    CORRECT_NAME = "correct_name"
    """A traveller's name is wrong, and only the line can change it."""
    MAIL_UNDELIVERED = "mail_undelivered"
    """A mail about the session could not be delivered."""
    ERASURE_REQUESTED = "erasure_requested"
    """The guest asks that what they typed is erased."""
    COLLECT_PAYMENT = "collect_payment"
    """A booking is not paid: staff collect what is due, or have it cancelled."""
    CANCELLATION_REFUND = "cancellation_refund"
    """A paid booking is cancelled: the line keeps a part, and the rest goes back."""
    DUPLICATE_BOOKING = "duplicate_booking"
    """The line holds two reservations of one session."""
    FORGOTTEN = "forgotten"
    """What was asked of the supplier for a session that the database has forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffTask:
    """Work for a person; `facts` hold nothing personal, the session has the rest."""

    id: UUID
    kind: TaskKind
    step_id: UUID | None
    due_at: datetime
    not_before: datetime | None
    facts: Mapping[str, str]
