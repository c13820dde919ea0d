"""What operators measure, for Prometheus; labels are route templates, never addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class CountsUnread(Protocol):
    """Who knows which members of answers could not be read."""

    @property
    def unread(self) -> Mapping[str, int]:
        """Return how often, by member."""


class UnreadMembers(Collector):
    """Shows what of the supplier's answers could not be read, when asked."""

    def __init__(self, supplier: CountsUnread) -> None:
        """Take who counts."""
        self._supplier = supplier

    def collect(self) -> Iterator[Metric]:
        """Yield one count for each member."""
        found = CounterMetricFamily(
            "booking_supplier_unread",
            "Members of answers that say which sailing, party or cabin they are about, unreadable.",
            labels=("member",),
        )
        for member, times in self._supplier.unread.items():
            found.add_metric((member,), times)
        yield found


class Metrics:
    """The service's own instruments, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "booking_request_seconds",
            "Time until an answer, by route and status.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.problems = Counter(
            "booking_problems_total",
            "Refused requests, by code.",
            ("code",),
            registry=self.registry,
        )
        self.forwarded_ignored = Counter(
            "booking_forwarded_ignored_total",
            "Requests whose proxy is not trusted, or does not name its client readably.",
            ("why",),
            registry=self.registry,
        )
        self.openings_over_cap = Counter(
            "booking_openings_over_cap_total",
            "Openings beyond CAP_OPENINGS_PER_ADDRESS, and what became of them.",
            ("fate",),
            registry=self.registry,
        )
        self.calls_waiting = Gauge(
            "booking_supplier_calls_waiting",
            "Calls of this process that wait for their turn at the supplier.",
            registry=self.registry,
        )
        self.turned_away = Gauge(
            "booking_supplier_turned_away",
            "How often the supplier has wanted fewer calls since this process began.",
            registry=self.registry,
        )
        self.crowded = Gauge(
            "booking_supplier_connections_used_up",
            "How many holds, bookings, payments and releases were not sent since all connections "
            "to the supplier were in use.",
            registry=self.registry,
        )
        self.streams = Gauge(
            "booking_event_streams", "Event streams that are open.", registry=self.registry
        )
        self.in_flight = Gauge(
            "booking_requests_in_flight", "Requests under way.", registry=self.registry
        )

        self.waiting_answers = Gauge(
            "booking_answers_waiting",
            "Answers of the supplier that this process cannot write for now.",
            registry=self.registry,
        )
        self.unjournaled_claims = Gauge(
            "booking_claims_unjournaled",
            "Lines that this process could not bring to the journal of claims in time.",
            registry=self.registry,
        )
        self.work = Counter(
            "booking_work_total",
            "Pieces of work that ended, by kind and outcome.",
            ("job", "outcome"),
            registry=self.registry,
        )
        self.working = Gauge(
            "booking_work_in_progress",
            "Pieces of work under way, by kind.",
            ("job",),
            registry=self.registry,
        )

    def began(self, job: str) -> None:
        """Count a piece of work that is under way."""
        self.working.labels(job).inc()

    def ended(self, job: str, outcome: str) -> None:
        """Count a piece of work that has ended, and how."""
        self.working.labels(job).dec()
        self.work.labels(job, outcome).inc()

    def observe(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self.requests.labels(method, route, str(status)).observe(seconds)
