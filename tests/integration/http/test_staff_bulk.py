"""The same for many sessions: bounded, audited, shown as it goes on, and finished after a crash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from booking_flow.staff.people import Role
from booking_http.staff import bulk_runs
from booking_http.worker.main import jobs
from persistence.bulk import TakenItem
from tests.support.service import Guest, Json, Reply, Service
from tests.support.staff import WHY, Clerk, audit, hire


async def begin(clerk: Clerk, action: str, **search: Any) -> Reply:
    body = {"reason": WHY, "action": action, "search": search}
    return await clerk.call("POST", "bulk", body)


async def progress(clerk: Clerk, run: Json) -> Json:
    reply = await clerk.call("GET", f"bulk/{run['runId']}")
    assert reply.status == 200, reply
    body: Json = reply.body
    return body


async def take(service: Service, limit: int = 10) -> Sequence[TakenItem]:
    """Take shares of runs as a worker does."""
    (job,) = [job for job in jobs(service.parts) if job.name == "bulk"]
    return await job.take(limit)


async def work_off(service: Service) -> int:
    """Do all that is due, as a worker does, and return how many shares that was."""
    (job,) = [job for job in jobs(service.parts) if job.name == "bulk"]
    done = 0
    while items := await job.take(10):
        for item in items:
            await job.do(item)
        done += len(items)
    return done


async def owing(service: Service) -> Guest:
    """Return a guest whose cabin the supplier did not let go."""
    guest = service.guest()
    await guest.to_basketed()
    await service.simulator.fault("basketremove.pl", "http_500", times=1)
    assert (await guest.cancel()).status == 202
    return guest


async def doubting(service: Service) -> Guest:
    """Return a guest who does not know whether a cabin is held."""
    guest = service.guest()
    await guest.to_priced()
    await service.simulator.fault("basketadd.pl", "http_500_after")
    assert (await guest.select()).status == 202
    return guest


async def test_every_undo_of_a_search_is_tried_again(service: Service, agent: Clerk) -> None:
    """Each session says who had it done; sessions that need nothing are left alone."""
    guests = [await owing(service) for _ in range(2)]
    idle = service.guest()
    await idle.open()
    begun = await begin(agent, "retry-undo", attention=True)
    assert begun.status == 202, begun
    facts = [begun.body[name] for name in ("total", "done", "failed", "left", "more", "by")]
    assert facts == [2, 0, 0, 2, False, agent.name]
    assert begun.body["endedAt"] is None
    assert await work_off(service) == 2
    ended = await progress(agent, begun.body)
    assert (ended["done"], ended["left"], ended["failures"]) == (2, 0, [])
    assert ended["endedAt"]
    assert (await service.simulator.ledger())["holds"] == []
    for guest in guests:
        events = (await agent.call("GET", f"sessions/{guest.uuid}/history")).body["events"]
        (noted,) = [event for event in events if event["what"] == "note"]
        assert (noted["name"], noted["reason"]) == (agent.name, WHY)
        assert noted["facts"] == {"action": "retry-undo", "run": begun.body["runId"]}
    (entry,) = await audit(service, "bulk-retry-undo")
    assert set(map(str, entry.session_ids)) == {guest.uuid for guest in guests}
    assert (entry.reason, entry.name) == (WHY, agent.name)


async def test_what_is_in_doubt_is_found_out_for_all_at_once(
    service: Service, agent: Clerk
) -> None:
    guests = [await doubting(service) for _ in range(2)]
    await service.advance(minutes=3)
    begun = await begin(agent, "reconcile", state="cabin_selected")
    assert begun.body["total"] == 2
    (first,) = await take(service, limit=1)
    await bulk_runs.bulk_work(service.parts).do(first)
    await service.simulator.fault("basket.pl", "http_500", times=None)
    assert await work_off(service) == 1
    ended = await progress(agent, begun.body)
    assert (ended["done"], ended["failed"], ended["left"]) == (1, 1, 0)
    (failure,) = ended["failures"]
    assert failure["sessionId"] in {guest.uuid for guest in guests}
    assert failure["why"] == "The supplier does not say how it ended."
    assert failure["reference"].startswith("BF-")


async def test_what_a_killed_worker_had_taken_is_done_by_another(
    service: Service, agent: Clerk
) -> None:
    """Who was slow and comes back writes nothing any more."""
    await owing(service)
    begun = (await begin(agent, "retry-undo")).body
    (lost,) = await take(service)
    assert await take(service) == []
    await service.advance(minutes=5)
    assert await work_off(service) == 1
    assert (await progress(agent, begun))["done"] == 1
    await bulk_runs.bulk_work(service.parts).do(lost)
    assert (await progress(agent, begun))["failed"] == 0


async def test_a_share_that_ends_no_process_counts_as_failed_at_last(
    service: Service, agent: Clerk
) -> None:
    await owing(service)
    begun = (await begin(agent, "retry-undo")).body
    for minutes in (5, 10, 15):
        assert len(await take(service)) == 1
        await service.advance(minutes=minutes)
    assert await work_off(service) == 1
    ended = await progress(agent, begun)
    assert (ended["failed"], ended["left"]) == (1, 0)
    assert "begun too often" in ended["failures"][0]["why"]


async def test_what_has_ended_meanwhile_is_done(service: Service, agent: Clerk) -> None:
    doubtful, owed = await doubting(service), await owing(service)
    runs = [(await begin(agent, name)).body for name in ("reconcile", "retry-undo")]
    await agent.act(doubtful.uuid, "reconcile")
    await agent.act(owed.uuid, "retry-undo")
    assert await work_off(service) == 2
    assert [(await progress(agent, run))["done"] for run in runs] == [1, 1]


async def test_a_step_or_undo_that_is_still_stuck_is_named(service: Service, agent: Clerk) -> None:
    doubtful, owed = await doubting(service), await owing(service)
    runs = [(await begin(agent, name)).body for name in ("reconcile", "retry-undo")]
    await service.simulator.fault("basketremove.pl", "http_500")
    work = service.parts.maintenance.queue
    (row,) = [each for each in (await take(service)) if str(each.session_id) == doubtful.uuid]
    await work.take_step(row.session_id, lease_seconds=600)
    await bulk_runs.bulk_work(service.parts).do(row)
    await service.advance(minutes=1, seconds=50)
    await work_off(service)
    whys = [(await progress(agent, run))["failures"] for run in runs]
    assert [why[0]["why"] for why in whys] == [
        "Somebody is working on this step.",
        "The supplier has not let go yet.",
    ]
    assert owed.uuid == whys[1][0]["sessionId"]


async def test_a_run_takes_on_a_bounded_number_and_says_so(
    service: Service, agent: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_runs, "MOST", 1)
    for _ in range(2):
        await doubting(service)
    begun = (await begin(agent, "reconcile")).body
    assert (begun["total"], begun["more"]) == (1, True)


async def test_runs_are_for_agents_and_for_searches_that_find_something(
    service: Service, agent: Clerk
) -> None:
    nothing = await begin(agent, "retry-undo")
    assert (nothing.status, nothing.code) == (409, "wrong_state")
    viewer = await hire(service, Role.VIEWER)
    refused = await begin(viewer, "retry-undo")
    assert (refused.status, refused.code) == (403, "forbidden")
    assert await audit(service, "bulk-retry-undo") == []
    for name in ("00000000-0000-7000-8000-000000000000", "nothing"):
        assert (await agent.call("GET", f"bulk/{name}")).code == "not_found"
