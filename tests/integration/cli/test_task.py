"""`booking-flow task`: what waits for a person, and taking their answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from booking_flow.staff.people import Role
from booking_http.cli.main import main
from persistence.statements import Row
from persistence.tasks import PostgresTaskStore
from tests.integration.http.conftest import make_service, seeded_url, service, simulator
from tests.support.processes import environment
from tests.support.service import Guest, Service
from tests.support.staff import Clerk, audit, hire
from tests.support.text import told
from tests.support.workers import clocks_of

__all__ = ["make_service", "seeded_url", "service", "simulator"]

Run = Callable[..., Awaitable[Result]]
OPERATOR = ("--as-operator", "ada")
PERSONAL = ("Resetafter", "Alexa", "alexa@example.test", "1111")


@pytest.fixture
def run(service: Service, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a way to call `booking-flow task` on the service's database.

    A command sets up the logs of its process, and here that is the process of all tests.
    """
    monkeypatch.setattr("booking_http.runtime.logs.configure_logs", lambda _: None)

    async def run(*arguments: object, **more: str) -> Result:
        words = ["task", *map(str, arguments)]
        env = environment(service.parts.settings) | more
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
    found = json.loads((await run("show", task["taskId"], *OPERATOR)).stdout)
    assert found["lead"] == "Mr Alexa Resetafter"
    assert found["asked"]["step"] == "book"
    assert found["asked"]["from"] < found["asked"]["until"]
    assert "1111" not in json.dumps(found)


async def test_a_reservation_the_line_confirms_settles_the_booking(
    run: Run, service: Service, doubtful: Guest
) -> None:
    (task,) = await listed(run)
    number = await reservation_of(service)
    given = (
        "answer",
        task["taskId"],
        "--version",
        1,
        "--reservation",
        number,
        *OPERATOR,
    )
    done = await run(*given)
    assert done.exit_code == 0, done.output
    assert done.output.endswith(" is paid now\n")
    assert (await doubtful.look()).body["booking"]["reservation"] == number
    assert (await run("list")).output == "nothing waits for a person\n"
    again = await run(*given)
    assert again.exit_code == 1
    assert again.output == f"Error: ada (operator) answered reservation {number} first.\n"


async def test_what_a_colleague_works_on_is_answered_only_on_purpose(
    run: Run, service: Service, doubtful: Guest
) -> None:
    clerk = await hire(service, Role.AGENT, "Ben Agent")
    path = f"tasks/{(await clerk.task())['taskId']}/claim"
    assert (await clerk.call("POST", path, {}, headers={"If-Match": '"1"'})).status == 200
    (task,) = await listed(run)
    number = await reservation_of(service)
    given = (
        "answer",
        task["taskId"],
        "--version",
        2,
        "--reservation",
        number,
        *OPERATOR,
    )
    refused = await run(*given)
    assert refused.exit_code == 1
    assert "Ben Agent works on this task; take it over if need be." in refused.output
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
        *OPERATOR,
    )
    assert done.exit_code == 1
    assert "lead surname: ours resetafter, the line's example" in done.output
    assert "a supervisor must decide" in done.output
    assert (await doubtful.look()).body["pending"] is not None


async def test_not_booked_is_not_believed_too_early_and_then_leads_back(
    run: Run, service: Service, doubtful: Guest
) -> None:
    (task,) = await listed(run)
    given = ("answer", task["taskId"], "--version", 1, "--not-booked", *OPERATOR)
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
    (task,) = (each for each in await listed(run) if each["kind"] == "price_mismatch")
    answer = ("answer", task["taskId"], "--version", 1, "--done", "--note", "told the guest")
    assert (await run(*answer, *OPERATOR)).exit_code == 0
    second = await run(*answer, "--as-operator", "ben")
    assert (second.exit_code, second.output) == (1, "Error: ada (operator) answered done first.\n")
    stored = await PostgresTaskStore(service.parts.database).task(task["taskId"])
    assert stored is not None
    assert (stored.version, stored.closed_by) == (2, "ada (operator)")


