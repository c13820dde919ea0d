"""`booking-flow task`: what waits for a person, and taking their answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from booking_http.cli.main import main
from persistence.tables.staff import Role
from persistence.tasks import PostgresTaskStore
from tests.acceptance.processes import environment
from tests.http.conftest import make_service, seeded_url, service, simulator
from tests.http.kit import Guest, Service
from tests.http.staff import hire
from tests.words import told
from tests.worker.kit import clocks_of

__all__ = ["make_service", "seeded_url", "service", "simulator"]

Run = Callable[..., Awaitable[Result]]
PERSONAL = ("Resetafter", "Alexa", "alexa@example.test", "1111")


@pytest.fixture
def run(service: Service, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a way to call `booking-flow task` on the service's database.

    A command sets up the logs of its process, and here that is the process of all tests.
    """
    monkeypatch.setattr("booking_http.runtime.logs.configure_logs", lambda _: None)

    async def run(*arguments: object) -> Result:
        words = ["task", *map(str, arguments)]
        env = environment(service.parts.settings)
        return await asyncio.to_thread(CliRunner().invoke, main, words, env=env)

    return run


@pytest.fixture
async def doubtful(service: Service) -> Guest:
    """Return a guest whose booking was made and never answered."""
    guest = service.guest()
    held = await guest.to_basketed()
    payment = guest.payment(held.body["price"]["total"])
    assert (await guest.book(guest.booking(surname="Resetafter", payment=payment))).status == 202
    return guest


async def listed(run: Run) -> list[dict[str, Any]]:
    done = await run("list", "--json")
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


async def reservation_of(service: Service) -> str:
    return str((await service.simulator.ledger())["bookings"][0]["reservation"])


async def test_a_task_says_what_to_look_for_and_how_to_answer(run: Run, doubtful: Guest) -> None:
    (task,) = await listed(run)
    assert (task["kind"], task["version"]) == ("book_unknown", 1)
    assert task["answers"] == ["reservation", "not_booked"]
    assert task["facts"]["reference"] == (await doubtful.look()).body["reference"]
    shown = (await run("list")).output
    assert task["taskId"] in shown
    assert "'not booked' is accepted from" in shown
    assert told(PERSONAL, shown + json.dumps(task)) == []


async def test_all_there_is_to_know_of_one_task_includes_the_name(
    run: Run, doubtful: Guest
) -> None:
    (task,) = await listed(run)
    found = json.loads((await run("show", task["taskId"])).stdout)
    assert found["lead"] == "Mr Alexa Resetafter"
    assert found["asked"]["step"] == "book"
    assert found["asked"]["from"] < found["asked"]["until"]
    assert "1111" not in json.dumps(found)


async def test_a_reservation_the_line_confirms_settles_the_booking(
    run: Run, service: Service, doubtful: Guest
) -> None:
    (task,) = await listed(run)
    number = await reservation_of(service)
    given = ("answer", task["taskId"], "--version", 1, "--reservation", number, "--as", "ada")
    done = await run(*given)
    assert done.exit_code == 0, done.output
    assert done.output.endswith(" is paid now\n")
    assert (await doubtful.look()).body["booking"]["reservation"] == number
    assert (await run("list")).output == "nothing waits for a person\n"
    again = await run(*given)
    assert again.exit_code == 1
    assert again.output == f"Error: ada answered reservation {number}.\n"


async def test_what_a_colleague_works_on_is_answered_only_on_purpose(
    run: Run, service: Service, doubtful: Guest
) -> None:
    clerk = await hire(service, Role.AGENT, "Ben Agent")
    path = f"tasks/{(await clerk.task())['taskId']}/claim"
    assert (await clerk.call("POST", path, {}, headers={"If-Match": '"1"'})).status == 200
    (task,) = await listed(run)
    number = await reservation_of(service)
    given = ("answer", task["taskId"], "--version", 2, "--reservation", number, "--as", "ada")
    refused = await run(*given)
    assert refused.exit_code == 1
    assert "Ben Agent works on this task; --takeover" in refused.output
    assert (await run(*given, "--takeover")).output.endswith(" is paid now\n")


async def test_a_reservation_of_somebody_else_shows_both_sides(
    run: Run, service: Service, doubtful: Guest
) -> None:
    other = service.guest()
    await other.to_booked()
    bookings = (await service.simulator.ledger())["bookings"]
    (task,) = [one for one in await listed(run) if one["kind"] == "book_unknown"]
    done = await run(
        "answer",
        task["taskId"],
        "--version",
        1,
        "--reservation",
        bookings[-1]["reservation"],
        "--as",
        "ada",
    )
    assert done.exit_code == 1
    assert "lead surname: ours resetafter, the line's example" in done.output
    assert "a supervisor must decide" in done.output
    assert (await doubtful.look()).body["pending"] is not None


async def test_not_booked_is_not_believed_too_early_and_then_leads_back(
    run: Run, service: Service, doubtful: Guest
) -> None:
    (task,) = await listed(run)
    given = ("answer", task["taskId"], "--version", 1, "--not-booked", "--as", "ada")
    early = await run(*given)
    assert early.exit_code == 1
    assert "Not before" in early.output
    await clocks_of(service).advance(timedelta(minutes=40))
    assert (await run(*given)).exit_code == 0
    assert (await doubtful.look()).body["state"] == "cabin_selected"


async def test_of_two_who_answer_the_second_hears_who_was_first(run: Run, service: Service) -> None:
    """Also where no step says that it is over, as for a price that differs."""
    guest = service.guest()
    await guest.to_basketed()
    assert (await guest.book(guest.booking(surname="Pricediffers"))).status == 201
    (task,) = await listed(run)
    answer = ("answer", task["taskId"], "--version", 1, "--done", "--note", "told the guest")
    assert (await run(*answer, "--as", "ada")).exit_code == 0
    second = await run(*answer, "--as", "ben")
    assert (second.exit_code, second.output) == (1, "Error: ada answered done.\n")
    stored = await PostgresTaskStore(service.parts.database).task(task["taskId"])
    assert stored is not None
    assert (stored.version, stored.closed_by) == (2, "ada")


async def test_one_answer_is_asked_for(run: Run) -> None:
    done = await run("answer", "00000000-0000-0000-0000-000000000001", "--version", 1, "--as", "a")
    assert done.exit_code == 2
    assert "give one answer" in done.output


async def test_a_task_nobody_opened_is_said_plainly(run: Run) -> None:
    nobody = "00000000-0000-0000-0000-000000000001"
    shown = await run("show", nobody)
    assert (shown.exit_code, shown.output) == (1, f"Error: there is no task {nobody}\n")
    done = await run("answer", nobody, "--version", 1, "--done", "--as", "ada")
    assert (done.exit_code, done.output) == (1, "Error: This task is not known.\n")
