"""What a guest does with a code that is mailed at that moment, by a link or by their session."""

from __future__ import annotations

import re
from typing import Any

import pytest

from booking_flow.staff.people import Role
from booking_http.api.action_links import BASE
from persistence.guest_codes import GuestCodes
from tests.integration.outbox.test_lookup import EMAIL, ask, link_of
from tests.support.receivers import Office, Postbox, mail, open_office, part
from tests.support.service import Guest, Json, Reply, Service
from tests.support.staff import Clerk, hire

NEW = "alexandra@example.test"
AS_NEW = {"pointer": "/contact/email", "value": NEW}


@pytest.fixture
async def service(make_service: Any, postbox: Postbox) -> Service:
    """Return a service that mails nothing itself."""
    found: Service = await make_service(**mail(postbox, agency=None), worker=False)
    return found


@pytest.fixture
async def desk(seeded_url: str, service: Service, postbox: Postbox) -> Any:
    """Return an office that mails for the service."""
    settings = mail(postbox, agency=None, public_url="https://cruises.test/")
    async with open_office(seeded_url, **settings) as office:
        yield office


@pytest.fixture
async def guest(service: Service, desk: Office) -> Guest:
    """Return a guest who has booked and paid, and was mailed."""
    guest = service.guest()
    total = (await guest.to_basketed()).body["price"]["total"]
    paid = await guest.book(guest.booking(payment=guest.payment(total)))
    assert paid.status == 201, paid
    await desk.send()
    return guest


async def link(service: Service, guest: Guest, desk: Office, postbox: Postbox) -> str:
    """Return a link that was opened."""
    await ask(service, (await guest.look()).body["reference"], EMAIL)
    await desk.send()
    path = link_of(postbox)
    assert (await service.call("POST", path)).status == 200
    return path


async def code(service: Service, home: str, desk: Office, postbox: Postbox) -> str:
    """Have a code mailed, and read it."""
    assert (await service.call("POST", f"{home}/code")).status == 202
    await desk.send()
    found = [each for each in postbox.mails if each["Subject"].startswith("Your code")][-1]
    (digits,) = re.findall(r"^\d{6}$", part(found, "plain"), re.MULTILINE)
    assert digits in part(found, "html")
    assert digits not in found["Subject"]
    return str(digits)


async def send(service: Service, home: str, path: str, digits: str, **more: Any) -> Reply:
    return await service.call("POST", f"{home}/{path}", {"code": digits, **more})


async def tasks_of(clerk: Clerk, kind: str) -> list[Json]:
    found: list[Json] = (await clerk.call("GET", f"tasks?kind={kind}")).body["tasks"]
    return found


async def task(service: Service, kind: str) -> Json:
    (found,) = await tasks_of(await hire(service, Role.SUPERVISOR), kind)
    return found


@pytest.mark.parametrize("by_link", [True, False])
async def test_a_guest_changes_their_address_and_the_old_one_is_told(
    service: Service, guest: Guest, desk: Office, postbox: Postbox, by_link: bool
) -> None:
    home = await link(service, guest, desk, postbox) if by_link else guest.home
    digits = await code(service, home, desk, postbox)
    assert postbox.recipients[-1] == EMAIL
    postbox.recipients.clear()
    done = await send(service, home, "corrections", digits, **AS_NEW)
    assert (done.status, done.body["details"]["contact"]["email"]) == (200, NEW)
    assert [each["status"] for each in done.body["corrections"]] == ["done"]
    await desk.send()
    assert sorted(postbox.recipients) == sorted([EMAIL, NEW])
    again = await send(service, home, "corrections", digits, **AS_NEW | {"value": EMAIL})
    assert (again.status, again.code) == (403, "code_wrong")


