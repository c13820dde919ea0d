"""Who works on which task: claimed, handed back, taken over, and answered only once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from booking_flow.staff.people import Role
from booking_http.web.task_gauges import TaskGauges
from persistence.database import create_engine
from persistence.task_queries import SupportWork
from tests.support.service import Json, Reply, Service
from tests.support.staff import WHY, Clerk, audit, hire, in_doubt


@pytest.fixture
async def ada(service: Service) -> Clerk:
    """Return an agent."""
    return await hire(service, Role.AGENT, "Ada Example")


@pytest.fixture
async def ben(service: Service) -> Clerk:
    """Return another agent."""
    return await hire(service, Role.AGENT, "Ben Example")


async def ask(clerk: Clerk, task: Json, what: str, **fields: Any) -> Reply:
    path, tag = f"tasks/{task['taskId']}/{what}", {"If-Match": f'"{task["version"]}"'}
    return await clerk.call("POST", path, fields, headers=tag)


async def test_a_claim_names_who_works_on_a_task_and_since_when(
    service: Service, ada: Clerk, ben: Clerk
) -> None:
    guest, _ = await in_doubt(service)
    task = await ada.task()
    assert (task["claimedBy"], task["claimedAt"]) == (None, None)
    claimed = await ask(ada, task, "claim")
    assert (claimed.status, claimed.body["claimedBy"]) == (200, ada.name)
    assert claimed.headers["ETag"] == f'"{claimed.body["version"]}"'
    seen = await ben.task()
    assert seen == claimed.body
    assert seen["version"] == task["version"] + 1
    (entry,) = await audit(service, "claim_task")
    assert (entry.name, str(entry.task_id)) == (ada.name, task["taskId"])
    told = (await ben.read(guest.uuid))["timeline"]
    assert [each["name"] for each in told if each["what"] == "claim_task"] == [ada.name]


async def test_of_two_who_claim_one_is_told_who_was_first(
    service: Service, ada: Clerk, ben: Clerk
) -> None:
    await in_doubt(service)
    task = await ada.task()
    both = await asyncio.gather(ask(ada, task, "claim"), ask(ben, task, "claim"))
    (won,) = [reply for reply in both if reply.status == 200]
    (lost,) = [reply for reply in both if reply.status != 200]
    assert (lost.status, lost.code) == (412, "version_mismatch")
    assert lost.body["detail"] == f"{won.body['claimedBy']} works on this task now."


async def test_what_a_colleague_works_on_is_answered_only_by_taking_it_over(
    service: Service, ada: Clerk, ben: Clerk
) -> None:
    _, reservation = await in_doubt(service)
    held = (await ask(ada, await ada.task(), "claim")).body
    found = {"reservation": reservation}
    refused = await ben.answer(held, "reservation", **found)
    assert (refused.status, refused.code) == (409, "wrong_state")
    assert (refused.body["claimedBy"], refused.body["claimedAt"]) == (ada.name, held["claimedAt"])
    assert await audit(service, "answer_task") == []
    done = await ben.answer(held, "reservation", takeover=True, **found)
    assert (done.status, done.body["state"]) == (200, "booked")


async def test_ones_own_task_is_answered_at_the_version_of_the_claim(
    service: Service, ada: Clerk, ben: Clerk
) -> None:
    _, reservation = await in_doubt(service)
    before = await ada.task()
    held = (await ask(ada, before, "claim")).body
    for clerk in (ada, ben):
        stale = await clerk.answer(before, "reservation", reservation=reservation)
        assert (stale.status, stale.code) == (412, "version_mismatch")
    assert (await ada.answer(held, "reservation", reservation=reservation)).status == 200
    late = await ask(ada, held, "claim")
    assert (late.status, late.code) == (412, "version_mismatch")
    assert late.body["detail"] == f"{ada.name} answered reservation {reservation}."


async def test_a_task_is_taken_over_with_a_reason(service: Service, ada: Clerk, ben: Clerk) -> None:
    await in_doubt(service)
    held = (await ask(ada, await ada.task(), "claim")).body
    assert (await ask(ben, held, "claim")).code == "wrong_state"
    silent = await ask(ben, held, "claim", takeover=True)
    assert (silent.status, silent.pointers) == (422, ["/reason"])
    taken = await ask(ben, held, "claim", takeover=True, reason=WHY)
    assert (taken.status, taken.body["claimedBy"]) == (200, ben.name)
    again = await ask(ben, taken.body, "claim")
    assert (again.status, again.body["claimedBy"]) == (200, ben.name)
    entries = await audit(service, "claim_task")
    assert [(entry.name, entry.reason) for entry in entries] == [
        (ada.name, None),
        (ben.name, WHY),
        (ben.name, None),
    ]


async def test_a_task_is_handed_back_by_its_owner_or_a_supervisor(
    service: Service, ada: Clerk, ben: Clerk
) -> None:
    await in_doubt(service)
    nobodys = await ask(ada, await ada.task(), "hand-back")
    assert (nobodys.status, nobodys.code) == (409, "wrong_state")
    held = (await ask(ada, await ada.task(), "claim")).body
    assert (await ask(ben, held, "hand-back")).code == "wrong_state"
    free = await ask(ada, held, "hand-back", reason=WHY)
    assert (free.status, free.body["claimedBy"]) == (200, None)
    held = (await ask(ada, free.body, "claim")).body
    supervisor = await hire(service, Role.SUPERVISOR)
    assert (await ask(supervisor, held, "hand-back")).body["claimedAt"] is None
    stale = await ask(ada, held, "hand-back")
    assert (stale.status, stale.code) == (412, "version_mismatch")
    assert len(await audit(service, "hand_back_task")) == 2


async def test_a_cancellation_that_a_colleague_works_on_is_theirs_to_end(
    service: Service, ada: Clerk, ben: Clerk
) -> None:
    guest = service.guest()
    await guest.to_booked()
    await ada.act(guest.uuid, "cancel")
    await ask(ada, await ada.task(), "claim")
    refused = await ben.act(guest.uuid, "confirm-cancellation")
    assert (refused.status, refused.code) == (409, "wrong_state")
    assert refused.body["claimedBy"] == ada.name
    assert (await ada.act(guest.uuid, "confirm-cancellation")).status == 200


@pytest.mark.parametrize("what", ["claim", "hand-back"])
async def test_a_viewer_works_on_nothing_and_nobody_without_the_version_seen(
    service: Service, ada: Clerk, what: str
) -> None:
    await in_doubt(service)
    viewer, task = await hire(service, Role.VIEWER), await ada.task()
    refused = await ask(viewer, task, what)
    assert (refused.status, refused.code) == (403, "forbidden")
    blind = await ada.call("POST", f"tasks/{task['taskId']}/{what}", {})
    assert (blind.status, blind.code) == (428, "precondition_required")
    nowhere = task | {"taskId": "00000000-0000-7000-8000-000000000000"}
    assert (await ask(ada, nowhere, what)).code == "not_found"


async def test_tasks_are_filtered_and_counted(service: Service, ada: Clerk, ben: Clerk) -> None:
    doubtful, _ = await in_doubt(service)
    booked = service.guest()
    await booked.to_booked()
    await ada.act(booked.uuid, "cancel")
    mine = (await ask(ada, await ada.task(), "claim")).body

    async def listed(clerk: Clerk, query: str) -> list[str]:
        reply = await clerk.call("GET", f"tasks?{query}")
        assert reply.status == 200, reply
        return [task["kind"] for task in reply.body["tasks"]]

    assert await listed(ada, "kind=cancel_with_line") == ["cancel_with_line"]
    assert await listed(ada, "mine=true") == [mine["kind"]] == ["book_unknown"]
    assert await listed(ben, "mine=true") == []
    assert await listed(ben, "overdue=true") == []
    assert len(await listed(ben, "mine=false")) == 2
    counted = await ada.call("GET", "tasks/counts")
    assert counted.body == {"waiting": 2, "overdue": 0, "mine": 1}
    await service.advance(hours=5)
    assert len(await listed(ben, "overdue=true")) == 2
    assert (await ben.call("GET", "tasks/counts")).body == {"waiting": 2, "overdue": 2, "mine": 0}
    assert (await ada.call("GET", "tasks?kind=nonsense")).status == 400
    assert mine["sessionId"] == doubtful.uuid


async def test_what_waits_for_people_is_measured_by_kind_and_age(service: Service) -> None:
    seconds, registry = [0.0], CollectorRegistry()
    gauges = TaskGauges(SupportWork(service.parts.database), registry, lambda: seconds[0])

    async def measured(overdue: str) -> float | None:
        await gauges.refresh()
        seconds[0] += 11
        labels = {"kind": "book_unknown", "overdue": overdue}
        return registry.get_sample_value("booking_tasks_open", labels)

    assert await measured("false") == 0
    await in_doubt(service)
    assert (await measured("false"), await measured("true")) == (1, 0)
    await service.advance(hours=5)
    assert (await measured("false"), await measured("true")) == (0, 1)
    oldest = registry.get_sample_value("booking_tasks_oldest_seconds", {"kind": "book_unknown"})
    assert oldest is not None
    assert oldest >= 5 * 3600
    shown = await service.call("GET", "/metrics")
    assert 'booking_tasks_open{kind="refund",overdue="false"} 0.0' in str(shown)


async def test_gauges_of_tasks_stay_while_the_database_is_away() -> None:
    away = create_engine("postgresql://nobody@127.0.0.1:1/x", pool_size=1, connect_timeout=0.5)
    await TaskGauges(SupportWork(away), CollectorRegistry()).refresh()
    await away.dispose()


async def test_one_answer_for_several_tasks_names_those_it_does_not_fit(
    service: Service, ada: Clerk
) -> None:
    for _ in range(2):
        await in_doubt(service)
    await service.advance(hours=1)
    found = (await ada.call("GET", "tasks")).body["tasks"]
    seen = [{"taskId": each["taskId"], "version": each["version"]} for each in found]
    body = {"kind": "not_booked", "reason": WHY, "tasks": [seen[0], seen[1] | {"version": 9}]}
    reply = await ada.call("POST", "tasks/answer", body)
    assert (reply.status, reply.body["answered"]) == (200, 1)
    (refused,) = reply.body["refused"]
    assert (refused["taskId"], refused["code"]) == (seen[1]["taskId"], "version_mismatch")
    wrongs: list[Json] = [{"kind": "reservation"}, {"tasks": []}]
    for wrong in wrongs:
        assert (await ada.call("POST", "tasks/answer", body | wrong)).status == 422
    assert [line.reason for line in await audit(service, "answer_task")] == [WHY, WHY]
