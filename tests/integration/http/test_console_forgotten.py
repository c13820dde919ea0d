"""Staff see, take and close what was asked for a session that the database has forgotten."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from booking_flow.staff.people import Role
from tests.support.console import at_desk
from tests.support.database_moments import go_back, keep_moment
from tests.support.service import Json, Service
from tests.support.staff import Clerk, audit, hire
from tests.support.waiting import eventually

TASKS = "/console/tasks"


@pytest.fixture
async def service(make_service: Any, tmp_path: Path) -> Service:
    """Run a service that has noticed that its database forgot a session with a hold."""
    made: Service = await make_service(journal_dir=str(tmp_path / "journal"))
    await keep_moment(made.parts.database)
    await made.guest().to_basketed()
    await go_back(made.parts.database)

    async def entered() -> bool:
        return bool(await made.parts.maintenance.tasks.open_tasks())

    await eventually(entered)
    return made


async def the_task(clerk: Clerk) -> Json:
    task = await clerk.task()
    assert (task["kind"], task["state"], task["stateLabel"]) == ("forgotten", None, "Forgotten")
    return task


async def test_it_stands_in_the_queue_without_a_session(service: Service) -> None:
    clerk = await hire(service, Role.AGENT)
    task = await the_task(clerk)
    assert task["answers"] == ["done"]
    assert task["facts"]["reference"] == task["reference"]
    overview = await clerk.call("GET", "tasks?kind=forgotten")
    assert [each["taskId"] for each in overview.body["tasks"]] == [task["taskId"]]
    assert (await clerk.call("GET", f"sessions/{task['sessionId']}")).code == "session_not_found"


async def test_it_is_claimed_handed_back_and_closed(service: Service) -> None:
    clerk, other = await hire(service, Role.AGENT), await hire(service, Role.AGENT)
    task = await the_task(clerk)
    path = f"tasks/{task['taskId']}"

    async def act(who: Clerk, what: str, version: int) -> Any:
        return await who.call(
            "POST", f"{path}/{what}", {"reason": "mine"}, headers={"If-Match": f'"{version}"'}
        )

    assert (await act(clerk, "claim", 1)).status == 200
    assert (await act(other, "claim", 2)).status == 409
    assert (await act(clerk, "hand-back", 2)).status == 200
    assert (await clerk.answer(task, "done")).status == 412
    now = await the_task(other)
    wrong = await other.answer(now, "not_booked")
    assert (wrong.status, wrong.code) == (422, "validation_failed")
    reply = await other.answer(now, "done")
    assert (reply.status, reply.body["taskId"], reply.body["answer"]) == (
        200,
        task["taskId"],
        "done",
    )
    assert (await clerk.call("GET", "tasks")).body["tasks"] == []
    lines = await audit(service, "answer_task")
    assert {str(line.task_id) for line in lines} == {task["taskId"]}


async def test_its_page_shows_what_the_journal_knows(service: Service) -> None:
    visitor = await at_desk(service, Role.AGENT, "Ada Agent")
    queue = await visitor.get(TASKS)
    (path,) = set(re.findall(rf"{TASKS}/[0-9a-f-]{{36}}(?=\")", queue.html))
    assert "/console/sessions/" not in queue.html
    page = await visitor.get(path)
    for words in ("Forgotten by the database", "Wonder of the Seas", "Forgotten"):
        assert words in page.words, words
    answered = await visitor.send(page, f"{path}/answer", kind="done", reason="let go by hand")
    assert (answered.status, answered.location) == (303, TASKS)
    assert path not in (await visitor.get(TASKS)).html
    assert (await audit(service, "read_task"))[0].name == "Ada Agent"
