"""What an exchange amounts to: an answer, a refusal, or silence (traveltek.md, section 1).

An effect is believed to be refused only in the supplier's own words. What a gateway in front of it
may say (401, 403, 404, 405, 429, a redirect, a page) tells nothing of whether the supplier acted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from adapters.traveltek.decode import NotJson, decode
from adapters.traveltek.endpoints import Endpoint
from adapters.traveltek.errors import kind_of
from adapters.traveltek.evidence import Seen
from adapters.traveltek.parse_envelope import Envelope, Erroneous, ErrorItem, envelope
from adapters.traveltek.parse_values import OtherCurrency, Unreadable, node
from adapters.traveltek.settings import TraveltekSettings
from adapters.traveltek.timeouts import TurnedAway
from adapters.traveltek.wire import Answer, WireFailure
from booking_flow.supplier_errors import FailureKind, SupplierError

T = TypeVar("T")

_WRONG_ADDRESS = frozenset({404, 405})
_WRONG_CREDENTIALS = frozenset({400, 401, 403})


class BadToken(SupplierError):  # noqa: N818 - named for what was refused
    """The token was refused and nothing was done: a new one may be tried."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the exchanges of one endpoint."""

    endpoint: Endpoint
    settings: TraveltekSettings
    seen: Seen

    def answer(self, got: Answer | WireFailure, read: Callable[[Envelope], T]) -> T:
        """Return what `read` makes of the answer, or raise what kind of failure it is."""
        self.seen.answered(got)
        if isinstance(got, WireFailure):
            raise self._error(got.kind)
        if not self.endpoint.effect:
            self._check_status_of_read(got.status)
        elif got.status in self.settings.turning_away_statuses:
            raise self._error(FailureKind.NOT_SENT)
        found = self._envelope(got)
        if self._token_refused(got.status, found):
            raise self._refusal(found.errors if found else (), BadToken)
        if found is None or not self._believed(got.status, found):
            raise self._error(FailureKind.BROKEN)
        return self._read(found, read)

    def token(self, got: Answer | WireFailure, read: Callable[[object], T]) -> T:
        """Return what `read` makes of the flat answer of token.pl (traveltek.md, section 2)."""
        self.seen.answered(got)
        if isinstance(got, WireFailure):
            raise self._error(got.kind)
        if got.status in _WRONG_CREDENTIALS:
            raise self._error(FailureKind.MISCONFIGURED)
        self._check_status_of_read(got.status)
        found = self._envelope(got)
        if found is not None and found.errors:
            raise self._refusal(found.errors)
        try:
            content = node(decode(got.body))
            self.seen.understood(content)
            return read(content)
        except (NotJson, Unreadable):
            raise self._error(FailureKind.BROKEN) from None

    def _check_status_of_read(self, status: int) -> None:
        if status in _WRONG_ADDRESS:
            raise self._error(FailureKind.MISCONFIGURED)
        if status in self.settings.busy_statuses:
            raise TurnedAway(endpoint=self.endpoint.name, text="too many requests")
        if status >= 500:
            raise self._error(FailureKind.BROKEN)

    def _envelope(self, got: Answer) -> Envelope | None:
        try:
            found = envelope(decode(got.body))
        except (NotJson, Unreadable):
            return None
        self.seen.understood(found.body)
        return found

    def _believed(self, status: int, found: Envelope) -> bool:
        """Whether an answer is the supplier's, whatever stands between it and us."""
        if self.endpoint.effect and (status >= 500 or (found.errors and not found.own)):
            return False
        return status < 300 or bool(found.errors)

    def _token_refused(self, status: int, found: Envelope | None) -> bool:
        """Whether it names the token as its only trouble, and tells of nothing done."""
        if self.endpoint.effect and (found is None or not found.own or status >= 500):
            return False
        if found is not None and found.acted:
            return False
        codes = {error.code for error in found.errors} if found else set()
        refused = not codes.isdisjoint(self.settings.bad_token_codes)
        return refused or (not self.endpoint.effect and status in self.settings.bad_token_statuses)

    def _read(self, found: Envelope, read: Callable[[Envelope], T]) -> T:
        try:
            return read(found)
        except Erroneous as refused:
            errors = refused.errors
        except OtherCurrency:
            raise self._error(FailureKind.OTHER_CURRENCY) from None
        except Unreadable:
            raise self._error(FailureKind.BROKEN) from None
        except Exception as fault:
            # An answer in hand is evidence of what was done, even where reading it fails.
            self.seen.stumbled(fault)
            raise self._error(FailureKind.BROKEN) from None
        raise self._refusal(errors)

    def _refusal(
        self, errors: tuple[ErrorItem, ...], kind: type[SupplierError] = SupplierError
    ) -> SupplierError:
        kinds = {self._kind(error): error for error in reversed(errors)}
        told = next(iter(errors), ErrorItem(None, ""))
        reason = self._kind(told)
        for telling in (FailureKind.ALREADY_DONE, FailureKind.SESSION_EXPIRED):
            if telling in kinds:
                reason, told = telling, kinds[telling]
                break
        if kind is BadToken:
            reason = FailureKind.TOKEN_REFUSED
        name, words = self.endpoint.name, self.seen.safe(told.text)
        return kind(reason, endpoint=name, code=told.code, text=words)

    def _kind(self, error: ErrorItem) -> FailureKind:
        return kind_of(error, endpoint=self.endpoint.name, settings=self.settings)

    def _error(self, kind: FailureKind) -> SupplierError:
        return SupplierError(kind, endpoint=self.endpoint.name)
