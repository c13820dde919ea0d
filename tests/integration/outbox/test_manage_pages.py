"""Pages on which a guest changes a booking, by the mailed link or where it was booked."""

from __future__ import annotations

import re
from http.cookies import SimpleCookie
from typing import Any

import pytest
from yarl import URL

from booking_flow.staff.people import Role
from tests.integration.outbox.test_lookup import BROWSER, EMAIL, ask, link_of
from tests.support.console import Page, Visitor
from tests.support.receivers import Office, Postbox, mail, open_office, part
from tests.support.service import Guest, Service
from tests.support.shopping import CARD, Shopper
from tests.support.staff import hire

NEW = "alexandra@example.test"


@pytest.fixture
async def service(make_service: Any, postbox: Postbox) -> Service:
    """Return a service with pages that mails nothing itself."""
    found: Service = await make_service(shop=True, **mail(postbox, agency=None))
    return found


@pytest.fixture
async def desk(seeded_url: str, service: Service, postbox: Postbox) -> Any:
    """Return an office that mails for the service."""
    settings = mail(postbox, agency=None, public_url="https://cruises.test/")
    async with open_office(seeded_url, **settings) as office:
        yield office


@pytest.fixture
async def guest(service: Service, desk: Office) -> Guest:
    """Return a guest who has booked and was mailed."""
    guest = service.guest()
    await guest.to_booked()
    await desk.send()
    return guest


class Reader:
    """Somebody in another browser, who has the mailed link."""

    def __init__(self, service: Service, desk: Office, postbox: Postbox, reference: str) -> None:
        self.browser = Visitor(service)
        self.service, self.desk, self.postbox = service, desk, postbox
        self.home = f"/booking/{reference}/manage"

    async def comes_in(self) -> Page:
        """Press the button of the mail's page."""
        await ask(self.service, self.home.split("/")[2], EMAIL)
        await self.desk.send()
        address = self.service.url.join(URL(link_of(self.postbox)))
        async with self.service.http.post(address, headers=BROWSER, allow_redirects=False) as led:
            assert (led.status, led.headers["Location"]) == (303, self.home)
            kept = SimpleCookie(led.headers["Set-Cookie"])["booking_link"]
        assert kept["path"] == self.home.removesuffix("/manage")
        self.browser.cookies["booking_link"] = kept.value
        return await self.browser.get(self.home)

    async def does(self, act: str, **typed: str) -> Page:
        """Have a code mailed, and send a form with it."""
        path = f"{self.home}/{act}"
        page = await self.browser.send(await self.browser.get(path), f"{path}/code")
        assert page.location == f"{path}?sent", page.words
        await self.desk.send()
        mails = [each for each in self.postbox.mails if each["Subject"].startswith("Your code")]
        (code,) = re.findall(r"^\d{6}$", part(mails[-1], "plain"), re.MULTILINE)
        typed = {"code": code} | typed
        return await self.browser.send(await self.browser.get(page.location), path, **typed)


@pytest.fixture
async def reader(service: Service, guest: Guest, desk: Office, postbox: Postbox) -> Reader:
    reference = (await guest.look()).body["reference"]
    return Reader(service, desk, postbox, reference)


async def test_a_mailed_link_leads_to_the_booking_and_what_can_be_done(
    reader: Reader, guest: Guest
) -> None:
    body = (await guest.look()).body
    page = await reader.comes_in()
    assert body["booking"]["reservation"] in page.words
    secret = guest.session_id.partition(".")[2]
    assert secret not in page.html
    for act in ("email", "phone", "address", "name", "cancel", "data", "erasure"):
        assert f"{reader.home}/{act}" in page.html
        assert (await reader.browser.get(f"{reader.home}/{act}")).status == 200
    assert (await reader.browser.get(f"{reader.home}/dance")).status == 404
    stranger = await Visitor(reader.service).get(reader.home)
    assert stranger.status == 404


async def test_an_address_is_changed_and_a_wrong_code_says_so(
    reader: Reader, guest: Guest, desk: Office, postbox: Postbox
) -> None:
    await reader.comes_in()
    wrong = await reader.does("email", email=NEW, code="x")
    assert (wrong.status, 'id="code-fault"' in wrong.html) == (422, True)
    assert f'value="{NEW}"' in wrong.html
    unlike = await reader.does("email", email="a..b@example.test")
    assert (unlike.status, 'id="email-fault"' in unlike.html) == (422, True)
    assert "This is no e-mail address" in unlike.words
    done = await reader.does("email", email=NEW)
    assert done.location == f"{reader.home}?done=email", done.words
    page = await reader.browser.get(done.location)
    assert "the address of before is told" in page.words
    assert "E-mail address: done" in page.words
    assert (await guest.look()).body["details"]["contact"]["email"] == NEW
    postbox.recipients.clear()
    await desk.send()
    assert sorted(postbox.recipients) == sorted([EMAIL, NEW])


async def test_a_name_is_asked_for_and_stands_as_such(reader: Reader) -> None:
    await reader.comes_in()
    missing = await reader.does("name", value="Alexandra")
    assert (missing.status, 'id="pointer-fault"' in missing.html) == (422, True)
    done = await reader.does("name", pointer="/passengers/0/firstName", value="Alexandra")
    shown = (await reader.browser.get(done.location)).words
    assert "Name of guest 1: asked for" in shown


