"""Refusals: every way the service says no, with its facts, and how one is raised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from booking_flow.model.money import Money

if TYPE_CHECKING:
    from booking_flow.model.session import Session


class RefusalCode(StrEnum):
    """The codes of the API's problems that the core decides."""

    CARD_DECLINED = "card_declined"
    SESSION_NOT_FOUND = "session_not_found"
    CRUISE_NOT_FOUND = "cruise_not_found"
    WRONG_STATE = "wrong_state"
    IN_PROGRESS = "in_progress"
    SELECTION_STALE = "selection_stale"
    RATE_GONE = "rate_gone"
    CABIN_GONE = "cabin_gone"
    CABIN_REQUIRED = "cabin_required"
    ALREADY_BASKETED = "already_basketed"
    SOLD_OUT = "sold_out"
    PRICE_CHANGED = "price_changed"
    BASKET_UNPRICED = "basket_unpriced"
    HOLD_LAPSED = "hold_lapsed"
    SESSION_EXPIRED = "session_expired"
    VERSION_MISMATCH = "version_mismatch"
    VALIDATION_FAILED = "validation_failed"
    PARTY_INVALID = "party_invalid"
    PARTY_MISMATCH = "party_mismatch"
    LINE_NOT_BOOKABLE = "line_not_bookable"
    SAILING_DEPARTED = "sailing_departed"
    SAILING_MISMATCH = "sailing_mismatch"
    CARD_INVALID = "card_invalid"
    PAYMENT_REQUIRED = "payment_required"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    RATE_LIMITED = "rate_limited"
    SUPPLIER_MISCONFIGURED = "supplier_misconfigured"
    SUPPLIER_ERROR = "supplier_error"
    SUPPLIER_UNAVAILABLE = "supplier_unavailable"
    SUPPLIER_TIMEOUT = "supplier_timeout"
    UNAVAILABLE = "unavailable"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with the input: where (JSON pointer, RFC 6901) and what; never the value."""

    pointer: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A no that changed nothing; `facts` are extra members of the problem document."""

    code: RefusalCode
    detail: str | None = None
    errors: tuple[Fault, ...] = ()
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def price_changed(*, expected: Money, actual: Money) -> Refusal:
    """Build the refusal for a price the guest has not seen, with both amounts."""
    return Refusal(
        code=RefusalCode.PRICE_CHANGED,
        detail=f"The price is {actual}, not {expected}.",
        facts=MappingProxyType(
            {
                "expected": str(expected.amount),
                "actual": str(actual.amount),
                "currency": actual.currency,
            }
        ),
    )


def invalid(pointer: str, detail: str) -> Refusal:
    """Build the refusal of one field, named by its JSON pointer."""
    fault = Fault(pointer=pointer, detail=detail)
    return Refusal(code=RefusalCode.VALIDATION_FAILED, errors=(fault,))


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """Carries a `Refusal` out of the engine to whoever asked."""

    def __init__(self, refusal: Refusal, *, session: Session | None = None) -> None:
        """Wrap `refusal`; `session` is as it stands after the refusal, where there is one."""
        super().__init__(refusal.code.value)
        self.refusal = refusal
        self.session = session


def refuse(code: RefusalCode, detail: str | None = None, **facts: str) -> Refused:
    """Build the exception for a refusal without field errors."""
    return Refused(Refusal(code=code, detail=detail, facts=MappingProxyType(facts)))
