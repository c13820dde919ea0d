"""The flow for reviewers: as the code has it, and folded over everything that is stored."""

from __future__ import annotations

import pytest

from booking_flow.flow import FLOW, STATES
from booking_flow.saga import SAGA
from booking_flow.staff.people import Role
from tests.integration.http.test_staff_overview import a_busy_day
from tests.support.console import Visitor, come_in
from tests.support.service import Service
from tests.support.staff import audit, hire, rows

FLOW_PAGE = "/console/flow"


@pytest.fixture
async def viewer(service: Service) -> Visitor:
    """Return somebody who has signed in and may look."""
    return await come_in(service, await hire(service, Role.AGENT))


async def check(viewer: Visitor) -> str:
    page = await viewer.send(await viewer.get(FLOW_PAGE), f"{FLOW_PAGE}/check")
    assert page.status == 200
    assert page.html.endswith("</html>")
    return page.words


async def test_pictures_and_tables_say_what_the_code_says(viewer: Visitor) -> None:
    page = await viewer.get(FLOW_PAGE)
    for meaning in (*(row.meaning for row in STATES), *(row.meaning for row in FLOW)):
        assert meaning in page.words
    for step in SAGA:
        assert step.undo_meaning in page.words
    assert page.html.count("<svg ") == 2
    assert "ns0:" not in page.html


async def test_all_stored_histories_fold(service: Service, viewer: Visitor) -> None:
    await a_busy_day(service)
    said = await check(viewer)
    assert "All of them fold" in said
    assert "5 sessions with" in said
    assert len(await audit(service, "check_histories")) == 1


async def test_a_history_that_does_not_fold_is_named(service: Service, viewer: Visitor) -> None:
    doubtful = await a_busy_day(service)
    change = "UPDATE booking_sessions SET state = 'paid' WHERE id = :id RETURNING reference"
    (row,) = await rows(service, change, id=doubtful.uuid)
    said = await check(viewer)
    assert "1 of 5 do not fold" in said
    assert row.reference in said
    assert "it leads to basketed, and paid is stored" in said


async def test_only_a_form_of_ours_starts_the_check(service: Service, viewer: Visitor) -> None:
    refused = await viewer.post(f"{FLOW_PAGE}/check", {"csrf": "made-up"})
    assert refused.status == 403
    stranger = await Visitor(service).get(FLOW_PAGE)
    assert stranger.location == "/console/sign-in?next=%2Fconsole%2Fflow"