async def test_one_answer_is_asked_for(run: Run) -> None:
    done = await run("answer", "00000000-0000-0000-0000-000000000001", "--version", 1, *OPERATOR)
    assert done.exit_code == 2
    assert "give one answer" in done.output


async def test_a_note_never_holds_a_card_number(run: Run, service: Service) -> None:
    words = ("--version", 1, "--done", "--note", "card 4111 1111 1111 1111", *OPERATOR)
    done = await run("answer", "00000000-0000-0000-0000-000000000001", *words)
    assert (done.exit_code, "must not hold a card number" in done.output) == (2, True)
    assert await audit(service, "answer_task") == []


async def test_a_task_nobody_opened_is_said_plainly(run: Run) -> None:
    nobody = "00000000-0000-0000-0000-000000000001"
    shown = await run("show", nobody, *OPERATOR)
    assert (shown.exit_code, shown.output) == (1, f"Error: there is no task {nobody}\n")
    done = await run("answer", nobody, "--version", 1, "--done", *OPERATOR)
    assert (done.exit_code, done.output) == (1, "Error: There is no such task.\n")


async def test_nobody_answers_or_looks_without_saying_who_they_are(
    run: Run, service: Service, doubtful: Guest
) -> None:
    """A name alone opens nothing, and neither does a token of nobody's."""
    (task,) = await listed(run)
    asked = ("answer", task["taskId"], "--version", 1, "--reservation", "F1", "--supervisor")
    for words in (("show", task["taskId"]), asked):
        assert (await run(*words)).exit_code == 2
        unknown = await run(*words, STAFF_TOKEN="made up")
        assert (unknown.exit_code, "a token of no account" in unknown.output) == (1, True)
    assert (await run(*asked, "--as", "nobody-at-all")).exit_code == 2
    assert (await doubtful.look()).body["pending"] is not None
    assert await audit(service, "answer_task") == []


async def test_an_account_answers_by_its_role_and_is_on_record(
    run: Run, service: Service, doubtful: Guest
) -> None:
    (task,) = await listed(run)
    number = await reservation_of(service)
    given = ("answer", task["taskId"], "--version", 1, "--reservation", number, "--note", "asked")
    viewer = token_of(await hire(service, Role.VIEWER))
    assert "needs the role agent" in (await run(*given, STAFF_TOKEN=viewer)).output
    assert "needs the role agent" in (await run("show", task["taskId"], STAFF_TOKEN=viewer)).output
    agent = await hire(service, Role.AGENT, "Ben Agent")
    overriding = await run(*given, "--supervisor", STAFF_TOKEN=token_of(agent))
    assert "Only a supervisor overrides the line's record." in overriding.output
    assert (await run("show", task["taskId"], STAFF_TOKEN=token_of(agent))).exit_code == 0
    done = await run(*given, STAFF_TOKEN=token_of(agent))
    assert done.output.endswith(" is paid now\n")
    (look,) = await audit(service, "read_task")
    (line,) = await audit(service, "answer_task")
    for entry in (look, line):
        assert (entry.name, str(entry.task_id)) == ("Ben Agent", task["taskId"])
        assert entry.account_id is not None
        assert [str(each) for each in entry.session_ids] == [doubtful.uuid]
    assert (line.reason, facts_of(line)["answer"]) == ("asked", f"reservation {number}")


async def test_an_operator_is_on_record_as_such(
    run: Run, service: Service, doubtful: Guest
) -> None:
    """Also where what they wanted was refused."""
    (task,) = await listed(run)
    given = ("answer", task["taskId"], "--version", 1, "--reservation", "F0NOWHERE")
    assert (await run(*given, *OPERATOR)).exit_code == 1
    assert (await run(*given, "--supervisor", *OPERATOR)).exit_code == 0
    lines = await audit(service, "answer_task")
    assert [facts_of(line).get("refused") for line in lines] == ["wrong_state", None]
    assert {(line.name, line.account_id) for line in lines} == {("ada (operator)", None)}


def token_of(clerk: Clerk) -> str:
    return clerk.headers["Authorization"].removeprefix("Bearer ")


def facts_of(line: Row) -> dict[str, str]:
    facts: dict[str, str] = json.loads(line.facts)
    return facts
