"""How the last syncs and imports of the catalogue went, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge

from booking_http.web.gauges import LookedUpGauges
from persistence.sync_runs import PastRun, PostgresSyncRuns
from persistence.tables.sync_runs import RunOutcome


class CatalogueGauges(LookedUpGauges):
    """Looks the last runs up when asked to, but seldom."""

    def __init__(
        self,
        runs: PostgresSyncRuns,
        registry: CollectorRegistry,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the record of runs, and where to show what it says."""
        super().__init__(monotonic)
        self._runs = runs
        self._started, self._succeeded, self._outcome, self._rows = _gauges(registry)

    async def _look_up(self) -> None:
        found = await self._runs.latest()
        for run in found:
            self._show(run)

    def _show(self, run: PastRun) -> None:
        self._started.labels(run.kind).set(run.started_at.timestamp())
        if run.succeeded_at is not None:
            self._succeeded.labels(run.kind).set(run.succeeded_at.timestamp())
        for outcome in RunOutcome:
            self._outcome.labels(run.kind, outcome).set(outcome is run.outcome)
        self._rows.labels(run.kind, "written").set(run.written)
        self._rows.labels(run.kind, "refused").set(run.refused)


def _gauges(registry: CollectorRegistry) -> tuple[Gauge, Gauge, Gauge, Gauge]:
    named = {
        "run_started_timestamp_seconds": ("When the last run of a kind began.", ()),
        "run_succeeded_timestamp_seconds": ("When a run of a kind last ended well.", ()),
        "run_outcome": ("1 for how the last run of a kind ended.", ("outcome",)),
        "run_rows": ("Rows that the last run of a kind wrote and refused.", ("fate",)),
    }
    started, succeeded, outcome, rows = (
        Gauge(f"booking_catalogue_{name}", words, ("kind", *labels), registry=registry)
        for name, (words, labels) in named.items()
    )
    return started, succeeded, outcome, rows
