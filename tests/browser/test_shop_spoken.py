"""What a screen reader says of the moments that matter: each is said, and said once.

A reader says the title of a page that opens, the name and the description of what gets the focus,
and what changes within a live region.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from playwright.async_api import CDPSession, Page, expect

from tests.browser.shop import DECLINED, Shop
from tests.browser.test_shop import SETTINGS as SHOP_SETTINGS
from tests.browser.test_shop import type_card
from tests.browser.test_shop_words import at_hold, held, named

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SETTINGS = SHOP_SETTINGS
LISTEN = """(() => {
  const LIVE = '[aria-live]:not([aria-live=off]), [role=status], [role=alert]';
  const told = new MutationObserver((changes) => {
    const parts = new Set();
    for (const { target, addedNodes } of changes)
      for (const node of [target, ...addedNodes]) {
        const live = (node.nodeType === 1 ? node : node.parentElement)?.closest(LIVE);
        if (live && live.checkVisibility()) parts.add(live);
      }
    if (document.readyState === "loading") return;
    for (const part of parts) say(part.textContent.replace(/\\s+/g, " ").trim());
  });
  told.observe(document, { subtree: true, childList: true, characterData: true });
})();"""


@dataclass
class Reader:
    """Listens to a page as a screen reader does."""

    page: Page
    link: CDPSession
    live: list[str] = field(default_factory=list)

    def hear(self, words: str) -> None:
        """Note what a live region says."""
        if words:
            self.live.append(words)

    async def focused(self) -> str:
        """Return role, name and description of what has the focus, from the accessibility tree."""
        tree = await self.link.send("Accessibility.getFullAXTree")
        nodes = [each for each in tree["nodes"] if _is_focused(each)]
        words = (nodes[-1].get(part, {}).get("value", "") for part in ("name", "description"))
        return " ".join(filter(None, words))

    def times(self, words: str) -> int:
        """Return how often a live region said something with these words in it."""
        return sum(words in each for each in self.live)

    async def hears_once(self, *words: str) -> None:
        """Expect the problem to have the focus, with these words, and nothing to say it again."""
        await expect(self.page.locator("#problem")).to_be_focused()
        said = await self.focused()
        for each in words:
            assert said.count(each) == 1, (each, said)
            assert self.times(each) == 0, self.live
        assert (await self.page.title()).startswith("Error:")


def _is_focused(node: dict[str, object]) -> bool:
    found = node.get("properties", [])
    assert isinstance(found, list)
    return any(each["name"] == "focused" and each["value"]["value"] for each in found)


async def listening(page: Page) -> Reader:
    """Begin to listen to a page and to those that follow."""
    link = await page.context.new_cdp_session(page)
    await link.send("Accessibility.enable")
    reader = Reader(page, link)
    await page.expose_function("say", reader.hear)
    await page.add_init_script(LISTEN)
    return reader


async def test_a_price_that_changed_is_said_once_with_both_amounts(shop: Shop) -> None:
    async with shop.desk(None) as page:
        reader = await listening(page)
        await at_hold("price_differs")(page, shop)
        await reader.hears_once("The price has changed", "went from USD")


async def test_what_is_wrong_with_a_form_is_said_once(shop: Shop) -> None:
    """Where the page was sent anew, and where the card's form was sent without leaving it."""
    async with shop.desk(None) as page:
        reader = await listening(page)
        _, home = await held(page, shop)
        await page.goto(f"{home}/guests")
        await page.get_by_role("button", name="Go on to extras").click()
        await reader.hears_once("There is a problem", "Guest 1: Choose a title.")
        await named(page, shop)
        await type_card(page, cardNumber=" ".join((DECLINED[:8], DECLINED[8:])))
        await page.check("#terms")
        await page.locator("button.pay").click()
        await reader.hears_once("Your bank declined this card", "2 more cards can be tried.")


@pytest.mark.full
async def test_what_is_left_of_a_hold_is_said_with_5_with_2_and_with_1_minute(shop: Shop) -> None:
    async with shop.desk(None) as page:
        reader = await listening(page)
        _, home = await held(page, shop)
        await page.clock.install()
        await page.goto(f"{home}/guests")
        marks = ("5 minutes of your hold are left.", "2 minutes of your", "1 minute of your hold")
        for passed, said in ((60, 0), (9 * 60, 1), (120, 1), (60, 2), (60, 3)):
            for _ in range(passed // 20):
                await page.clock.run_for(20_000)
            assert [reader.times(each) for each in marks] == [int(n < said) for n in range(3)]
        assert len(reader.live) == 3, "it is not counted aloud"


@pytest.mark.full
async def test_an_unknown_outcome_is_said_by_the_title_and_looking_again_says_nothing(
    shop: Shop,
) -> None:
    async with shop.desk(None) as page:
        reader = await listening(page)
        await named(page, shop)
        await page.clock.install()
        await shop.service.simulator.fault("book.pl", "http_500_after")
        await type_card(page)
        await page.check("#terms")
        reader.live.clear()
        await page.locator("button.pay").click()
        await page.wait_for_url("**/wait")
        await expect(page).to_have_title("We are checking with Royal Caribbean · Cruises")
        for _ in range(4):
            await page.clock.run_for(20_000)
        await expect(page.locator("p[data-checked]")).to_contain_text("Checked at")
        assert reader.live == []
