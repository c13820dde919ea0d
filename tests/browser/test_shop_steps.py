"""Every step under everything a guest does to a page: reload, back, two tabs, twice, offline."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.shop import Shop
from tests.browser.test_shop import CRUISE, fill_guests, type_card
from tests.browser.test_shop import SETTINGS as SHOP_SETTINGS
from tests.support.service import Guest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SETTINGS = SHOP_SETTINGS
OFFLINE = "You are not connected. Nothing was sent"
MOST_TABS = 200


async def nothing(page: Page) -> None:
    """Type nothing: the step is complete as it is shown."""


async def tick_and_type(page: Page) -> None:
    await type_card(page)
    await page.check("#terms")


async def ask_for_a_link(page: Page) -> None:
    await page.fill("#reference", "BF-7K3Q9X2M")
    await page.fill("#email", "ada@example.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A page on which something is sent: where it is, what is typed, and where that leads."""

    opens: Callable[[Page, Shop], Awaitable[str]]
    """Prepares the session; returns the address of the step."""
    button: str
    leads_to: str
    fills: Callable[[Page], Awaitable[None]] = nothing
    endpoint: str | None = None
    """What the supplier is asked by it, once."""

    def send(self, page: Page) -> Locator:
        """Return the button that sends it."""
        return page.locator("main").get_by_role("button", name=re.compile(self.button)).first

    async def arrived(self, page: Page) -> None:
        """Wait until it has led on."""
        await expect(page).to_have_url(re.compile(self.leads_to), timeout=15_000)


async def at_sailing(page: Page, shop: Shop) -> str:
    del page
    return shop.at(f"/cruise/{CRUISE}")


async def at_prices(page: Page, shop: Shop) -> str:
    guest = shop.service.guest()
    await guest.to_priced()
    return await shop.come_in(page, guest)


async def at_cabin(page: Page, shop: Shop) -> str:
    return await at_prices(page, shop) + "/cabin?rate=4V:NRD"


async def at_guests(page: Page, shop: Shop) -> str:
    return await shop.come_in(page, await shop.held()) + "/guests"


async def named(shop: Shop) -> Guest:
    guest = await shop.held()
    await guest.edit({"passengers": guest.passengers(), "contact": guest.contact()})
    return guest


async def at_extras(page: Page, shop: Shop) -> str:
    return await shop.come_in(page, await named(shop)) + "/extras"


async def at_pay(page: Page, shop: Shop) -> str:
    return await shop.come_in(page, await named(shop)) + "/pay"


async def at_balance(page: Page, shop: Shop) -> str:
    guest = await shop.on_deposit()
    return (await shop.come_in(page, guest)).replace("/book/", "/booking/") + "/pay"


async def at_cancel(page: Page, shop: Shop) -> str:
    guest = await shop.paid("Example")
    return (await shop.come_in(page, guest)).replace("/book/", "/booking/") + "/cancel"


async def at_lookup(page: Page, shop: Shop) -> str:
    del page
    return shop.at("/booking")


STEPS = {
    "sailing": Step(
        opens=at_sailing,
        button="See live prices",
        leads_to="/book/BF-[^/]+$",
        endpoint="cruiseresults.pl",
    ),
    "prices": Step(opens=at_prices, button="Choose the cabin", leads_to="/cabin"),
    "cabin": Step(
        opens=at_cabin,
        button="Hold a cabin of this grade",
        leads_to="/guests$",
        endpoint="basketadd.pl",
    ),
    "guests": Step(
        opens=at_guests, button="Go on to extras", leads_to="/extras$", fills=fill_guests
    ),
    "extras": Step(opens=at_extras, button="Go on to check and pay", leads_to="/pay$"),
    "pay": Step(
        opens=at_pay,
        button="^Pay USD|Book and pay now",
        leads_to="/booking/BF-[^/]+$",
        fills=tick_and_type,
        endpoint="book.pl",
    ),
    "balance": Step(
        opens=at_balance,
        button="^Pay USD|^Pay now",
        leads_to="/booking/BF-[^/]+$",
        fills=type_card,
        endpoint="payment.pl",
    ),
    "cancel": Step(opens=at_cancel, button="Ask to cancel", leads_to="/booking/BF-[^/]+$"),
    "lookup": Step(
        opens=at_lookup, button="Mail me the link", leads_to="sent$", fills=ask_for_a_link
    ),
}
QUICK = {"pay"}
each_step = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.full) for name in STEPS],
)


async def asked(shop: Shop, step: Step) -> int:
    return await shop.service.simulator.received(step.endpoint) if step.endpoint else 0


async def heading(page: Page) -> str:
    return await page.get_by_role("heading", level=1).inner_text()


async def ready(page: Page, step: Step) -> None:
    await step.send(page).wait_for()


@each_step
async def test_a_step_stands_whatever_is_done_to_its_page_and_is_sent_once(
    shop: Shop, name: str
) -> None:
    """Reload, back, forward, a second tab, offline and back, a double click, and back again."""
    step = STEPS[name]
    async with shop.desk(None) as page:
        address = await step.opens(page, shop)
        await page.goto(shop.at("/"))
        await page.goto(address)
        await ready(page, step)
        shown = await heading(page)
        await page.reload()
        await ready(page, step)
        await page.go_back()
        await page.go_forward()
        await ready(page, step)
        other = await page.context.new_page()
        await other.goto(address)
        await ready(other, step)
        assert await heading(page) == await heading(other) == shown
        before = await asked(shop, step)
        await step.fills(page)
        await page.context.set_offline(True)
        await step.send(page).click()
        await expect(page.locator("main").get_by_text(OFFLINE)).to_be_visible()
        assert page.url == address
        await page.context.set_offline(False)
        await expect(page.locator("main").get_by_text(OFFLINE)).to_have_count(0)
        await step.send(page).dblclick()
        await step.arrived(page)
        assert await asked(shop, step) - before == (1 if step.endpoint else 0)
        # The other tab is a page of before: it leads to where the session is, or says so.
        answer = await other.reload()
        assert answer is not None
        assert answer.status < 500
        await page.go_back()
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert await asked(shop, step) - before == (1 if step.endpoint else 0)


async def reached_by_tab(page: Page, button: Locator) -> None:
    """Press Tab until the button has the focus."""
    wanted = await button.element_handle()
    for _ in range(MOST_TABS):
        await page.keyboard.press("Tab")
        if await page.evaluate("(wanted) => document.activeElement === wanted", wanted):
            return
    pytest.fail("the button is not reached by Tab")


@each_step
async def test_a_step_is_sent_once_by_keyboard_with_enter_held_down(shop: Shop, name: str) -> None:
    step = STEPS[name]
    async with shop.desk(None) as page:
        await page.goto(await step.opens(page, shop))
        await ready(page, step)
        await step.fills(page)
        before = await asked(shop, step)
        await page.evaluate("document.activeElement.blur()")
        await reached_by_tab(page, step.send(page))
        for _ in range(8):
            await page.keyboard.down("Enter")
        await step.arrived(page)
        await page.keyboard.up("Enter")
        assert await asked(shop, step) - before == (1 if step.endpoint else 0)


@each_step
async def test_a_step_works_without_scripts_and_a_double_click_sends_it_once(
    shop: Shop, name: str
) -> None:
    step = STEPS[name]
    async with shop.desk(None, java_script_enabled=False) as page:
        await page.goto(await step.opens(page, shop))
        await ready(page, step)
        await step.fills(page)
        before = await asked(shop, step)
        await step.send(page).dblclick()
        await step.arrived(page)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await page.reload()
        assert await asked(shop, step) - before == (1 if step.endpoint else 0)
