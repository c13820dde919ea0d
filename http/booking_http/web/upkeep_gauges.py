"""How far data have come to their end, and how old keys are, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Gauge

from booking_http.web.gauges import LookedUpGauges
from persistence.database import Database
from persistence.encryption import KeyKind
from persistence.key_days import ages_of
from persistence.retention import progress


class UpkeepGauges(LookedUpGauges):
    """Looks the pass of retention and the days of keys up when asked to, but seldom."""

    def __init__(
        self,
        database: Database,
        keys: Mapping[KeyKind, Sequence[str]],
        registry: CollectorRegistry,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the keys of the settings, and where to show what is found."""
        super().__init__(monotonic)
        self._database, self._keys = database, keys
        self._idle = Gauge(
            "booking_retention_idle_seconds",
            "How long ago a process last looked for what is due to go.",
            registry=registry,
        )
        self._began = Gauge(
            "booking_retention_began_timestamp_seconds",
            "When the pass began that is under way, or was the last one.",
            registry=registry,
        )
        self._done = Gauge(
            "booking_retention_pass",
            "What that pass has looked at and found due, which has gone: sessions as a whole, and"
            " calls and quotes.",
            ("what",),
            registry=registry,
        )
        self._age = Gauge(
            "booking_key_age_seconds",
            "How long the current key of each kind has been in use.",
            ("kind",),
            registry=registry,
        )

    async def _look_up(self) -> None:
        found = await progress(self._database)
        self._idle.set(found.idle.total_seconds())
        self._began.set(found.began_at.timestamp())
        for what in ("seen", "sessions", "evidence", "quotes"):
            self._done.labels(what).set(getattr(found.done, what))
        for kind, age in (await ages_of(self._database, self._keys)).items():
            self._age.labels(kind.value).set(age.total_seconds())
