"""Takes the pictures of docs/shop/: part of `make screenshots`."""

from __future__ import annotations

import asyncio
from typing import Final

from playwright.async_api import Page
from sqlalchemy import text

from booking_flow.staff.people import Role
from persistence.database import execute
from tests.browser.pictures import pictured_shop, shoot
from tests.browser.shop import Shop
from tests.browser.test_shop import (
    CRUISE,
    DECLINED,
    SETTINGS,
    fill_guests,
    see_prices,
    type_card,
)
from tests.conftest import ROOT
from tests.support.service import NOT_AT_SUPPLIER
from tests.support.staff import Clerk

FOLDER: Final = ROOT / "docs" / "shop"
LOOKS: Final = ((1280, "light"), (390, "light"))
TALLEST: Final = 2000
"""How much of a long page is shown."""
NAME: Final = {"shop_name": "Harbour & Tide", "help_email": "help@harbour.example"}
MAIL: Final = {
    "smtp_url": "smtp://127.0.0.1:1?tls=none",
    "mail_from": "help@harbour.example",
    "public_url": "http://harbour.example/",
}
"""What lets the pages offer mails; none is sent."""


async def main() -> None:
    """Book as a family does, and look at every page on the way."""
    async with pictured_shop(**SETTINGS | NAME | MAIL) as shop:
        # A sailing that only tests need.
        gone = text("DELETE FROM catalogue.sailings WHERE cruise_id = :cruise_id")
        await execute(shop.service.parts.database, gone, {"cruise_id": NOT_AT_SUPPLIER})
        for width, scheme in LOOKS:
            size = {"width": width, "height": 900 if width > 500 else 844}
            async with shop.desk(None, viewport=size, color_scheme=scheme) as page:
                await _walk(page, shop, width)
                await _afterwards(page, shop, width)
                await _refused(page, shop, width)
            async with shop.desk(None, viewport=size, locale="de-DE") as page:
                await see_prices(page, shop, ages=(8, 5), button="Aktuelle Preise ansehen")
                await _shoot(page, "german", width)


async def _walk(page: Page, shop: Shop, width: int) -> None:
    ages = (8, 5)
    await page.goto(shop.at("/"))
    await _shoot(page, "find", width)
    await page.goto(shop.at(f"/cruise/{CRUISE}?adults=2&children=2&age1=8&age2=5"))
    await _shoot(page, "sailing", width)
    await see_prices(page, shop, ages=ages)
    await _shoot(page, "prices", width)
    prices = page.url
    await page.goto(f"{prices}/price?rate=2D:BAR")
    await page.wait_for_selector(".late")
    await _shoot(page, "price", width)
    await page.goto(prices)
    await page.get_by_text("Balcony", exact=True).click()
    await page.locator("#rate-2D-BAR").check()
    await page.get_by_role("button", name="Choose the cabin").click()
    await page.wait_for_selector(".late")
    await _shoot(page, "cabin", width)
    chosen = page.url
    await page.goto(chosen.replace("BAR", "SEN"))
    await page.wait_for_selector(".late")
    await page.get_by_role("button", name="Hold a cabin").click()
    await page.wait_for_selector("#problem")
    await _shoot(page, "restricted", width)
    await page.goto(chosen)
    await page.wait_for_selector(".late")
    await page.get_by_role("button", name="Hold this cabin").click()
    await page.wait_for_url("**/guests")
    await page.get_by_role("button", name="Go on to extras").click()
    await page.wait_for_selector("#problem")
    await _shoot(page, "guests-errors", width)
    await page.goto(page.url.replace("/guests", "/release"))
    await _shoot(page, "release", width)
    await page.get_by_role("link", name="Keep it and go on").click()
    await fill_guests(page, ages=ages)
    await _shoot(page, "guests", width)
    await page.get_by_role("button", name="Go on to extras").click()
    await page.wait_for_url("**/extras")
    await _shoot(page, "extras", width)
    await page.get_by_role("button", name="Go on to check and pay").click()
    await page.wait_for_url("**/pay")
    await _shoot(page, "pay", width)
    await type_card(page, cardNumber=DECLINED)
    await page.check("#terms")
    await page.locator("button.pay").click()
    await page.wait_for_selector("#problem")
    await _shoot(page, "declined", width)
    await type_card(page)
    await page.locator("button.pay").click()
    await page.wait_for_url("**/booking/**")
    await _shoot(page, "booking", width)
    await page.get_by_role("link", name="Change something").click()
    await _shoot(page, "change", width)
    await page.go_back()
    await page.get_by_role("link", name="Cancel the booking").click()
    await _shoot(page, "cancel", width)
    await page.go_back()
    await page.get_by_role("link", name="Change something").click()
    await page.get_by_role("link", name="A name is wrong").click()
    await _shoot(page, "change-name", width)
    await page.goto(page.url.replace("/name", "/cancel"))
    await _shoot(page, "change-cancel", width)
    for act in ("address", "email", "phone", "data", "erasure"):
        await page.goto(f"{page.url.rpartition('/')[0]}/{act}")
        await _shoot(page, f"change-{act}", width)
    await page.goto(shop.at("/booking"))
    await _shoot(page, "lookup", width)
    await page.fill("#reference", "BF-7K3Q9X2M")
    await page.fill("#email", "ada@example.com")
    await page.get_by_role("button", name="Mail me the link").click()
    await page.wait_for_url("**/booking?sent")
    await _shoot(page, "lookup-sent", width)
    await _unknown(page, shop, width)


