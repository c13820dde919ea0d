"""What several processes count is added up, and falls for none that ends."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from booking_http.web.metric_sums import MetricSums


def told(*, bookings: int, under_way: int) -> str:
    """Return what one process shows."""
    registry = CollectorRegistry()
    Counter("bookings", "Made.", ("how",), registry=registry).labels("by card").inc(bookings)
    Gauge("under_way", "Now.", registry=registry).set(under_way)
    Histogram("seconds", "Of an answer.", buckets=(1, 5), registry=registry).observe(bookings)
    return generate_latest(registry).decode()


def shown(sums: MetricSums) -> dict[str, float]:
    """Return the samples as Prometheus gets them."""
    registry = CollectorRegistry()
    registry.register(sums)
    lines = generate_latest(registry).decode().splitlines()
    pairs = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name: float(value) for name, _, value in pairs}


def test_counts_gauges_and_buckets_are_added_and_moments_left_out() -> None:
    sums = MetricSums()
    sums.tell(1, told(bookings=2, under_way=3))
    sums.tell(2, told(bookings=9, under_way=4))
    assert shown(sums) == {
        'bookings_total{how="by card"}': 11,
        "under_way": 7,
        'seconds_bucket{le="1.0"}': 0,
        'seconds_bucket{le="5.0"}': 1,
        'seconds_bucket{le="+Inf"}': 2,
        "seconds_count": 2,
        "seconds_sum": 11,
    }


def test_what_an_ended_process_counted_stays_and_what_it_had_under_way_goes() -> None:
    sums = MetricSums()
    for _ in range(2):
        sums.tell(1, told(bookings=2, under_way=3))
        sums.forget(1)
        sums.forget(1)
    sums.tell(1, told(bookings=1, under_way=1))
    found = shown(sums)
    assert found['bookings_total{how="by card"}'] == 5
    assert found["seconds_count"] == 3
    assert found["under_way"] == 1


def test_what_a_process_counts_replaces_what_it_told_before() -> None:
    sums = MetricSums()
    for bookings in (2, 5):
        sums.tell(1, told(bookings=bookings, under_way=0))
    assert shown(sums)['bookings_total{how="by card"}'] == 5
