"""The retention drill: years go by, and the tables are as large as the policy says."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from booking_http.cli.main import main
from booking_http.settings import Settings
from persistence.columns import metadata
from persistence.database import execute
from persistence.retention import Pruned, Retention, progress, prune_all, prune_some
from tests.integration.http.conftest import MakeService
from tests.support.processes import environment
from tests.support.service import Guest, Service
from tests.support.staff import in_doubt, rows
from tests.support.waiting import eventually
from tests.support.workers import worker_of

POLICY = Retention(
    quotes=timedelta(days=30),
    evidence=timedelta(days=400),
    drafts=timedelta(days=180),
    bookings=timedelta(days=3650),
)
OF_SESSIONS = ("session_history", "saga_steps", "session_keys", "session_references")


async def command(service: Service, *words: str) -> Result:
    env = environment(service.parts.settings)
    return await asyncio.to_thread(CliRunner().invoke, main, ["prune", *words], env=env)


async def count(service: Service, table: str, guest: Guest) -> int:
    key = "id" if table == "booking_sessions" else "session_id"
    sql = f"SELECT count(*) AS n FROM {table} WHERE {key} = CAST(:id AS uuid)"
    return int((await rows(service, sql, id=guest.uuid))[0].n)


async def paid(service: Service) -> Guest:
    guest = service.guest()
    held = await guest.to_basketed()
    payment = guest.payment(held.body["price"]["total"])
    assert (await guest.book(guest.booking(payment=payment))).status == 201
    return guest


async def pass_of(service: Service, policy: Retention = POLICY, *, dry: bool = False) -> Pruned:
    steps = prune_all(service.parts.database, policy, dry=dry, most=2)
    return [Pruned(), *[each async for each in steps]][-1]


async def later(service: Service, **elapsed: float) -> None:
    """Let it be so much later than now; what has lapsed ended a day after it began."""
    await service.advance(days=1)
    await worker_of(service).drain()
    await service.advance(**elapsed)
    await worker_of(service).drain()


async def test_years_on_the_tables_are_as_large_as_the_policy_says(service: Service) -> None:
    draft, held, booked = service.guest(), service.guest(), await paid(service)
    await draft.to_priced()
    await held.to_basketed()
    doubtful, _ = await in_doubt(service)
    unpaid = service.guest()
    await unpaid.to_booked()
    await later(service, days=60)
    done = await pass_of(service)
    assert (done.seen, done.sessions, done.evidence) == (5, 0, 0)
    assert done.quotes >= 3
    await later(service, days=260)
    dry = await pass_of(service, dry=True)
    assert await count(service, "booking_sessions", draft) == 1
    done = await pass_of(service)
    assert (dry.sessions, dry.evidence) == (done.sessions, done.evidence)
    assert done.sessions == 2
    for guest in (draft, held):
        for table in ("booking_sessions", *OF_SESSIONS, "supplier_calls", "session_quotes"):
            assert await count(service, table, guest) == 0, table
        assert await count(service, "pruned_sessions", guest) == 1
    await later(service, days=260 + 3 * 365)
    done = await pass_of(service)
    assert done.sessions == 0
    assert done.evidence > 0
    assert await count(service, "supplier_calls", booked) == 0
    assert await count(service, "session_history", booked) > 0
    for waits in (doubtful, unpaid):
        assert await count(service, "supplier_calls", waits) > 0, "the task is open still"
    again = await pass_of(service)
    assert (again.sessions, again.evidence, again.quotes) == (0, 0, 0)
    await later(service, days=14 * 365)
    assert (await pass_of(service)).sessions == 1
    for table in ("booking_sessions", "bookings", "booking_payments", *OF_SESSIONS):
        assert await count(service, table, booked) == 0, table
    for waits in (doubtful, unpaid):
        assert await count(service, "booking_sessions", waits) == 1


async def test_every_table_of_sessions_is_emptied(service: Service) -> None:
    """Whatever refers to a session goes with it, also what a later release adds."""
    guest = await paid(service)
    await execute(
        service.parts.database,
        text("CREATE TABLE of_later (id uuid REFERENCES booking_sessions (id))"),
        {},
    )
    await execute(
        service.parts.database, text("INSERT INTO of_later VALUES (:id)"), {"id": guest.uuid}
    )
    await later(service, days=20 * 365)
    assert (await pass_of(service)).sessions == 1
    for table in metadata.sorted_tables:
        if any(key.column.table.name == "booking_sessions" for key in table.foreign_keys):
            assert (await rows(service, f"SELECT count(*) AS n FROM {table.fullname}"))[0].n == 0
    assert (await rows(service, "SELECT count(*) AS n FROM of_later"))[0].n == 0


@pytest.mark.parametrize(
    "early",
    [
        {"evidence": timedelta(days=39)},
        {"drafts": timedelta(days=39)},
        {"bookings": timedelta(days=364)},
        {"quotes": timedelta(hours=23)},
    ],
)
async def test_the_database_deletes_nothing_earlier_than_it_may(
    service: Service, early: dict[str, timedelta]
) -> None:
    with pytest.raises(Exception, match="nothing is deleted so early"):
        await pass_of(service, Retention(**early))


async def test_what_has_no_end_is_kept(service: Service) -> None:
    guest = service.guest()
    await guest.to_priced()
    await later(service, days=3 * 365)
    done = await pass_of(service, Retention())
    assert (done.seen, done.sessions, done.evidence, done.quotes) == (1, 0, 0, 0)


async def test_history_is_still_deleted_by_nobody_else(service: Service) -> None:
    await service.guest().to_priced()
    with pytest.raises(Exception, match="append-only"):
        await execute(service.parts.database, text("DELETE FROM session_history"), {})


async def test_the_background_works_a_few_at_a_time_and_shows_how_far_it_has_come(
    service: Service,
) -> None:
    for _ in range(3):
        await service.guest().to_priced()
    await later(service, days=400)
    database = service.parts.database
    assert await prune_some(database, POLICY, most=2)
    assert not await prune_some(database, POLICY, most=2), "another one has to wait"
    found = await progress(database)
    assert (found.done.seen, found.done.sessions, found.ended_at) == (2, 2, None)
    for seconds in (10, 20):
        await service.advance(days=400, seconds=seconds)
        assert await prune_some(database, POLICY, most=2)
    found = await progress(database)
    assert (found.done.seen, found.done.sessions) == (3, 3)
    assert found.ended_at is not None
    await service.advance(days=400, minutes=30)
    assert not await prune_some(database, POLICY), "a pass rests for an hour"


async def test_a_service_prunes_by_itself(make_service: MakeService) -> None:
    service: Service = await make_service(retain_drafts_days=40)
    await service.guest().to_priced()
    await later(service, days=50)

    async def gone() -> bool:
        return bool((await rows(service, "SELECT count(*) AS n FROM booking_sessions"))[0].n == 0)

    await eventually(gone)


async def test_the_command_counts_and_prunes(service: Service) -> None:
    await service.guest().to_priced()
    await later(service, days=200)
    dry = await command(service, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "of 1 sessions 1 would go as a whole" in dry.output
    assert (await rows(service, "SELECT count(*) AS n FROM booking_sessions"))[0].n == 1
    done = await command(service, "--json")
    told = json.loads(done.stdout[done.stdout.index("{") :])
    assert (told["sessions"], told["dryRun"], "began at" in told["background"]) == (1, False, True)
    assert (await rows(service, "SELECT count(*) AS n FROM booking_sessions"))[0].n == 0


async def test_what_is_gone_is_no_forgotten_claim(
    make_service: MakeService, tmp_path: Path
) -> None:
    service: Service = await make_service(journal_dir=str(tmp_path))
    await service.guest().to_basketed()
    await later(service, days=200)
    assert (await pass_of(service)).sessions == 1
    await service.advance(days=0)
    again: Service = await make_service(journal_dir=str(tmp_path))
    assert (await again.guest().to_basketed()).status == 200
    assert await rows(again, "SELECT 1 FROM forgotten_claims") == []


def test_settings_refuse_too_few_days() -> None:
    given: dict[str, Any] = {"retain_drafts_days": 39}
    with pytest.raises(ValueError, match="0, or at least 40"):
        Settings(**given)
