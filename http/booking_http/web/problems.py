"""Problems (RFC 9457): one table of codes, and the exception that carries one to the client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from booking_flow.errors import Fault, Refusal, RefusalCode
from booking_flow.model.session import Session


class EdgeCode(StrEnum):
    """The codes decided before the core is asked."""

    MALFORMED_JSON = "malformed_json"
    BAD_REQUEST = "bad_request"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TIMEOUT = "request_timeout"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    PRECONDITION_REQUIRED = "precondition_required"
    UNAUTHENTICATED = "unauthenticated"
    SECOND_FACTOR_REQUIRED = "second_factor_required"
    CODE_WRONG = "code_wrong"


TYPE_PREFIX: Final = "/docs#problem-"
MOST_FAULTS: Final = 20
"""How many faults one answer tells; nobody reads more, and each costs more than it took to send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemType:
    """One row of the table: what a code means and what the client can do about it."""

    code: str
    status: int
    title: str
    retryable: bool = False
    """Whether the same request may succeed if it is sent again."""
    next_actions: tuple[str, ...] = ()
    retry_after: int | None = None


def _row(
    code: RefusalCode | EdgeCode,
    status: int,
    title: str,
    *next_actions: str,
    retryable: bool = False,
    retry_after: int | None = None,
) -> ProblemType:
    return ProblemType(
        code=code.value,
        status=status,
        title=title,
        retryable=retryable or retry_after is not None,
        next_actions=next_actions,
        retry_after=retry_after,
    )


_C, _E = RefusalCode, EdgeCode
_TABLE: Final = (
    _row(_E.MALFORMED_JSON, 400, "The body is not JSON"),
    _row(_E.BAD_REQUEST, 400, "The request is not understood"),
    _row(_E.UNAUTHENTICATED, 401, "Nobody is signed in"),
    _row(_E.SECOND_FACTOR_REQUIRED, 401, "A code of the second factor is needed"),
    _row(_C.CARD_DECLINED, 402, "The card was declined", "book", "pay", "cancel"),
    _row(_E.CODE_WRONG, 403, "This is not the code that was mailed, or it has ended", "mail_code"),
    _row(_C.FORBIDDEN, 403, "This is not yours to do"),
    _row(_C.SESSION_NOT_FOUND, 404, "There is no such session", "open_session"),
    _row(_C.CRUISE_NOT_FOUND, 404, "There is no such cruise on sale", "list_cruises"),
    _row(_C.NOT_FOUND, 404, "There is nothing here"),
    _row(_E.METHOD_NOT_ALLOWED, 405, "This method is not possible here"),
    _row(_E.REQUEST_TIMEOUT, 408, "The request took too long to arrive", retryable=True),
    _row(_C.WRONG_STATE, 409, "This is not possible now", "read_session"),
    _row(_C.IN_PROGRESS, 409, "An earlier step is still under way", "read_session", retry_after=2),
    _row(_C.SELECTION_STALE, 409, "The prices have moved on since", "price"),
    _row(_C.RATE_GONE, 409, "This rate is gone", "price"),
    _row(_C.CABIN_GONE, 409, "This cabin is gone", "specific_cabins", "price"),
    _row(_C.CABIN_REQUIRED, 409, "No cabin is chosen yet", "price", "select_cabin"),
    _row(_C.ALREADY_BASKETED, 409, "A cabin is held already", "book", "release_basket"),
    _row(_C.SAILING_MISMATCH, 409, "The supplier offers another sailing", "price", "list_cruises"),
    _row(_C.SOLD_OUT, 409, "This is sold out", "price", "list_cruises"),
    _row(_C.PRICE_CHANGED, 409, "The price has changed", "price", "select_cabin"),
    _row(_C.BASKET_UNPRICED, 409, "The supplier cannot price this cabin now", "price"),
    _row(_C.HOLD_LAPSED, 409, "The cabin is no longer held", "add_to_basket", "price"),
    _row(_C.SESSION_EXPIRED, 410, "The session has expired", "restart"),
    _row(_C.VERSION_MISMATCH, 412, "The session has changed meanwhile", "read_session"),
    _row(_E.BODY_TOO_LARGE, 413, "The body is too large"),
    _row(_E.UNSUPPORTED_MEDIA_TYPE, 415, "The body must be application/json"),
    _row(_C.VALIDATION_FAILED, 422, "Something in the request is not valid"),
    _row(_C.PARTY_INVALID, 422, "This is not a party that can travel"),
    _row(_C.PARTY_MISMATCH, 422, "The travellers are not the party that was priced", "restart"),
    _row(_C.LINE_NOT_BOOKABLE, 422, "This cruise line cannot be booked here", "list_cruises"),
    _row(_C.SAILING_DEPARTED, 422, "This sailing has left", "list_cruises"),
    _row(_C.CARD_INVALID, 422, "The card is not valid"),
    _row(_C.PAYMENT_REQUIRED, 422, "A card is needed to book", "book"),
    _row(_C.IDEMPOTENCY_KEY_REUSED, 422, "This Idempotency-Key was used for another request"),
    _row(_E.PRECONDITION_REQUIRED, 428, "If-Match is required"),
    _row(_C.RATE_LIMITED, 429, "Too many attempts", retry_after=60),
    _row(_C.SUPPLIER_MISCONFIGURED, 502, "The supplier does not know our account"),
    _row(_C.SUPPLIER_ERROR, 502, "The supplier could not do this", retryable=True),
    _row(_C.SUPPLIER_UNAVAILABLE, 503, "The supplier cannot be reached", retry_after=10),
    _row(_C.UNAVAILABLE, 503, "The service cannot do this now", retry_after=5),
    _row(_C.SUPPLIER_TIMEOUT, 504, "The supplier did not answer in time", retry_after=5),
)
PROBLEMS: Final[Mapping[str, ProblemType]] = MappingProxyType({row.code: row for row in _TABLE})


@dataclass(slots=True, kw_only=True)
class Problem(Exception):  # noqa: N818 - a problem is an answer, not an error
    """A refusal on its way to the client; `session_id` is the client's own, if it has one."""

    code: str
    detail: str | None = None
    errors: tuple[Fault, ...] = ()
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    session: Session | None = None
    session_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Tell so many faults at most, and how many there are."""
        if (number := len(self.errors)) > MOST_FAULTS:
            self.errors = self.errors[:MOST_FAULTS]
            self.detail = self.detail or f"{number} things are wrong; {MOST_FAULTS} are told."

    @property
    def row(self) -> ProblemType:
        """Return the table's row for this code."""
        return PROBLEMS[self.code]

    def __str__(self) -> str:
        """Name the code only: details stay out of logs."""
        return self.code


def problem(code: RefusalCode | EdgeCode, detail: str | None = None) -> Problem:
    """Build a problem without field errors."""
    return Problem(code=code.value, detail=detail)


def from_refusal(refusal: Refusal, *, session: Session | None = None) -> Problem:
    """Build the problem a refusal of the core becomes."""
    return Problem(
        code=refusal.code.value,
        detail=refusal.detail,
        errors=refusal.errors,
        facts=refusal.facts,
        session=session,
    )
