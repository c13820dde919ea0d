"""How much of the traffic comes from one address, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge

from booking_http.web.gauges import LookedUpGauges
from persistence.rate_limits import PostgresCaps


class TrafficGauges(LookedUpGauges):
    """Looks up who opens sessions when asked to, but seldom."""

    def __init__(
        self,
        caps: PostgresCaps,
        registry: CollectorRegistry,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the counts, and where to show them."""
        super().__init__(monotonic)
        self._caps = caps
        self._all, self._busiest, self._unknown = (
            Gauge(f"booking_openings_{name}", words, registry=registry)
            for name, words in (
                ("last_hour", "Sessions opened in the last hour."),
                ("busiest_address_last_hour", "Those of the address that opened most of them."),
                ("unknown_proxy_last_hour", "Those that came through a proxy nobody trusts."),
            )
        )

    async def _look_up(self) -> None:
        found = await self._caps.traffic()
        self._all.set(found.openings)
        self._busiest.set(found.of_busiest)
        self._unknown.set(found.by_unknown_proxy)