async def test_a_code_is_used_up_only_by_what_is_possible(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    home = guest.home
    digits = await code(service, home, desk, postbox)
    wrong = {"pointer": "/contact/email", "value": "a..b@example.test"}
    refused = await send(service, home, "corrections", digits, **wrong)
    assert (refused.status, refused.pointers) == (422, ["/value"])
    name = {"pointer": "/passengers/0/firstName", "value": "Alexandra", "reason": "typo"}
    asked = await send(service, home, "corrections", digits, **name)
    assert asked.status == 200, asked
    assert [each["status"] for each in asked.body["corrections"]] == ["requested"]
    found = await task(service, "correct_name")
    assert found["facts"]["field"] == name["pointer"]
    history = await desk.shop.rows("SELECT CAST(h AS text) AS line FROM session_history h")
    told = "".join(row.line for row in history)
    assert "a reason was given" in told
    assert "typo" not in told


async def test_wrong_codes_end_the_right_one(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    digits = await code(service, guest.home, desk, postbox)
    wrong = f"{(int(digits) + 1) % 10**6:06}"
    for _ in range(5):
        refused = await send(service, guest.home, "data-copy", wrong)
        assert (refused.status, refused.code) == (403, "code_wrong")
        assert [each["name"] for each in refused.body["nextActions"]] == ["mail_code"]
    assert (await send(service, guest.home, "data-copy", digits)).status == 403


async def test_a_code_ends_after_a_quarter_of_an_hour_and_with_the_next(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    first = await code(service, guest.home, desk, postbox)
    second = await code(service, guest.home, desk, postbox)
    if first != second:
        assert (await send(service, guest.home, "data-copy", first)).status == 403
    await service.advance(minutes=16)
    assert (await send(service, guest.home, "data-copy", second)).status == 403


async def test_a_guest_is_not_flooded_with_codes(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    for _ in range(5):
        await code(service, guest.home, desk, postbox)
    more = await service.call("POST", f"{guest.home}/code")
    assert (more.status, more.code) == (429, "rate_limited")


async def test_a_booking_is_cancelled_by_a_link_and_a_code(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    home = await link(service, guest, desk, postbox)
    digits = await code(service, home, desk, postbox)
    done = await send(service, home, "cancel", digits, reason="we are ill")
    assert (done.status, done.body["cancellation"]["status"]) == (202, "requested")
    assert await task(service, "cancel_with_line")
    assert "cancel" not in [each["name"] for each in done.body["allowedActions"]]


async def test_a_copy_of_the_data_holds_what_the_guest_typed(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    home = await link(service, guest, desk, postbox)
    digits = await code(service, home, desk, postbox)
    await send(service, home, "corrections", digits, **AS_NEW)
    digits = await code(service, home, desk, postbox)
    copy = await send(service, home, "data-copy", digits)
    assert copy.status == 200
    assert copy.headers["Cache-Control"] == "no-store"
    assert copy.body["session"]["details"]["contact"]["email"] == NEW
    assert [each["value"] for each in copy.body["corrections"]] == [NEW]
    assert guest.session_id.partition(".")[2] not in str(copy.body)


async def test_who_wants_to_be_erased_is_a_task_and_keeps_nobody_from_it(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    home = await link(service, guest, desk, postbox)
    for _ in range(2):
        digits = await code(service, home, desk, postbox)
        asked = await send(service, home, "erasure-request", digits)
        assert asked.status == 202, asked
    assert asked.body["erasureRequestedAt"]
    clerk = await hire(service, Role.SUPERVISOR)
    assert len(await tasks_of(clerk, "erasure_requested")) == 1
    await service.advance(days=900)
    assert (await clerk.act(guest.uuid, "erase-guest")).status == 200
    nobody = await service.call("POST", f"{guest.home}/code")
    assert (nobody.status, nobody.code) == (409, "wrong_state")


async def test_a_link_that_was_not_opened_does_nothing(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    await ask(service, (await guest.look()).body["reference"], EMAIL)
    await desk.send()
    unopened = await service.call("POST", f"{link_of(postbox)}/code")
    assert (unopened.status, unopened.code) == (404, "session_not_found")


async def test_codes_lie_in_the_tables_as_keyed_hashes_and_go(
    service: Service, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    digits = await code(service, guest.home, desk, postbox)
    rows = await desk.shop.rows("SELECT CAST(t AS text) AS line FROM guest_codes t")
    assert [digits in row.line.partition(",")[2] for row in rows] == [False]
    await desk.wait(days=2)
    await GuestCodes(desk.parts.database, desk.parts.vault).forget()
    assert await desk.shop.rows("SELECT 1 FROM guest_codes") == []


async def test_without_mail_there_is_no_code(make_service: Any) -> None:
    silent: Service = await make_service()
    guest = silent.guest()
    await guest.to_booked()
    refused = await silent.call("POST", f"{BASE}/{guest.session_id}/code")
    assert (refused.status, refused.code) == (409, "wrong_state")
