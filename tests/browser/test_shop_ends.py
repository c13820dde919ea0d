"""How a wait for the line's answer ends, in a browser; and what a browser keeps of a guest."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Request, expect

from booking_flow.staff.people import Role
from booking_http.worker.line_notices import LineWatch
from booking_http.worker.outbox_sender import send_due
from tests.browser.shop import Shop, open_shop
from tests.browser.test_pages import barriers, overflow
from tests.browser.test_shop import CARD, SETTINGS, to_payment, type_card
from tests.conftest import PostgresServer
from tests.support.receivers import Postbox, mail, part, running_postbox
from tests.support.service import Json
from tests.support.staff import Clerk

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PHONE = {"width": 390, "height": 844}
WAITS = "Do not book or pay again."


@dataclass(frozen=True, slots=True)
class MailingShop:
    """A shop, and the box into which its mail goes."""

    shop: Shop
    postbox: Postbox

    async def sends(self) -> None:
        """Send all mail that is due."""
        while await send_due(self.shop.service.parts):
            pass


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mailing(
    browser: Browser, postgres_server: PostgresServer, migrated_template: str
) -> AsyncIterator[MailingShop]:
    """Open a shop that mails."""
    async with running_postbox() as postbox:
        settings: dict[str, Any] = SETTINGS | mail(
            postbox, agency=None, public_url="http://127.0.0.1:1/"
        )
        async with open_shop(browser, postgres_server, migrated_template, **settings) as opened:
            yield MailingShop(opened, postbox)


@pytest.fixture
def shop(mailing: MailingShop) -> Shop:
    return mailing.shop


async def waiting(page: Page, shop: Shop, fault: str, *, says: str = WAITS) -> str:
    """Book with a fault of the line and come to wait; return the reference."""
    await to_payment(page, shop)
    await shop.service.simulator.fault("book.pl", fault)
    await type_card(page)
    await page.check("#terms")
    await page.locator("button.pay").click()
    await page.wait_for_url("**/wait")
    await expect(page.get_by_text(says, exact=True)).to_be_visible()
    assert await page.locator("main form, main a.button").count() == 0, "nothing to try again"
    return page.url.split("/")[-2]


async def task_of(clerk: Clerk, reference: str, kind: str) -> Json:
    tasks = (await clerk.call("GET", "tasks")).body["tasks"]
    found: Json = next(
        each for each in tasks if (each["reference"], each["kind"]) == (reference, kind)
    )
    return found


async def reservation(shop: Shop) -> str:
    return str((await shop.service.simulator.ledger())["bookings"][-1]["reservation"])


async def test_who_waits_is_led_on_by_itself_once_staff_have_found_the_booking(shop: Shop) -> None:
    async with shop.desk(None) as page:
        reference = await waiting(page, shop, "http_500_after")
        assert await barriers(page) == []
        clerk = shop.clerks[Role.SUPERVISOR]
        task, number = await task_of(clerk, reference, "book_unknown"), await reservation(shop)
        answered = await clerk.answer(task, "reservation", reservation=number)
        assert answered.status == 200, answered
        await page.wait_for_url("**/booking/**")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Good news: you are booked")
        await expect(page.locator(".reservation")).to_have_text(number)


async def test_who_waits_is_told_that_nothing_was_booked_and_holds_again(
    mailing: MailingShop,
) -> None:
    """The page says so by itself, a mail does as well, and the cabin is held at the same price."""
    shop = mailing.shop
    async with shop.desk(None) as page:
        reference = await waiting(page, shop, "http_500")
        await shop.wait(hours=1)
        await shop.service.simulator.control("clock", advanceSeconds=3600)
        clerk = shop.clerks[Role.SUPERVISOR]
        task = await task_of(clerk, reference, "book_unknown")
        assert (await clerk.answer(task, "not_booked")).status == 200
        await expect(page.get_by_role("heading", level=1)).to_have_text("It was not booked")
        assert await barriers(page) == []
        await mailing.sends()
        subjects = [each["Subject"] for each in mailing.postbox.mails]
        assert [each for each in subjects if reference in each and "Not booked" in each]
        await page.get_by_role("button", name=re.compile("Hold the cabin again at USD")).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Who travels?")


@pytest.mark.full
async def test_whoever_is_mailed_that_the_line_answers_goes_on_with_their_telephone(
    mailing: MailingShop,
) -> None:
    shop, guest = mailing.shop, mailing.shop.service.guest()
    async with shop.desk(None) as page, shop.desk(None, viewport=PHONE) as phone:
        await guest.open()
        home = await shop.come_in(page, guest)
        fault = shop.service.simulator.fault
        await fault("cruisecabingrades.pl", "token_expired_401", times=2)
        await page.goto(home)
        await page.get_by_role("link", name="Mail me when it answers").click()
        assert (await barriers(page), await overflow(page)) == ([], 0)
        await page.get_by_role("button", name="Mail me").click()
        await expect(page.locator("#problem")).to_be_focused()
        await page.fill("#email", "waiting@example.com")
        await page.get_by_role("button", name="Mail me").click()
        await expect(page.locator("main")).to_contain_text("you get one mail")
        await shop.wait(minutes=1)
        watch = LineWatch(shop.service.parts)
        for session_id in await watch.notices.take(limit=10):
            await watch.look(session_id)
        await mailing.sends()
        (sent,) = (each for each in mailing.postbox.mails if each["To"] == "waiting@example.com")
        (path,) = re.findall(r"http://127\.0\.0\.1:1(/return/\S+)", part(sent, "plain"))
        await phone.goto(shop.at(path))
        assert (await barriers(phone), await overflow(phone)) == ([], 0)
        await phone.get_by_role("button", name="Open my search").click()
        await phone.wait_for_selector(".late")
        assert phone.url == home


@pytest.mark.full
async def test_who_was_charged_without_a_booking_is_told_when_the_money_comes_back(
    shop: Shop,
) -> None:
    async with shop.desk(None) as page:
        reference = await waiting(page, shop, "failed_with_authcode")
        await shop.wait(hours=1)
        clerk = shop.clerks[Role.SUPERVISOR]
        task = await task_of(clerk, reference, "book_unknown")
        assert (await clerk.answer(task, "not_booked")).status == 200
        await expect(page.get_by_role("heading", level=1)).to_have_text("The cabin was not booked")
        await expect(page.locator("main")).to_contain_text("We are sending the money back")
        assert await barriers(page) == []
        refund = await task_of(clerk, reference, "refund")
        assert (await clerk.answer(refund, "done")).status == 200
        await page.reload()
        await expect(page.locator("main")).to_contain_text("We have looked after the money")


@pytest.mark.full
@pytest.mark.parametrize("answer", ["paid", "not_paid"])
async def test_a_payment_in_doubt_is_told_apart_from_the_booking_that_stands(
    shop: Shop, answer: str
) -> None:
    async with shop.desk(None) as page:
        reference = await waiting(page, shop, "authcode_declined", says="Do not pay again.")
        await expect(page.locator("main")).to_contain_text("You are booked, with the reservation")
        assert await barriers(page) == []
        clerk = shop.clerks[Role.SUPERVISOR]
        task = await task_of(clerk, reference, "pay_unknown")
        assert (await clerk.answer(task, answer)).status == 200
        await page.wait_for_url("**/booking/**")
        left = "Still to pay USD 0.00" if answer == "paid" else "To pay the rest, call us"
        await expect(page.locator("main")).to_contain_text(left)


@pytest.mark.full
async def test_who_waits_reads_the_same_by_the_mailed_link_on_another_device(
    mailing: MailingShop,
) -> None:
    shop = mailing.shop
    async with shop.desk(None) as page, shop.desk(None) as phone:
        reference = await waiting(page, shop, "http_500_after")
        await phone.goto(shop.at("/booking"))
        await phone.fill("#reference", reference)
        await phone.fill("#email", "ada@example.com")
        await phone.get_by_role("button", name="Mail me the link").click()
        await phone.wait_for_url("**/booking?sent")
        await mailing.sends()
        sent = next(
            each for each in reversed(mailing.postbox.mails) if reference in each["Subject"]
        )
        (path,) = re.findall(r"http://127\.0\.0\.1:1(/\S+)", part(sent, "plain"))
        await phone.goto(shop.at(path))
        await phone.get_by_role("button").first.click()
        await phone.wait_for_url(f"**/booking/{reference}/manage")
        await expect(phone.locator("h1")).to_have_text(await page.locator("h1").inner_text())
        await expect(phone.locator("main")).to_contain_text("Do not book or pay again.")
        await expect(phone.locator("main")).to_contain_text("A person checks with the line by")
        await expect(phone.locator("main")).not_to_contain_text("not booked at the cruise line yet")


@dataclass(slots=True)
class Traces:
    """What a browser leaves of a guest: addresses, referrers, words of the console."""

    found: list[str]

    @classmethod
    def of(cls, page: Page) -> Traces:
        """Follow a page."""
        traces = cls([])

        def note(request: Request) -> None:
            traces.found += [request.url, request.headers.get("referer", "")]

        page.on("request", note)
        page.on("console", lambda said: traces.found.append(said.text))
        page.on("framenavigated", lambda frame: traces.found.append(frame.url))
        return traces

    async def look_into(self, page: Page) -> None:
        """Add what scripts can read of the browser's stores."""
        self.found.append(await page.evaluate(STORES))


