"""The audit is sealed in a chain, and what is changed behind our back is found."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from structlog.testing import capture_logs

from booking_flow.staff.people import Role
from booking_http.cli.main import main
from persistence.audit_chain import seal_some, verify
from persistence.database import execute
from tests.support.service import Service
from tests.support.staff import Clerk, hire, rows

NOW = timedelta(0)


async def command(service: Service, *words: str) -> Result:
    env = {"DATABASE_URL": service.parts.settings.database_url.get_secret_value()}
    return await asyncio.to_thread(CliRunner().invoke, main, ["audit", "verify", *words], env=env)


async def a_day(service: Service) -> tuple[Clerk, str]:
    """Let a supervisor look and act, and seal it in two seals; return the last digest."""
    clerk, guest = await hire(service, Role.SUPERVISOR), service.guest()
    await guest.to_priced()
    await clerk.found("Nobody")
    await clerk.read(guest.uuid)
    assert await seal_some(service.parts.database, age=NOW) > 2
    assert (await clerk.act(guest.uuid, "note", reason="she called")).status == 200
    assert await seal_some(service.parts.database, age=NOW) > 0
    found = await verify(service.parts.database)
    assert (found.seals, found.broken, found.unsealed) == (2, None, 0)
    return clerk, found.digest


async def owner_runs(service: Service, sql: str) -> None:
    """Do what only the owner of the tables can: switch the triggers off, and change something."""
    for statement in (
        "ALTER TABLE staff_audit DISABLE TRIGGER USER",
        "ALTER TABLE audit_seals DISABLE TRIGGER USER",
        sql,
    ):
        await execute(service.parts.database, text(statement), {})


async def test_a_chain_that_holds_is_said_to(service: Service) -> None:
    clerk, digest = await a_day(service)
    done = await command(service, "--expect", digest)
    assert done.exit_code == 0, done.output
    assert "2 seals over" in done.output
    assert f"last digest: {digest}" in done.output
    await clerk.found("Somebody")
    assert "1 to seal" in (await command(service)).output


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE staff_audit SET name = 'Somebody else' WHERE action = 'search'",
        "UPDATE staff_audit SET reason = 'something else' WHERE reason IS NOT NULL",
        "UPDATE staff_audit SET session_ids = '{}' WHERE action = 'read_session'",
        "UPDATE staff_audit SET at = at + interval '1 second' WHERE action = 'search'",
        "DELETE FROM staff_audit WHERE action = 'search'",
        "DELETE FROM staff_audit WHERE id = (SELECT max(id) FROM staff_audit)",
        "DELETE FROM audit_seals WHERE number = 1",
        "UPDATE audit_seals SET digest = sha256('x') WHERE number = 1",
    ],
)
async def test_what_is_changed_is_found(service: Service, change: str) -> None:
    await a_day(service)
    await owner_runs(service, change)
    done = await command(service)
    assert (done.exit_code, "are not those it was made of" in done.output) == (1, True), done.output


async def test_a_chain_that_was_cut_lacks_the_digest_of_the_log(service: Service) -> None:
    _, digest = await a_day(service)
    await owner_runs(service, "DELETE FROM audit_seals WHERE number = 2")
    assert (await command(service)).exit_code == 0
    cut = await command(service, "--expect", digest)
    assert (cut.exit_code, "does not have the digest" in cut.output) == (1, True)


async def test_a_reason_that_was_taken_out_breaks_nothing(service: Service) -> None:
    clerk, _ = await a_day(service)
    (line,) = await rows(service, "SELECT session_ids FROM staff_audit WHERE reason IS NOT NULL")
    session_id = str(line.session_ids[0])
    (event,) = await rows(service, "SELECT seq FROM session_history WHERE reason IS NOT NULL")
    taken_out = await clerk.act(session_id, "redact", text=f"event-{event.seq}")
    assert taken_out.status == 200, taken_out
    assert await rows(service, "SELECT 1 FROM staff_audit WHERE reason = '[redacted]'")
    assert (await verify(service.parts.database)).broken is None


async def test_each_line_and_each_seal_goes_to_the_log(service: Service) -> None:
    clerk = await hire(service, Role.AGENT)
    await clerk.found("Quillfeather")
    with capture_logs() as lines:
        await seal_some(service.parts.database, age=NOW)
    told = [line for line in lines if line["event"] == "audit"]
    assert [line["action"] for line in told if line["name"] == clerk.name] == ["search"]
    (seal,) = [line for line in lines if line["event"] == "audit_sealed"]
    assert seal["digest"] == (await verify(service.parts.database)).digest
    assert "Quillfeather" not in str(lines)


async def test_lines_that_may_still_be_overtaken_wait(service: Service) -> None:
    clerk = await hire(service, Role.AGENT)
    await clerk.found("Nobody")
    assert await seal_some(service.parts.database) == 0
    await service.advance(minutes=2)
    assert await seal_some(service.parts.database) > 0
