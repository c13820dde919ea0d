"""The record of syncs and imports forgets what nobody will look at."""

from sqlalchemy import text

from persistence.database import Database, execute, fetch_one
from persistence.sync_runs import PostgresSyncRuns

MANY = text(
    """
    INSERT INTO catalogue.sync_runs (kind, fingerprint, source, target, lines, outcome, started_at,
                                     touched_at, written, refused)
    SELECT 'sync', 'f', 'a', 'b', '{22}', 'done', now() - interval '1 day', now(), 0, 0
    FROM generate_series(1, 1100)
    """
)
COUNT = text("SELECT count(*) AS number, max(id) AS last FROM catalogue.sync_runs")


async def test_a_thousand_runs_are_kept(engine: Database) -> None:
    await execute(engine, MANY)
    runs = PostgresSyncRuns(engine)
    facts = {"kind": "import", "fingerprint": "g", "source": "a", "target": "b"}
    begun = await runs.begin(**facts, lines=[22], afresh=False)
    found = await fetch_one(engine, COUNT)
    assert found is not None
    assert (found.number, found.last) == (1001, begun.id)
    assert {run.kind for run in await runs.latest()} == {"sync", "import"}


async def test_a_run_that_reached_nothing_is_not_gone_on_with(engine: Database) -> None:
    runs = PostgresSyncRuns(engine)
    facts = {"kind": "sync", "fingerprint": "f", "source": "a", "target": "b"}
    first = await runs.begin(**facts, lines=[22], afresh=False)
    second = await runs.begin(**facts, lines=[22], afresh=False)
    assert second.id != first.id
    await runs.reach(second.id, "219", {"written": 3, "refused": 0, "faults": []})
    third = await runs.begin(**facts, lines=[22], afresh=False)
    assert (third.id, third.reached) == (second.id, "219")
    assert third.report == {"written": 3, "refused": 0, "faults": []}
    assert (
        await runs.begin(**facts | {"fingerprint": "g"}, lines=[22], afresh=False)
    ).id > third.id
    assert (await runs.begin(**facts, lines=[22], afresh=True)).reached is None
