"""`booking-flow outbox`: operators see what is stuck, and send it again."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web
from click.testing import CliRunner, Result

from booking_http.cli.main import main
from tests.support.receivers import Office, Receiver


async def outbox(database_url: str | None, *arguments: str) -> Result:
    run, environment = CliRunner().invoke, {"DATABASE_URL": database_url}
    return await asyncio.to_thread(run, main, ["outbox", *arguments], env=environment)


async def test_dead_letters_are_listed_and_sent_again(
    office: Office, receiver: Receiver, database_url: str
) -> None:
    known = await office.shop.selected()
    receiver.answers = [web.Response(status=410)]
    await office.sender.send_due()
    (dead,) = json.loads((await outbox(database_url, "list", "--dead", "--json")).stdout)
    assert (dead["reference"], dead["seq"], dead["fate"]) == (known.reference, 1, "dead")
    assert (dead["error"], dead["nextAttemptAt"]) == ("HTTP 410", None)
    assert len(json.loads((await outbox(database_url, "list", "--json")).stdout)) == 2
    table = (await outbox(database_url, "list")).stdout
    assert "HTTP 410" in table
    assert "waiting" in table
    assert "hidden" not in table
    again = await outbox(database_url, "requeue", known.reference, "--seq", "1")
    assert again.stdout == "1 to be sent again\n"
    await office.send()
    assert (await outbox(database_url, "list")).stdout.strip() == "nothing is waiting"


async def test_a_session_must_be_named_or_all(database_url: str) -> None:
    assert (await outbox(database_url, "requeue")).exit_code == 2
    assert (await outbox(database_url, "requeue", "BF-1", "--all")).exit_code == 2
    assert (await outbox(database_url, "requeue", "--all")).stdout == "0 to be sent again\n"


async def test_without_a_database_it_says_so() -> None:
    found = await outbox(None, "list")
    assert found.exit_code == 1
    assert "DATABASE_URL is not set" in found.output
