"""The team is mailed of new tasks: once for all of them, and again if the mail was not taken."""

from __future__ import annotations

from booking_flow.model.task import TaskKind
from booking_http.worker.task_notices import TeamMail
from tests.integration.persistence.test_tasks import with_task
from tests.support.receivers import mail, open_office, running_postbox

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
        team = TeamMail(office.parts)
        postbox.refusal = "450 not now"
        assert await team.tell() == 0
        assert await team.tell() == 0
        postbox.refusal = None
        await office.wait(minutes=3)
        assert await team.tell() == 2
        assert await team.tell() == 0
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
        assert await TeamMail(office.parts).tell() == 0
