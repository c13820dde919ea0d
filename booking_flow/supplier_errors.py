"""Why a call to the supplier gave no answer, and whether it certainly did nothing."""

from __future__ import annotations

from enum import StrEnum


class FailureKind(StrEnum):
    """Why a supplier call gave no answer; `certain` failures did not reach or did not act."""

    REJECTED = "rejected"
    """A business error in the envelope: it understood and did nothing."""
    STALE = "stale"
    """The `resultno` is no longer the latest (105, 137): ask for grades again."""
    SOLD_OUT = "sold_out"
    """The last cabin of the grade, or the chosen cabin, went to somebody else."""
    NOT_IN_BASKET = "not_in_basket"
    """The item is not, or no longer, in the supplier's basket (152)."""
    ALREADY_DONE = "already_done"
    """It says that what was asked for has been done already: perhaps by this very call."""
    INCOMPLETE = "incomplete"
    """book.pl misses something about a traveller, such as the lead's title (201)."""
    SESSION_EXPIRED = "session_expired"
    """The supplier session is over; it cannot be revived."""
    MISCONFIGURED = "misconfigured"
    """HTTP 404: wrong sid, endpoint or verb (traveltek.md, section 1)."""
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - it is no secret
    """Its own envelope refuses the token and tells of nothing done (3000, 3002)."""
    NOT_SENT = "not_sent"
    """No connection, breaker open, or the deadline passed before sending."""
    TIMEOUT = "timeout"
    """Sent, and no answer in time."""
    BROKEN = "broken"
    """Sent, and the answer was cut off, unreadable, HTML or a 5xx."""
    ABANDONED = "abandoned"
    """The process that asked is gone; whether it had sent is not known."""
    OTHER_CURRENCY = "other_currency"
    """Understood, but priced in a currency we did not ask for."""


_CERTAIN = frozenset(
    {
        FailureKind.REJECTED,
        FailureKind.STALE,
        FailureKind.SOLD_OUT,
        FailureKind.NOT_IN_BASKET,
        FailureKind.INCOMPLETE,
        FailureKind.SESSION_EXPIRED,
        FailureKind.MISCONFIGURED,
        FailureKind.TOKEN_REFUSED,
        FailureKind.NOT_SENT,
    }
)
_UNHEARD = frozenset({FailureKind.NOT_SENT, FailureKind.TOKEN_REFUSED})


class SupplierError(Exception):
    """A call without a usable answer. Names the endpoint, never a URL (it holds secrets)."""

    def __init__(
        self,
        kind: FailureKind,
        *,
        endpoint: str,
        code: int | None = None,
        text: str = "",
    ) -> None:
        """Describe the failure; `code` and `text` are the supplier's own words."""
        super().__init__(f"{endpoint}: {kind.value}" + (f" {code}" if code is not None else ""))
        self.kind = kind
        self.endpoint = endpoint
        self.code = code
        self.text = text

    @property
    def certain(self) -> bool:
        """Whether the supplier certainly did not act."""
        return self.kind in _CERTAIN

    @property
    def sent(self) -> bool:
        """Whether the request can have got further than a check of who asks."""
        return self.kind not in _UNHEARD