async def _unknown(page: Page, shop: Shop, width: int) -> None:
    """Show the wait for an outcome, and what a search looks like that has nothing."""
    await see_prices(page, shop)
    await page.get_by_role("button", name="Choose the cabin").click()
    await page.wait_for_selector(".late")
    await page.get_by_role("button", name="Hold").first.click()
    await page.wait_for_url("**/guests")
    await fill_guests(page)
    await page.get_by_role("button", name="Go on to extras").click()
    await page.wait_for_url("**/extras")
    await page.get_by_role("button", name="Go on to check and pay").click()
    await page.wait_for_url("**/pay")
    await shop.service.simulator.fault("book.pl", "http_500_after")
    await type_card(page)
    await page.check("#terms")
    await page.locator("button.pay").click()
    await page.wait_for_url("**/wait")
    await _shoot(page, "wait", width)
    await page.goto(shop.at("/?month=2099-01"))
    await _shoot(page, "nothing-found", width)


async def _afterwards(page: Page, shop: Shop, width: int) -> None:
    """Show what a booking owes, how it is paid, and how a wait ends."""
    guest = await shop.on_deposit()
    home = (await shop.come_in(page, guest)).replace("/book/", "/booking/")
    await page.goto(home)
    await _shoot(page, "booking-deposit", width)
    await page.goto(f"{home}/pay")
    await _shoot(page, "balance", width)
    await shop.service.simulator.fault("payment.pl", "http_500_after")
    await shop.service.simulator.fault("cruiseimportbooking.pl", "http_500", times=2)
    await type_card(page)
    await page.locator("button.pay").click()
    await page.wait_for_url("**/wait")
    await _shoot(page, "wait-payment", width)
    clerk, number = shop.clerks[Role.SUPERVISOR], (await guest.look()).body["reference"]
    await _answer(clerk, number, "paid")
    await page.wait_for_url("**/booking/**")
    cancelled = await shop.paid("Example")
    await cancelled.cancel()
    home = (await shop.come_in(page, cancelled)).replace("/book/", "/booking/")
    await page.goto(home)
    await _shoot(page, "cancellation-asked", width)
    number = (await cancelled.look()).body["reference"]
    await _answer(clerk, number, "line_cancelled")
    await page.get_by_role("heading", name="Your booking is cancelled").wait_for()
    await _shoot(page, "cancelled", width)
    doubtful = await shop.held()
    await shop.service.simulator.fault("book.pl", "http_500")
    await doubtful.book()
    await shop.wait(hours=1)
    await shop.service.simulator.control("clock", advanceSeconds=3600)
    await _answer(clerk, (await doubtful.look()).body["reference"], "not_booked")
    await page.goto(await shop.come_in(page, doubtful) + "/wait")
    await _shoot(page, "not-booked", width)


async def _answer(clerk: Clerk, reference: str, answer: str) -> None:
    """Answer the task of a session that has this answer."""
    tasks = (await clerk.call("GET", "tasks")).body["tasks"]
    for task in tasks:
        if task["reference"] == reference and answer in task["answers"]:
            assert (await clerk.answer(task, answer)).status == 200


async def _refused(page: Page, shop: Shop, width: int) -> None:
    """Show the line's most frequent no, a hold that ends, and a search that has ended."""
    guest = shop.service.guest()
    await guest.to_priced()
    home = await shop.come_in(page, guest)
    await page.goto(f"{home}/cabin?rate=4A:BAR")
    await page.wait_for_selector(".late")
    await _shoot(page, "cabin-accessible", width)
    await page.goto(f"{home}/cabin?rate=4V:NRD")
    await page.wait_for_selector(".late")
    await shop.service.simulator.fault("basketadd.pl", "price_differs")
    await page.get_by_role("button", name="Hold a cabin").click()
    await page.wait_for_load_state()
    await _shoot(page, "price-changed", width)
    await shop.service.simulator.fault("cruisecabingrades.pl", "token_expired_401", times=2)
    await page.goto(home)
    await _shoot(page, "line-silent", width)
    await page.get_by_role("link", name="Mail me when it answers").click()
    await _shoot(page, "notice", width)
    sold_out = {"cruiseId": CRUISE, "cabinCode": "2D"}
    await shop.service.simulator.control("inventory", **sold_out, remaining=0)
    await page.goto(home)
    await page.wait_for_selector(".changes")
    await _shoot(page, "prices-changed", width)
    await shop.service.simulator.control("inventory", **sold_out, remaining=20)
    held = await shop.held()
    await shop.wait(minutes=13, seconds=30)
    await page.goto(await shop.come_in(page, held) + "/guests")
    await _shoot(page, "hold-ends", width)
    await shop.wait(minutes=10)
    await page.reload()
    await _shoot(page, "hold-ended", width)
    await held.cancel()
    await page.goto((await shop.come_in(page, held)).replace("/book/", "/booking/"))
    await _shoot(page, "ended", width)


async def _shoot(page: Page, name: str, width: int) -> None:
    # What sticks to the end of the screen would lie across the middle of a whole page.
    await page.emulate_media(reduced_motion="reduce")
    await page.evaluate(
        "document.querySelectorAll('.sticky, .summary, .summary-line')"
        ".forEach((each) => each.classList.add('at-rest'))"
    )
    await shoot(page, FOLDER / f"{name}-{width}.png", width=width, tallest=TALLEST)


if __name__ == "__main__":
    asyncio.run(main())
