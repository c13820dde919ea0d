"""Settings of the Traveltek client; every unknown of traveltek.md, section 10 it meets is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType

from adapters.traveltek.endpoints import Endpoint
from booking_flow.model.party import PartyRules

_LIMITS = MappingProxyType(
    {
        "token": 15.0,
        "cruiseresults": 30.0,
        "cruisecabingrades": 45.0,
        "cruisecabins": 20.0,
        "cruisecabingradebreakdown": 15.0,
        "basketadd": 30.0,
        "basket": 15.0,
        "basketremove": 15.0,
        "book": 60.0,
        "payment": 45.0,
        "cruiseimportbooking": 30.0,
        "cruiseshipdetails": 20.0,
    }
)


NO_AUTHCODE_WORDS = frozenset(
    {
        "cancelled",
        "declined",
        "denied",
        "error",
        "failed",
        "failure",
        "false",
        "invalid",
        "n/a",
        "none",
        "not",
        "null",
        "pending",
        "refer",
        "referred",
        "refused",
        "rejected",
        "timeout",
        "unknown",
        "void",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraveltekSettings:
    """Where the supplier is, who we are there, and how patient we are; secrets never print."""

    base_url: str
    sid: str
    username: str = field(repr=False)
    password: str = field(repr=False)
    language: str = "en"
    line_ids: tuple[int, ...] = (22, 3)
    """The search asks for all of them, so that a wrong line in our catalogue shows."""

    limits: Mapping[str, float] = field(default_factory=lambda: _LIMITS)
    """Seconds a call may take, by endpoint."""
    connect_limit: float = 10.0
    time_scale: float = 1.0
    """Scales every limit and wait; tests make it small."""
    max_response_bytes: int = 8 * 1024 * 1024
    max_connections: int = 200
    """Connections for reads, and as many for effects."""
    connection_wait: float = 2.0
    """Seconds an effect waits for a connection while all are in use."""

    read_attempts: int = 3
    read_retry_window: float = 30.0
    """A read is not tried again after this many seconds: a slow answer will not be quick then."""
    retry_wait: float = 0.25
    breaker_failures: int = 8
    breaker_seconds: float = 15.0

    token_margin: float = 60.0
    """A token is renewed this many seconds before it ends."""
    token_life_default: float = 3600.0
    """Used when `expires_in` cannot be read (traveltek.md, section 2)."""
    bad_token_codes: frozenset[int] = frozenset({3000, 3002})
    bad_token_statuses: frozenset[int] = frozenset({401})
    expired_session_codes: frozenset[int] = frozenset({169})
    expired_session_words: str = r"session\b.*\b(expired|timed out|no longer)"
    stale_codes: frozenset[int] = frozenset({105, 137})
    """The `resultno` is not the latest (traveltek.md, section 1)."""
    sold_out_codes: frozenset[int] = frozenset()
    sold_out_words: str = r"sold out|no longer available|no cabins? (is|are) (left|available)"
    not_in_basket_codes: frozenset[int] = frozenset({152})
    already_booked_words: str = r"already\b.*\b(booked|paid|processed)|duplicate (booking|payment)"
    """By these words an error says that the very thing that was asked for has been done."""
    send_internal_reference: bool = False
    """Whether book.pl carries our reference as `internalref`."""
    terms_field: str = ""
    """The member of a price row or a rate code that holds the terms of a rate; empty reads none."""
    booked_words: frozenset[str] = frozenset({"booked"})
    """The words of status, case-folded, that mean booked; any other is a doubt."""
    no_authcode_words: frozenset[str] = NO_AUTHCODE_WORDS
    """Words in lower case that stand where an authcode should and say that there is none."""
    incomplete_codes: frozenset[int] = frozenset({201})
    """book.pl misses something about a traveller (traveltek.md, section 1)."""
    incomplete_words: str = r"\b(title|nationality|smoking)\b"
    busy_statuses: frozenset[int] = frozenset({429})
    """Statuses by which a read is turned away for now."""
    busy_attempts: int = 8
    """How often a read is sent that is turned away each time."""
    busy_wait: float = 1.0
    """How long nothing is sent after that, where the answer does not say."""
    busy_wait_longest: float = 60.0
    queue_limit: float = 20.0
    """Seconds a read waits for its turn."""
    reads_at_once: int = 64
    calls_per_second: float | None = None
    """What the account may ask for, where that is known; otherwise it is found out."""
    turning_away_statuses: frozenset[int] = frozenset()
    """Statuses by which a gateway certainly turned an effect away before the supplier acted.

    Nobody knows that of any (traveltek.md, section 10), so each is a doubt unless it stands here.
    """
    unknown_booking_words: str = (
        r"not (be )?found|no (such )?booking|does not exist|unable to (find|retrieve)"
    )
    window_days: int = 30
    """The search covers this many days around the sailing (traveltek.md, section 3)."""
    party: PartyRules = field(default_factory=PartyRules)
    """By which ages guests are infants or children; the rule that bookings are checked by."""
    smoking: str = "N"
    table_size: str = "0"

    def limit(self, endpoint: Endpoint) -> float:
        """Return how many seconds a call to `endpoint` may take."""
        return self.limits[endpoint.name] * self.time_scale

    @property
    def connecting(self) -> float:
        """Return how many seconds connecting may take."""
        return self.connect_limit * self.time_scale

    def url(self, endpoint: Endpoint) -> str:
        """Return the address of `endpoint`, without a query."""
        return f"{self.base_url.rstrip('/')}/{endpoint.name}.pl"

    @property
    def account(self) -> str:
        """Return a name for this account that tells nothing about it."""
        who = "\0".join((self.base_url, self.sid, self.username))
        return sha256(who.encode()).hexdigest()[:32]
