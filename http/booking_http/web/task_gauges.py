"""What waits for a person, by kind and age, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge

from booking_flow.model.task import TaskKind
from booking_http.web.gauges import LookedUpGauges
from persistence.task_queries import SupportWork


class TaskGauges(LookedUpGauges):
    """Looks the open tasks up when asked to, but seldom."""

    def __init__(
        self,
        tasks: SupportWork,
        registry: CollectorRegistry,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the queue, and where to show how long it is."""
        super().__init__(monotonic)
        self._tasks = tasks
        self._open = Gauge(
            "booking_tasks_open",
            "Tasks that wait for a person, by kind and by whether they should be answered by now.",
            ("kind", "overdue"),
            registry=registry,
        )
        self._oldest = Gauge(
            "booking_tasks_oldest_seconds",
            "How long the oldest open task of a kind has been waiting; 0 where there is none.",
            ("kind",),
            registry=registry,
        )

    async def _look_up(self) -> None:
        found = {each.kind: each for each in await self._tasks.backlogs()}
        for kind in TaskKind:
            known = found.get(kind)
            self._open.labels(kind, "false").set(known.waiting - known.overdue if known else 0)
            self._open.labels(kind, "true").set(known.overdue if known else 0)
            self._oldest.labels(kind).set(known.oldest.total_seconds() if known else 0)
