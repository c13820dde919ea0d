"""The team hears of new tasks: in one mail for all of them, and by a webhook for each."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from booking_flow.model.task import TaskKind
from booking_http.settings import SettingsError
from booking_http.web.models import rfc3339
from booking_http.worker.task_notices import TeamNotices
from tests.integration.outbox.test_commands import outbox
from tests.integration.persistence.test_tasks import answered, with_task
from tests.support.receivers import (
    KEY,
    SECRET,
    Authority,
    Office,
    Receiver,
    hooks,
    mail,
    open_office,
    running_postbox,
)

TEAM = "team@agency.test"


async def test_new_tasks_are_told_in_one_mail_and_once(database_url: str) -> None:
    async with (
        running_postbox() as postbox,
        open_office(
            database_url,
            **mail(postbox, agency=None, team_email=TEAM, public_url="https://book.test"),
        ) as office,
    ):
        for _ in range(2):
            await with_task(office.shop, TaskKind.REFUND)
        team = TeamNotices(office.parts)
        postbox.refusal = "450 not now"
        assert await team.mail() == 0
        assert await team.mail() == 0
        postbox.refusal = None
        await office.wait(minutes=3)
        assert await team.mail() == 2
        assert await team.mail() == 0
        (told,) = postbox.mails
        assert postbox.recipients == [TEAM]
        body = told.get_body(("plain",))
        assert body is not None
        words = body.get_content()
        assert "2 new tasks for a person" in words
        assert words.count("refund, due") == 2
        assert "https://book.test/console/tasks" in words


async def test_without_a_team_nobody_is_told(database_url: str) -> None:
    async with running_postbox() as postbox, open_office(database_url, **mail(postbox)) as office:
        assert await TeamNotices(office.parts).mail() == 0
        assert await TeamNotices(office.parts).announce() == 0


@pytest.fixture
async def told_office(
    database_url: str, authority: Authority, receiver: Receiver
) -> AsyncIterator[Office]:
    """Return an office whose team has a webhook, and nobody else has one."""
    settings: dict[str, Any] = {
        "team_webhook_url": receiver.url,
        "team_webhook_secret": SECRET,
        "webhook_allowed_hosts": "localhost",
        "public_url": "https://book.test/",
    }
    async with open_office(database_url, tls=authority.client, **settings) as office:
        yield office


async def test_each_new_task_is_a_signed_webhook_and_once(
    told_office: Office, receiver: Receiver
) -> None:
    known, task = await with_task(told_office.shop, TaskKind.REFUND)
    team = TeamNotices(told_office.parts)
    assert await team.announce() == 1
    assert await team.announce() == 0
    assert await told_office.send() == 1
    (told,) = receiver.got
    assert told.is_signed_with(KEY)
    said = json.loads(told.body)
    assert said["type"] == "task.opened"
    assert said["data"] == {
        "task": str(task.id),
        "kind": "refund",
        "reference": known.reference,
        "dueAt": rfc3339(task.due_at),
        "url": f"https://book.test/console/tasks/{task.id}",
    }


async def test_a_webhook_of_a_task_is_tried_again_listed_and_given_up(
    told_office: Office, receiver: Receiver, database_url: str
) -> None:
    """It opens no task itself, or the team would be told that it cannot be told."""
    known, _ = await with_task(told_office.shop, TaskKind.REFUND)
    await TeamNotices(told_office.parts).announce()
    receiver.answers = [web.Response(status=500), web.Response(status=410)]
    await told_office.send()
    (waiting,) = json.loads((await outbox(database_url, "list", "--json")).stdout)
    assert (waiting["reference"], waiting["kind"], waiting["fate"]) == (
        known.reference,
        "task",
        "waiting",
    )
    await told_office.wait(seconds=7)
    await told_office.send()
    assert len({each.id for each in receiver.got}) == 1
    assert await told_office.fates() == [(1, "dead", "HTTP 410")]
    assert len(await told_office.shop.rows("SELECT 1 FROM staff_tasks")) == 1


async def test_a_task_that_is_done_meanwhile_is_not_told(
    told_office: Office, receiver: Receiver
) -> None:
    known, task = await with_task(told_office.shop, TaskKind.REFUND)
    await TeamNotices(told_office.parts).announce()
    await told_office.shop.write(answered(known, task))
    await told_office.send()
    assert receiver.got == []
    assert await told_office.fates() == [(1, "delivered", "the task is done already")]


async def test_one_address_may_hear_of_tasks_and_of_sessions(
    database_url: str, authority: Authority, receiver: Receiver
) -> None:
    """Each kind is signed with its own secret."""
    other = "whsec_" + "b" * 43
    settings = hooks(receiver) | {
        "team_webhook_url": receiver.url,
        "team_webhook_secret": other,
    }
    async with open_office(database_url, tls=authority.client, **settings) as office:
        await with_task(office.shop, TaskKind.REFUND)
        await TeamNotices(office.parts).announce()
        await office.send()
    types = {json.loads(each.body)["type"]: each.is_signed_with(KEY) for each in receiver.got}
    assert types == {"session.changed": True, "task.opened": False}


@pytest.mark.parametrize(
    "settings",
    [
        {"team_webhook_url": "https://a.test"},
        {"team_webhook_secret": SECRET},
        {"team_webhook_url": "http://a.test", "team_webhook_secret": SECRET},
    ],
)
async def test_a_team_webhook_that_cannot_be_used_is_named(
    database_url: str, settings: dict[str, Any]
) -> None:
    with pytest.raises(SettingsError, match="TEAM_WEBHOOK_URL"):
        async with open_office(database_url, **settings):
            raise AssertionError