STORES = """(async () => JSON.stringify([
  {...localStorage}, {...sessionStorage}, document.cookie, document.referrer, history.state,
  await indexedDB.databases(), "caches" in window ? await caches.keys() : [],
]))()"""
PERSONAL = (
    "4111",
    "12/31",
    "Example",
    "Adaa",
    "ada@",
    "ada%40",
    "0100",
    "Harbour",
    "33101",
    "Quay",
)


async def test_nothing_personal_is_in_stores_addresses_referrers_or_the_console(
    mailing: MailingShop,
) -> None:
    """Over a whole booking with a declined card, a change with a code, and a look-up."""
    shop = mailing.shop
    async with shop.desk(None) as page:
        traces = Traces.of(page)
        await to_payment(page, shop)
        await traces.look_into(page)
        await type_card(page, cardNumber="4000 0000 0000 0002")
        await page.check("#terms")
        await page.locator("button.pay").click()
        await page.wait_for_selector("#problem")
        await traces.look_into(page)
        await page.fill("#payment-cardNumber", CARD["cardNumber"])
        await page.locator("button.pay").click()
        await page.wait_for_url("**/booking/**")
        reference = page.url.rpartition("/")[2]
        await traces.look_into(page)
        await page.goto(f"{page.url}/manage/address")
        await page.fill("#address", "7 Quay Street")
        await page.fill("#code", "000000")
        await page.get_by_role("button", name="Change it").click()
        await page.wait_for_selector("#problem")
        await page.goto(shop.at("/booking"))
        await page.fill("#reference", reference)
        await page.fill("#email", "ada@example.com")
        await page.get_by_role("button", name="Mail me the link").click()
        await page.wait_for_url("**/booking?sent")
        await traces.look_into(page)
        secrets = [
            cookie["value"].partition(".")[2]
            for cookie in await page.context.cookies()
            if cookie["name"].startswith("booking-")
        ]
        assert len(traces.found) > 50
        assert len(secrets) == 1
        told = "\n".join(traces.found)
        assert [each for each in (*PERSONAL, *secrets, "4000") if each in told] == []
