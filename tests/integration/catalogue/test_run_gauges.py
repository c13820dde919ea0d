"""Prometheus learns when sailings last came into the catalogue and how that ended."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from booking_http.service import SERVICE
from booking_http.web.catalogue_gauges import CatalogueGauges
from persistence.database import create_engine
from persistence.sync_runs import PostgresSyncRuns
from persistence.tables.sync_runs import RunKind
from tests.support.service import running_service, running_simulator

REPORT = {"written": 12, "refused": 3}


async def begun(runs: PostgresSyncRuns, kind: str = "sync") -> int:
    facts = {"kind": kind, "source": "a/b", "target": "c/d", "fingerprint": kind}
    return (await runs.begin(**facts, lines=[22, 3], afresh=False)).id


async def test_the_last_run_of_each_kind_shows_in_the_metrics(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1)
    runs = PostgresSyncRuns(engine)
    await runs.end(await begun(runs), "done", REPORT)
    (first,) = await runs.latest()
    await runs.end(await begun(runs), "failed", {"written": 1, "refused": 0})
    await begun(runs, "import")
    last = {run.kind: run for run in await runs.latest()}[RunKind.SYNC]
    await engine.dispose()
    async with (
        running_simulator() as simulator,
        running_service(database_url, simulator) as service,
    ):
        await service.call("GET", "/metrics")
        shown = service.app[SERVICE].looked_up.get_sample_value
    assert first.ended_at is not None
    sync = {"kind": "sync"}
    for name, labels, value in (
        ("started_timestamp_seconds", sync, last.started_at.timestamp()),
        ("succeeded_timestamp_seconds", sync, first.ended_at.timestamp()),
        ("succeeded_timestamp_seconds", {"kind": "import"}, None),
        ("outcome", sync | {"outcome": "failed"}, 1),
        ("outcome", sync | {"outcome": "done"}, 0),
        ("outcome", {"kind": "import", "outcome": "running"}, 1),
        ("rows", sync | {"fate": "written"}, 1),
    ):
        assert shown(f"booking_catalogue_run_{name}", labels) == value, (name, labels)


async def test_it_is_looked_up_seldom_and_remembered_while_the_database_is_away(
    database_url: str,
) -> None:
    engine = create_engine(database_url, pool_size=1, connect_timeout=0.5)
    away = create_engine("postgresql://nobody@127.0.0.1:1/x", pool_size=1, connect_timeout=0.5)
    runs, seconds = PostgresSyncRuns(engine), [0.0]
    registry = CollectorRegistry()
    gauges = CatalogueGauges(runs, registry, lambda: seconds[0])
    await gauges.refresh()
    await runs.end(await begun(runs), "done", REPORT)
    await gauges.refresh()
    assert b'outcome="done"' not in generate_latest(registry)
    seconds[0] = 11
    await gauges.refresh()
    assert b'run_rows{fate="refused",kind="sync"} 3.0' in generate_latest(registry)
    lost = CatalogueGauges(PostgresSyncRuns(away), CollectorRegistry())
    await lost.refresh()
    await engine.dispose()
    await away.dispose()
