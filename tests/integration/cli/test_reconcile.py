"""`booking-flow reconcile`: what a database has forgotten, compared with journal and line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from booking_flow.errors import Refused
from booking_flow.runtime.recovery import Recovery
from booking_flow.unit_of_work import CHANGED
from booking_http.cli.main import main
from booking_http.cli.reconciliation import CANNOT_FIND
from tests.integration.http.conftest import make_service, seeded_url, service, simulator
from tests.support.database_moments import go_back, keep_moment
from tests.support.processes import environment
from tests.support.service import Guest, Service, Simulator, running_service
from tests.support.staff import audit
from tests.support.text import told

__all__ = ["make_service", "seeded_url", "service", "simulator"]

Run = Callable[..., Awaitable[Result]]
PERSONAL = ("Example", "Alexa", "alexa@example.test", "1111")
YESTERDAY = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def run(service: Service, journal: Path) -> Run:
    """Return a way to call `booking-flow reconcile` beside a service that keeps no journal."""

    async def run(*arguments: object, **more: str) -> Result:
        words = ["reconcile", *map(str, arguments)]
        env = environment(service.parts.settings) | {"JOURNAL_DIR": str(journal)} | more
        return await asyncio.to_thread(CliRunner().invoke, main, words, env=env)

    return run


@pytest.fixture
async def forgotten(
    service: Service, seeded_url: str, simulator: Simulator, journal: Path
) -> Guest:
    """Return a guest whose booking the database has forgotten; another's it never had to."""
    async with running_service(seeded_url, simulator, journal_dir=str(journal)) as journaling:
        await journaling.guest().to_booked()
        guest = journaling.guest()
        await guest.to_basketed()
        await keep_moment(service.parts.database)
        assert (await guest.book()).status == 201
    await go_back(service.parts.database)
    guest.service = service
    return guest


async def facts(run: Run, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = await run(*arguments, "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    return done.exit_code, found


async def test_a_database_that_remembers_everything_is_well(
    run: Run, seeded_url: str, simulator: Simulator, journal: Path
) -> None:
    async with running_service(seeded_url, simulator, journal_dir=str(journal)) as journaling:
        await journaling.guest().to_booked()
    done = await run("--since", YESTERDAY)
    assert done.exit_code == 0, done.output
    assert "0 claims were forgotten; 0 wait to be entered, of 0 the outcome is open" in done.output
    assert "agrees" in done.output
    assert CANNOT_FIND in done.output


async def test_what_is_forgotten_is_entered_and_listed(
    run: Run, service: Service, forgotten: Guest
) -> None:
    status, found = await facts(run)
    assert (status, found["compared"], found["waiting"], found["open"]) == (1, True, 0, 1)
    (claim,) = found["claims"]
    assert (claim["sessionId"], claim["step"]) == (forgotten.uuid, "book")
    assert (claim["enteredAs"], claim["outcome"]) == ("step", "done")
    made = (await service.simulator.ledger())["bookings"][-1]["reservation"]
    assert claim["reservation"] == made
    assert (await forgotten.look()).body["pending"]["outcome"] == "unknown"
    again = await run()
    assert (again.exit_code, again.output.count(made)) == (1, 1)
    assert told(PERSONAL, again.output + json.dumps(found)) == []


async def test_the_line_is_asked_for_every_reservation_that_is_known(
    run: Run, forgotten: Guest, service: Service
) -> None:
    _, found = await facts(run, "--since", YESTERDAY)
    known, lost = found["reservations"]
    assert (known["inDatabase"], known["status"], known["said"]) == (True, "Booked", "agrees")
    assert lost["inDatabase"] is False
    assert lost["said"] == "the line has it, and the database has not entered it"
    assert lost["reference"] == (await forgotten.look()).body["reference"]
    _, later = await facts(run, "--since", "2099-01-01T00:00")
    assert later["reservations"] == []
    await service.simulator.fault("cruiseimportbooking.pl", "http_500", times=None)
    _, silent = await facts(run, "--since", YESTERDAY)
    assert [each["said"] for each in silent["reservations"]] == ["cannot be asked: broken"] * 2


async def test_what_cannot_be_entered_is_left_to_staff_when_somebody_says_so(
    run: Run, service: Service, forgotten: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def not_now(*_: Any) -> None:
        raise Refused(CHANGED)

    monkeypatch.setattr(Recovery, "forgotten", not_now)
    done = await run()
    assert (done.exit_code, "1 wait to be entered" in done.output) == (1, True)
    assert (await forgotten.book()).code == "unavailable"
    assert (await run("--accept")).exit_code == 2
    done = await run("--accept", "--as-operator", "ada")
    assert "1 left to staff" in done.output
    assert "0 wait to be entered, of 1 the outcome is open" in done.output
    (line,) = await audit(service, "accept_forgotten")
    assert (line.name, [str(each) for each in line.session_ids]) == (
        "ada (operator)",
        [forgotten.uuid],
    )
    # Its own session stays shut until staff have closed the task; all others sell.
    assert (await forgotten.book()).status == 202
    await service.guest().to_booked()
    assert len((await service.simulator.ledger())["bookings"]) == 3


async def test_without_a_journal_it_says_that_nothing_was_compared(run: Run) -> None:
    done = await run(JOURNAL_DIR="")
    assert done.exit_code == 0, done.output
    assert "JOURNAL_DIR is not set: nothing was compared here." in done.output