async def test_a_whole_address_is_changed(reader: Reader, guest: Guest) -> None:
    await reader.comes_in()
    moved = {"country": "HK", "address": "1 Peak Road", "city": "Hong Kong"}
    cleared = {"state": "", "postalCode": ""}
    wrong = await reader.does("address", **moved, state="", postalCode="999077")
    assert (wrong.status, 'id="postalCode-fault"' in wrong.html) == (422, True)
    done = await reader.does("address", **moved, **cleared)
    assert done.location == f"{reader.home}?done=address", done.words
    assert (await guest.look()).body["details"]["contact"]["country"] == "HK"


async def test_a_cancellation_says_first_what_it_may_cost(reader: Reader, guest: Guest) -> None:
    await reader.comes_in()
    page = await reader.browser.get(f"{reader.home}/cancel")
    assert "What the line keeps of it, the line decides" in page.words
    done = await reader.does("cancel", reason="we are ill")
    assert "You asked to cancel" in (await reader.browser.get(done.location)).words
    assert (await guest.look()).body["cancellation"]["status"] == "requested"


async def test_the_data_is_downloaded_and_erasure_is_asked_for(
    reader: Reader, guest: Guest
) -> None:
    await reader.comes_in()
    copy = await reader.does("data")
    assert (copy.status, EMAIL in copy.html) == (200, True)
    done = await reader.does("erasure")
    assert "You asked that your data is erased" in (await reader.browser.get(done.location)).words
    assert (await guest.look()).body["erasureRequestedAt"]


async def test_the_browser_that_booked_needs_a_code_as_well(
    service: Service, desk: Office, postbox: Postbox
) -> None:
    shopper = Shopper(service)
    paid = await shopper.pays(await shopper.to_payment())
    assert paid.status == 303
    booked = await shopper.get(f"/booking/{shopper.reference}")
    assert f"/booking/{shopper.reference}/manage" in booked.html
    assert "we pass them on to" in booked.words
    reader = Reader(service, desk, postbox, shopper.reference)
    reader.browser = shopper.browser
    done = await reader.does("phone", phone="+1 305 555 0199")
    assert done.location == f"{reader.home}?done=phone", done.words


async def test_what_is_not_booked_says_which_of_three_it_is(
    service: Service, desk: Office, postbox: Postbox
) -> None:
    guest = service.guest()
    held = await guest.to_basketed()
    await guest.edit({"contact": guest.contact()})
    reader = Reader(service, desk, postbox, held.body["reference"])
    assert "It is not booked at the cruise line yet" in (await reader.comes_in()).words
    await service.simulator.fault("book.pl", "http_500_after")
    assert (await guest.book()).status == 202
    shown = (await reader.browser.get(reader.home)).words
    assert "We are checking with Royal Caribbean" in shown
    assert "their answer did not arrive. Do not book or pay again." in shown
    assert "A person checks with the line by" in shown
    # It does not, since nothing but the guest's own browser may follow the session.
    assert "by itself; you can close it" not in shown
    assert "not booked at the cruise line yet" not in shown
    other = service.guest()
    opened = await other.open()
    await other.edit({"contact": other.contact()})
    await other.cancel()
    over = Reader(service, desk, postbox, opened.body["reference"])
    assert "this search for a cabin has ended" in (await over.comes_in()).words


async def test_a_balance_is_paid_by_the_link_and_a_code(
    make_service: Any, seeded_url: str, postbox: Postbox
) -> None:
    """Without a code nothing is charged; with one, once."""
    service: Service = await make_service(
        shop=True, balance_by_card=True, **mail(postbox, agency=None)
    )
    guest = service.guest()
    held = (await guest.to_basketed()).body
    payment = guest.payment(held["price"]["deposit"], deposit=True)
    done = await guest.book(guest.booking(payment=payment) | guest.consent(held))
    assert done.body["state"] == "paid", done
    settings = mail(postbox, agency=None, public_url="https://cruises.test/")
    async with open_office(seeded_url, **settings) as desk:
        reader = Reader(service, desk, postbox, done.body["reference"])
        page = await reader.comes_in()
        assert f"/booking/{done.body['reference']}/pay" in page.html
        reader.home = reader.home.removesuffix("/manage")
        typed = CARD | {"paymentType": "full_payment"}
        path = f"{reader.home}/pay"
        refused = await reader.browser.send(await reader.browser.get(path), path, **typed)
        assert "Enter the six digits that we mailed." in refused.words
        wrong = await reader.browser.send(refused, path, code="000000", **typed)
        assert wrong.status == 403
        paid = await reader.does("pay", **typed)
        assert paid.location == f"{reader.home}/manage"
        assert "USD 0.00" in (await reader.browser.get(paid.location)).words
        assert (await reader.browser.get(path)).location == paid.location
        await desk.send()
        charges = (await service.simulator.ledger())["charges"]
        assert len(charges) == 2
        subjects = [each["Subject"].partition(":")[0] for each in postbox.mails]
        assert subjects.count("Booked and paid") == 2, "each payment is confirmed"


async def test_who_waited_is_mailed_that_nothing_was_booked(
    service: Service, desk: Office, postbox: Postbox
) -> None:
    guest = service.guest()
    await guest.to_basketed()
    await service.simulator.fault("book.pl", "http_500")
    assert (await guest.book()).status == 202
    await service.advance(hours=1)
    agent = await hire(service, Role.AGENT)
    assert (await agent.answer(await agent.task(), "not_booked")).status == 200
    await desk.send()
    (told,) = postbox.mails
    assert told["Subject"].startswith("Not booked: ")
    assert "the cruise line has not booked it" in " ".join(part(told, "plain").split())
