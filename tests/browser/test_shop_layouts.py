"""The guest's pages with longer words, and written from right to left."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.browser.shop import Shop
from tests.browser.test_pages import open_all, overflow
from tests.browser.test_shop import SETTINGS as SHOP_SETTINGS
from tests.browser.test_shop import afterwards, beside_it, way_to_booking

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SETTINGS = SHOP_SETTINGS
LONGER = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  window.was = [];
  const grow = (word) => word + word.slice(0, Math.ceil(word.length * 0.4));
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (!node.parentElement.closest("script, style, template, svg.plan, .codes svg")) {
      window.was.push([node, node.data]);
      node.data = node.data.replace(/\\p{L}{2,}/gu, grow);
    }
}"""
"""Makes every word longer by 40 %, as a language of longer words would."""
BACK = "() => { for (const [node, text] of window.was ?? []) node.data = text; }"
RIGHT_TO_LEFT = "() => { document.documentElement.dir = 'rtl'; }"
CLIPPED = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const hides = (part) => ["hidden", "clip"].includes(getComputedStyle(part).overflowX);
  const found = new Set();
  const WITHIN = "option, select, .unseen, .skip, template, noscript, .scroll, .cabins";
  const width = document.documentElement.clientWidth;
  const range = document.createRange();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const part = node.parentElement;
    if (!node.data.trim() || !part.checkVisibility({ visibilityProperty: true })) continue;
    if (part.closest(WITHIN)) continue;
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.left < -1 || box.right > width + 1) found.add(node.data.trim());
      for (let room = part; room; room = room.parentElement) {
        if (!hides(room)) continue;
        const bounds = room.getBoundingClientRect();
        if (box.left < bounds.left - 1 || box.right > bounds.right + 1) found.add(node.data.trim());
      }
    }
  }
  return [...found];
}"""
"""Texts that leave the screen, or of which a part that hides what is too much shows less."""


async def faults_of(page: Page, change: str) -> tuple[int, list[str]]:
    """Change a page with everything disclosed, look at it, and change its words back."""
    await open_all(page)
    await page.evaluate(change)
    found = (await overflow(page), await page.evaluate(CLIPPED))
    await page.evaluate(BACK)
    return found


@pytest.mark.full
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("change", [LONGER, RIGHT_TO_LEFT], ids=["longer", "rtl"])
async def test_every_page_shows_all_of_its_words(shop: Shop, change: str, width: int) -> None:
    wrong: list[object] = []
    async with shop.desk(None, viewport={"width": width, "height": 900}) as page:
        for walk in (way_to_booking, beside_it, afterwards):
            async for state in walk(page, shop):
                found = await faults_of(page, change)
                if found != (0, []):
                    wrong.append((state, found))
    assert wrong == []
