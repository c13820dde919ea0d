"""Operators see what is due to go, when it was last looked for it, and how old keys are."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, cast

import pytest

from booking_http.cli.doctor.connections import Connections
from booking_http.cli.doctor.findings import DoctorFinding, Level
from booking_http.cli.doctor.upkeep_checks import keys, retention
from booking_http.worker import cleanup
from persistence.retention import prune_some
from tests.integration.http.conftest import MakeService
from tests.support.service import Service
from tests.support.waiting import eventually
from tests.support.workers import worker_of


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Note the days of keys as soon as the service runs, and not once its start is long over."""
    monkeypatch.setattr(cleanup, "START_SECONDS", 0.0)


def connections_of(service: Service) -> Connections:
    nothing = cast("Any", None)
    return Connections(
        settings=service.parts.settings,
        database=service.parts.database,
        pool=nothing,
        reader=nothing,
        redis=None,
    )


async def said_of(service: Service) -> list[DoctorFinding]:
    found: list[DoctorFinding] = []
    await retention(connections_of(service), found.append)
    await keys(connections_of(service), found.append)
    return found


async def measured(service: Service, name: str) -> float:
    text = (await service.call("GET", "/metrics")).body
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found is not None, name
    return float(found[1])


async def test_what_is_due_and_how_old_keys_are_is_told(make_service: MakeService) -> None:
    service: Service = await make_service(retain_drafts_days=180, key_max_days=300)

    async def noted() -> bool:
        return "master 0 days" in (await said_of(service))[1].said

    await eventually(noted)
    await service.guest().to_priced()
    await service.advance(days=1)
    await worker_of(service).drain()
    await service.advance(days=200)
    due, age = await said_of(service)
    assert (due.level, due.said.partition(";")[0]) == (Level.WARNING, "sessions due to go now: 1")
    assert (age.level, "hash 200 days" in age.said) == (Level.OK, True)
    while (await said_of(service))[0].said.startswith("sessions due to go now: 1;"):
        await prune_some(service.parts.database, service.parts.settings.retention())
        await service.advance(days=200, seconds=2)
    due, _ = await said_of(service)
    assert (due.level, due.said.partition(";")[0]) == (Level.OK, "sessions due to go now: 0")
    assert await measured(service, 'booking_retention_pass{what="sessions"}') == 1
    assert await measured(service, "booking_retention_idle_seconds") < 60
    await service.advance(days=301)
    _, age = await said_of(service)
    assert (age.level, "--kind master" in age.todo) == (Level.WARNING, True)


async def test_metrics_tell_how_long_a_key_has_been_in_use(make_service: MakeService) -> None:
    service: Service = await make_service()

    async def noted() -> bool:
        return "hash" in (await said_of(service))[1].said

    await eventually(noted)
    await service.advance(days=3)
    age = await measured(service, 'booking_key_age_seconds{kind="master"}')
    assert timedelta(days=3) <= timedelta(seconds=age) < timedelta(days=4)
    assert (await said_of(service))[0].said == "everything is kept for good"
