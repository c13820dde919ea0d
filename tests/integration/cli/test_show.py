"""`booking-flow session show`: everything that happened, nothing personal."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet
from sqlalchemy import text

from booking_flow.errors import Refusal, RefusalCode
from booking_flow.model.session import Session
from booking_flow.model.step import StepName, StepStatus
from booking_flow.model.task import StaffTask, TaskKind
from booking_http.cli.main import main
from booking_http.staff.timeline import timeline
from persistence.database import create_engine, execute
from persistence.encryption import Vault
from persistence.sessions import PostgresSessionStore
from persistence.task_queries import SupportWork
from tests.support.changes import NOW, call, claimed, settled
from tests.support.store import Shop
from tests.support.text import told

MORE = text(
    """
    INSERT INTO session_history (session_id, seq, at, kind, to_state, actor_kind, details)
    SELECT session_id, seq + n, at, 'edited', to_state, actor_kind, '{}'
    FROM (SELECT * FROM session_history WHERE session_id = :id ORDER BY seq DESC LIMIT 1) AS last,
         generate_series(1, 1500) AS n
    """
)
PERSONAL = (
    "Quillfeather",
    "Wilhelmina",
    "example.test",
    "Gooseberry",
    "1980-02-29",
    "1111",
    "sk-1",
)


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    engine = create_engine(database_url, pool_size=1)
    vault = Vault([Fernet.generate_key().decode()], search_keys=[b"h" * 32])
    yield Shop(engine, PostgresSessionStore(engine, vault, "host-1"))
    await engine.dispose()


async def shown(database_url: str | None, *arguments: str) -> Result:
    environment = {"DATABASE_URL": database_url}
    run = CliRunner().invoke
    return await asyncio.to_thread(run, main, ["session", "show", *arguments], env=environment)


async def json_of(database_url: str, session: Session) -> dict[str, Any]:
    done = await shown(database_url, session.reference, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def of_kind(kind: str, found: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in found["timeline"] if each["kind"] == kind]


async def test_a_booking_is_shown_with_its_money_and_its_history(
    shop: Shop, database_url: str
) -> None:
    """State with its label, sailing, party, reservation, amounts, and each event in order."""
    booked = await shop.booked()
    done = await shown(database_url, booked.reference)
    assert done.exit_code == 0, done.output
    for words in (
        f"Booked, unpaid (booked), version {booked.version}",
        "2190294 7 Night Western Caribbean, 2031-03-07",
        "2 adults, children aged 8, 1",
        "F9WZ03 (Booked)",
        "3006.56 USD",
        "500.00 USD",
        "2506.56 USD",
        "What happened (",
        "Book at the line",
        "Cabin held → Booked, unpaid",
        "Tasks (0)",
    ):
        assert words in done.output
    assert "\x1b" not in done.output


async def test_a_long_history_is_shown_whole(shop: Shop, database_url: str) -> None:
    booked = await shop.booked()
    await execute(shop.engine, MORE, {"id": booked.id})
    found = await json_of(database_url, booked)
    assert [event["seq"] for event in of_kind("event", found)] == list(range(booked.version + 1501))


async def test_no_personal_and_no_card_data_is_printed(shop: Shop, database_url: str) -> None:
    """Neither names nor addresses, birth dates, card digits or supplier session keys."""
    booked = await shop.booked()
    for arguments in ((booked.reference,), (booked.reference, "--json")):
        done = await shown(database_url, *arguments)
        assert told(PERSONAL, done.output) == []


async def test_json_tells_the_story_as_the_api_of_the_staff_does(
    shop: Shop, database_url: str
) -> None:
    booked = await shop.booked()
    found = await json_of(database_url, booked)
    session, tasks = booked.id, await SupportWork(shop.engine).tasks_of(booked.id)
    wanted = [each.model_dump(mode="json") for each in await timeline(shop.engine, session, tasks)]
    assert found["timeline"] == [each | {"request": None, "response": None} for each in wanted]
    last = of_kind("event", found)[-1]
    assert (last["what"], last["trigger"], last["actor"]) == ("transition", "book", "guest")
    assert (last["fromState"], last["toState"]) == ("basketed", "booked")


async def test_an_unknown_outcome_shows_step_call_and_task(shop: Shop, database_url: str) -> None:
    """What staff need at 3 a.m.: which step hangs, what the supplier said, what to do by when."""
    booking = await shop.booking()
    assert booking.open_step is not None
    task = StaffTask(
        id=uuid4(),
        kind=TaskKind.BOOK_UNKNOWN,
        step_id=booking.open_step.id,
        due_at=NOW,
        not_before=NOW,
        facts={},
    )
    failed = call(
        endpoint="book", outcome="broken", duration=60.25, http_status=500, error_code=3002
    )
    await shop.commit(settled(booking, StepStatus.UNKNOWN).plus(tasks=(task,)), calls=[failed])
    done = await shown(database_url, booking.reference)
    assert "book, unknown since" in done.output
    assert "unusable answer" in done.output
    assert "HTTP 500, error 3002" in done.output
    assert "Task: " in done.output
    assert "Tasks (1)" in done.output
    assert "book_unknown" in done.output


async def test_a_refused_step_shows_why(shop: Shop, database_url: str) -> None:
    open_now = await shop.write(claimed(await shop.selected(), StepName.ADD_TO_BASKET))
    refusal = Refusal(code=RefusalCode.SOLD_OUT)
    await shop.write(settled(open_now, StepStatus.REFUSED, refusal=refusal))
    (step,) = of_kind("step", await json_of(database_url, open_now))
    assert (step["outcome"], step["facts"]["refusal"]) == ("refused", "sold_out")
    done = await shown(database_url, open_now.reference)
    assert "This is sold out" in done.output


async def test_a_step_under_way_shows_its_owner_and_lease(shop: Shop, database_url: str) -> None:
    held, booking = of_kind("step", await json_of(database_url, await shop.booking()))
    assert (booking["outcome"], booking["facts"]["owner"]) == ("started", "host-1")
    assert datetime.fromisoformat(booking["facts"]["leaseUntil"]) > datetime.fromisoformat(
        booking["at"]
    )
    assert "owner" not in held["facts"]


async def test_a_reference_is_found_however_it_is_typed(shop: Shop, database_url: str) -> None:
    created = await shop.created()
    assert (await shown(database_url, created.reference.lower())).exit_code == 0


async def test_an_unknown_reference_is_said_plainly(database_url: str) -> None:
    done = await shown(database_url, "BF-NOWHERE1")
    assert done.exit_code == 1
    assert done.output == "Error: there is no session with the reference BF-NOWHERE1\n"


async def test_without_a_database_it_says_what_is_missing(tmp_path: object) -> None:
    done = await shown(None, "BF-NOWHERE1", "--home", str(tmp_path))
    assert done.exit_code == 1
    assert "DATABASE_URL is not set" in done.output


async def test_an_unreachable_database_is_said_plainly() -> None:
    done = await shown("postgresql://nobody:hidden@127.0.0.1:9/none", "BF-NOWHERE1")
    assert done.exit_code == 1
    assert "the database cannot be reached" in done.output
    assert "hidden" not in done.output
