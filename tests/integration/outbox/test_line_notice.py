"""A guest whose line is silent: mailed once, with a link that opens the search in any browser."""

from __future__ import annotations

import re
from typing import Any

import pytest

from booking_http.worker.line_notices import LineWatch
from tests.support.receivers import Office, Postbox, mail, open_office, part
from tests.support.service import Service
from tests.support.shopping import Shopper
from tests.support.staff import rows

HOME = "http://cruises.test/"
EMAIL = "waiting@example.test"


@pytest.fixture
async def service(make_service: Any, postbox: Postbox) -> Service:
    """Return a service with pages that mails nothing itself."""
    settings = mail(postbox, agency=None, public_url=HOME)
    found: Service = await make_service(**settings, shop=True, worker=False)
    return found


@pytest.fixture
async def desk(seeded_url: str, service: Service, postbox: Postbox) -> Any:
    """Return an office that mails for the service."""
    async with open_office(seeded_url, **mail(postbox, agency=None, public_url=HOME)) as office:
        yield office


async def silent(service: Service) -> None:
    await service.simulator.fault("cruisecabingrades.pl", "token_expired_401", times=None)


async def looks(service: Service, **elapsed: float) -> int:
    """Let the worker look at what is due, and return how much that was."""
    await service.advance(**elapsed)
    watch = LineWatch(service.parts)
    taken = await watch.notices.take(limit=10)
    for session_id in taken:
        await watch.look(session_id)
    return len(taken)


async def asks(guest: Shopper) -> str:
    """Meet a silent line, ask to be mailed, and return what the page says then."""
    refused = await guest.get(guest.home)
    assert refused.status == 503, refused
    assert f"{guest.home}/notice" in refused.html
    page = await guest.get(f"{guest.home}/notice")
    none = await guest.browser.send(page, f"{guest.home}/notice", email="nobody")
    assert (none.status, "This is no e-mail address" in none.words) == (422, True)
    sent = await guest.browser.send(page, f"{guest.home}/notice", email=EMAIL)
    assert sent.location == f"{guest.home}/notice?sent", sent
    return (await guest.get(sent.location)).words


async def test_once_the_line_answers_one_mail_opens_the_search_in_another_browser(
    service: Service, desk: Office, postbox: Postbox
) -> None:
    guest, phone = Shopper(service), Shopper(service)
    await guest.opens()
    await silent(service)
    assert "you get one mail" in await asks(guest)
    assert await looks(service, minutes=1) == 1
    await desk.send()
    assert postbox.mails == []
    await service.http.delete(service.simulator.base / "_control" / "faults")
    assert await looks(service, minutes=2) == 1
    for _ in range(2):
        await desk.send()
        assert await looks(service, minutes=30) == 0
    (sent,) = postbox.mails
    assert (sent["To"], "answers again" in sent["Subject"]) == (EMAIL, True)
    (path,) = re.findall(rf"{HOME}(return/\S+)", part(sent, "plain"))
    page = await phone.get(f"/{path}")
    assert guest.reference not in page.html, "scanners of mail see nothing"
    opened = await phone.browser.send(page, f"/{path}")
    assert opened.location == guest.home
    phone.reference = guest.reference
    assert (await phone.get(guest.home)).status == 200
    answer = await service.call("POST", f"/api/v1/booking/{path}")
    assert answer.body["sessionId"] == guest.secret


async def test_a_search_that_is_about_to_end_is_mailed_while_the_line_is_silent(
    service: Service, desk: Office, postbox: Postbox
) -> None:
    guest = Shopper(service)
    await guest.opens()
    await silent(service)
    await asks(guest)
    assert await looks(service, minutes=100) == 1
    await desk.send()
    assert postbox.mails == []
    assert await looks(service, minutes=110) == 1
    await desk.send()
    (sent,) = postbox.mails
    assert "still does not answer" in sent["Subject"]


async def test_who_goes_on_by_themselves_is_not_mailed(
    service: Service, desk: Office, postbox: Postbox
) -> None:
    guest = Shopper(service)
    await guest.opens()
    path = f"/api/v1/booking/{guest.secret}/line-notice"
    assert (await service.call("POST", path, {"email": EMAIL})).status == 202
    assert (await service.call("POST", path, {"email": "nobody"})).status == 422
    await guest.holds()
    assert await looks(service, minutes=1) == 1
    await desk.send()
    assert postbox.mails == []
    assert (await service.call("POST", path, {"email": EMAIL})).code == "wrong_state"
    assert await rows(service, "SELECT 1 FROM line_notices") == []


async def test_the_address_lies_there_sealed_and_is_forgotten_after_a_day(
    service: Service, desk: Office
) -> None:
    guest = Shopper(service)
    await guest.opens()
    path = f"/api/v1/booking/{guest.secret}/line-notice"
    assert (await service.call("POST", path, {"email": EMAIL})).status == 202
    (row,) = await rows(service, "SELECT sealed FROM line_notices")
    assert EMAIL.encode() not in row.sealed
    assert guest.secret.encode() not in row.sealed
    await service.advance(hours=25)
    await LineWatch(service.parts).notices.forget()
    assert await rows(service, "SELECT 1 FROM line_notices") == []
    unknown = await service.call("POST", f"/api/v1/booking/return/{'x' * 43}")
    assert (unknown.status, unknown.code) == (404, "session_not_found")


async def test_three_mails_an_hour_are_enough(service: Service, desk: Office) -> None:
    guest = Shopper(service)
    await guest.opens()
    path = f"/api/v1/booking/{guest.secret}/line-notice"
    for number in range(3):
        assert (await service.call("POST", path, {"email": EMAIL})).status == 202
        assert await looks(service, minutes=1 + number) == 1
        await desk.send()
    assert (await service.call("POST", path, {"email": EMAIL})).code == "rate_limited"


async def test_without_mail_nobody_is_offered_one(make_service: Any) -> None:
    service: Service = await make_service(shop=True)
    guest = Shopper(service)
    await guest.opens()
    await silent(service)
    assert "/notice" not in (await guest.get(guest.home)).html
    path = f"/api/v1/booking/{guest.secret}/line-notice"
    assert (await service.call("POST", path, {"email": EMAIL})).code == "wrong_state"
