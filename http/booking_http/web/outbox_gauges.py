"""What waits to be sent and what was given up, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge

from booking_http.web.gauges import LookedUpGauges
from persistence.outbox import Backlog, Outbox


class OutboxGauges(LookedUpGauges):
    """Looks the outbox up when asked to, but seldom."""

    def __init__(
        self,
        outbox: Outbox,
        registry: CollectorRegistry,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the outbox, and where to show what it holds."""
        super().__init__(monotonic)
        self._outbox = outbox
        self._parcels = Gauge(
            "booking_outbox_parcels",
            "What is not delivered, by channel: waiting, or given up and waiting for a person.",
            ("channel", "fate"),
            registry=registry,
        )
        self._oldest = Gauge(
            "booking_outbox_oldest_seconds",
            "How long the oldest parcel of a channel has been waiting.",
            ("channel",),
            registry=registry,
        )

    async def _look_up(self) -> None:
        found = await self._outbox.backlogs()
        self._parcels.clear()
        self._oldest.clear()
        for backlog in found:
            self._show(backlog)

    def _show(self, backlog: Backlog) -> None:
        self._parcels.labels(backlog.channel, "waiting").set(backlog.waiting)
        self._parcels.labels(backlog.channel, "dead").set(backlog.dead)
        self._oldest.labels(backlog.channel).set(backlog.oldest.total_seconds())
