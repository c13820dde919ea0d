"""How much of the traffic comes from one address, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from booking_flow.ports import StoreUnavailable
from persistence.rate_limits import PostgresCaps

_LOOKED_UP_EVERY: Final = 10.0


class TrafficGauges:
    """Looks up who opens sessions when asked to, but seldom."""

    def __init__(
        self,
        caps: PostgresCaps,
        registry: CollectorRegistry,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the counts, and where to show them."""
        self._caps = caps
        self._monotonic = monotonic
        self._next = float("-inf")
        self._all, self._busiest, self._unknown = (
            Gauge(f"booking_openings_{name}", words, registry=registry)
            for name, words in (
                ("last_hour", "Sessions opened in the last hour."),
                ("busiest_address_last_hour", "Those of the address that opened most of them."),
                ("unknown_proxy_last_hour", "Those that came through a proxy nobody trusts."),
            )
        )

    async def refresh(self) -> None:
        """Show how it is now; while the database is away, what was known last."""
        if self._monotonic() < self._next:
            return
        self._next = self._monotonic() + _LOOKED_UP_EVERY
        try:
            found = await self._caps.traffic()
        except StoreUnavailable:
            return
        self._all.set(found.openings)
        self._busiest.set(found.of_busiest)
        self._unknown.set(found.by_unknown_proxy)
