"""Takes the pictures of docs/shop/: part of `make screenshots`."""

from __future__ import annotations

import asyncio
from typing import Final

from playwright.async_api import Page

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

FOLDER: Final = ROOT / "docs" / "shop"
LOOKS: Final = ((1280, "light"), (390, "light"))
TALLEST: Final = 2000
"""How much of a long page is shown."""
NAME: Final = {"shop_name": "Harbour & Tide", "help_email": "help@harbour.example"}


async def main() -> None:
    """Book as a family does, and look at every page on the way."""
    async with pictured_shop(**SETTINGS | NAME) as shop:
        for width, scheme in LOOKS:
            size = {"width": width, "height": 900 if width > 500 else 844}
            async with shop.desk(None, viewport=size, color_scheme=scheme) as page:
                await _walk(page, shop, width)


async def _walk(page: Page, shop: Shop, width: int) -> None:
    ages = (8, 5)
    await page.goto(shop.at("/"))
    await _shoot(page, "find", width)
    await page.goto(shop.at(f"/cruise/{CRUISE}?adults=2&children=2&age1=8&age2=5"))
    await _shoot(page, "sailing", width)
    await see_prices(page, shop, ages=ages)
    await _shoot(page, "prices", width)
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
    await page.goto(shop.at("/booking"))
    await _shoot(page, "lookup", width)
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
