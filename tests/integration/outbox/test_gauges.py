"""Prometheus learns what waits to be sent, for how long, and what was given up."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from booking_http.web.outbox_gauges import OutboxGauges
from persistence.database import create_engine
from persistence.outbox import Outbox
from tests.support.receivers import mail, open_office, running_postbox


async def test_what_waits_and_what_was_given_up_is_measured(database_url: str) -> None:
    seconds, registry = [0.0], CollectorRegistry()
    async with (
        running_postbox() as postbox,
        open_office(database_url, **mail(postbox, agency=None)) as office,
    ):
        gauges = OutboxGauges(office.sender.outbox, registry, lambda: seconds[0])

        def parcels(fate: str) -> float | None:
            labels = {"channel": "mail:guest", "fate": fate}
            return registry.get_sample_value("booking_outbox_parcels", labels)

        await office.shop.booked()
        await office.wait(minutes=3)
        await gauges.refresh()
        oldest = registry.get_sample_value(
            "booking_outbox_oldest_seconds", {"channel": "mail:guest"}
        )
        assert (parcels("waiting"), parcels("dead")) == (1, 0)
        assert oldest is not None
        assert oldest >= 180
        postbox.refusal = "550 nobody here"
        await office.send()
        await gauges.refresh()
        assert parcels("waiting") == 1
        seconds[0] = 11
        await gauges.refresh()
        assert (parcels("waiting"), parcels("dead")) == (0, 1)
        await office.sender.outbox.requeue()
        postbox.refusal = None
        await office.send()
        seconds[0] = 22
        await gauges.refresh()
        assert parcels("waiting") is None


async def test_while_the_database_is_away_the_last_figures_stay() -> None:
    away = create_engine("postgresql://nobody@127.0.0.1:1/x", pool_size=1, connect_timeout=0.5)
    gauges = OutboxGauges(Outbox(away), CollectorRegistry())
    await gauges.refresh()
    await away.dispose()
