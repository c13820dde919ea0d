"""How often a read is repeated, and when the supplier is left alone for a while."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import stamina
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OPENED, OpenedState

from adapters.traveltek.endpoints import GROUPS, Endpoint
from adapters.traveltek.settings import TraveltekSettings
from booking_flow.supplier_errors import FailureKind, SupplierError

T = TypeVar("T")

_TROUBLE = frozenset({FailureKind.NOT_SENT, FailureKind.TIMEOUT, FailureKind.BROKEN})


class NotNow(SupplierError):  # noqa: N818 - named for what it says
    """Not sent, and not worth another attempt: too late, no token, or the breaker is open."""

    def __init__(self, *, endpoint: str, text: str = "") -> None:
        """Say why in `text`."""
        super().__init__(FailureKind.NOT_SENT, endpoint=endpoint, text=text)


class TurnedAway(NotNow):
    """The supplier did nothing, since it wants fewer calls for now; that is no trouble."""


def is_trouble(error: BaseException) -> bool:
    """Whether the supplier, or the way to it, is in trouble; a refusal is an answer."""
    return (
        isinstance(error, SupplierError)
        and not isinstance(error, NotNow)
        and error.kind in _TROUBLE
    )


class Patience:
    """Repeats reads a bounded number of times, behind a circuit breaker per endpoint group."""

    def __init__(self, settings: TraveltekSettings) -> None:
        """Take attempts, waits and thresholds from `settings`."""
        self._settings = settings
        self._breakers = AsyncCircuitBreakerFactory(
            default_threshold=settings.breaker_failures,
            default_ttl=settings.breaker_seconds * settings.time_scale,
            exclude=[(BaseException, lambda error: not is_trouble(error))],
        )

    async def resting(self) -> Sequence[str]:
        """Return the groups of reads whose circuit breaker is open."""
        found = [(group, await self._breakers.get_breaker(group)) for group in GROUPS]
        return [group for group, breaker in found if breaker.context.state == OPENED]

    async def reading(self, endpoint: Endpoint, attempt: Callable[[], Awaitable[T]]) -> T:
        """Run `attempt` until it succeeds or trying again is over."""
        scale = self._settings.time_scale
        async for turn in stamina.retry_context(
            on=is_trouble,
            attempts=self._settings.read_attempts,
            timeout=self._settings.read_retry_window * scale,
            wait_initial=self._settings.retry_wait * scale,
            wait_max=8 * self._settings.retry_wait * scale,
            wait_jitter=self._settings.retry_wait * scale,
        ):
            with turn:
                return await self._guarded(endpoint, attempt)
        raise AssertionError("unreachable")

    async def _guarded(self, endpoint: Endpoint, attempt: Callable[[], Awaitable[T]]) -> T:
        breaker = await self._breakers.get_breaker(endpoint.group)
        try:
            async with breaker:
                return await attempt()
        except OpenedState as opened:
            # The same exception is raised for every call meanwhile and would keep their frames.
            opened.with_traceback(None)
        raise NotNow(endpoint=endpoint.name, text="breaker open")
