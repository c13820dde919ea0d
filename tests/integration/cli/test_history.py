"""Whether all stored histories fold, asked on the command line and page by page over HTTP."""

from __future__ import annotations

import asyncio
import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from booking_flow.staff.people import Role
from booking_http.cli.main import main
from persistence import history_check
from persistence.database import create_engine, transaction
from persistence.history_check import check_all
from tests.integration.http.conftest import make_service, seeded_url, service, simulator
from tests.support.service import Service
from tests.support.staff import audit, hire, rows

__all__ = ["make_service", "seeded_url", "service", "simulator"]


async def check(url: str, *more: str) -> Result:
    arguments = ["history", "check", *more]
    run = CliRunner().invoke
    return await asyncio.to_thread(run, main, arguments, env={"DATABASE_URL": url})


async def some(service: Service) -> list[str]:
    """Return the ids of three sessions that were priced, in the order of the check."""
    guests = [service.guest() for _ in range(3)]
    for guest in guests:
        await guest.to_priced()
    return sorted(guest.uuid for guest in guests)


async def rewrite(service: Service, session_id: str, column: str, value: str) -> None:
    """Change what nobody may change."""
    async with transaction(service.parts.database) as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for name in ("only_transitions_move", "to_state_known"):
            await connection.execute(
                text(f"ALTER TABLE session_history DROP CONSTRAINT ck_session_history_{name}")
            )
        await connection.execute(
            text(
                f"UPDATE session_history SET {column} = :value"
                " WHERE session_id = CAST(:id AS uuid) AND seq = 1"
            ),
            {"value": value, "id": session_id},
        )


async def test_histories_that_fold_are_counted(service: Service, seeded_url: str) -> None:
    await some(service)
    done = await check(seeded_url)
    assert (done.exit_code, done.output) == (0, "3 sessions with 6 events: 0 do not fold\n")
    assert json.loads((await check(seeded_url, "--json")).output) == {
        "sessions": 3,
        "events": 6,
        "broken": 0,
    }


async def test_an_empty_shop_has_nothing_to_fold(database_url: str) -> None:
    assert (await check(database_url)).output == "0 sessions with 0 events: 0 do not fold\n"


async def test_what_does_not_fold_is_named_and_the_command_fails(
    service: Service, seeded_url: str
) -> None:
    _, bent, _ = await some(service)
    await rewrite(service, bent, "to_state", "booked")
    (row,) = await rows(
        service, "SELECT reference FROM booking_sessions WHERE id = CAST(:id AS uuid)", id=bent
    )
    done = await check(seeded_url)
    assert done.exit_code == 1
    named, counted = done.output.splitlines()
    assert named == f"{row.reference}  {bent}  event 1 (transition) leads to booked"
    assert counted == "3 sessions with 6 events: 1 do not fold"
    first, _ = map(json.loads, (await check(seeded_url, "--json")).output.splitlines())
    assert (first["sessionId"], first["problem"]) == (bent, "event 1 (transition) leads to booked")


async def test_a_word_the_flow_has_forgotten_does_not_stop_the_check(
    service: Service, seeded_url: str
) -> None:
    bent, *_ = await some(service)
    await rewrite(service, bent, "to_state", "dreaming")
    done = await check(seeded_url)
    assert done.exit_code == 1
    assert "a word the flow does not know any more: 'dreaming'" in done.output


async def test_no_more_than_a_page_is_read_at_once(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ends with a full page, too; what moves between two pages is seen whole or not at all."""
    ids = await some(service)
    engine = create_engine(str(service.parts.settings.database_url.get_secret_value()))
    for page, expected in ((1, [1, 1, 1, 0]), (2, [2, 1]), (3, [3, 0])):
        monkeypatch.setattr(history_check, "PAGE", page)
        found = [checked async for checked in check_all(engine)]
        assert [checked.sessions for checked in found] == expected
        assert sum(checked.events for checked in found) == 2 * len(ids)
    await engine.dispose()


async def test_staff_check_page_by_page(service: Service) -> None:
    agent = await hire(service, Role.AGENT)
    first, second, third = await some(service)
    await rewrite(service, third, "to_state", "booked")
    page = (await agent.call("GET", "histories/check?limit=2")).body
    assert page == {"sessions": 2, "events": 4, "broken": [], "next": second}
    rest = (await agent.call("GET", f"histories/check?limit=2&cursor={page['next']}")).body
    assert (rest["sessions"], rest["next"]) == (1, None)
    (broken,) = rest["broken"]
    assert (broken["sessionId"], broken["why"]) == (third, "event 1 (transition) leads to booked")
    assert first not in str(rest)
    assert len(await audit(service, "check_histories")) == 2
    wrong = await agent.call("GET", "histories/check?cursor=nonsense")
    assert (wrong.status, wrong.code) == (400, "bad_request")
    history = (await agent.call("GET", f"sessions/{third}/history")).body
    assert (history["folds"], history["foldedState"]) == (False, None)
