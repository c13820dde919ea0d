"""Overview and flow in a real browser: by keyboard, without a script, on any screen."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from booking_flow.staff.people import Role
from tests.browser.shop import Shop
from tests.browser.test_pages import barriers, open_all, overflow

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LOOKS = [
    (390, "dark"),
    *(
        pytest.param(width, scheme, marks=pytest.mark.full)
        for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light"))
    ),
]


async def test_from_a_number_to_its_sessions_without_a_script(shop: Shop) -> None:
    guest, _ = await shop.doubtful("Underhill")
    reference = (await guest.look()).body["reference"]
    async with shop.desk(Role.VIEWER, java_script_enabled=False) as page:
        await page.goto(shop.at("/console"))
        await page.get_by_role("link", name="Overview").click()
        await page.get_by_role("link", name="7 days").click()
        await expect(page).to_have_url(re.compile(r"window=7d"))
        row = page.get_by_role("row", name=re.compile(r"Book at the line.*unknown"))
        await row.get_by_role("link").first.focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("link", name=reference)).to_be_visible()


@pytest.mark.full
async def test_the_map_is_walked_by_keyboard(shop: Shop) -> None:
    await shop.held()
    async with shop.desk(Role.VIEWER) as page:
        await page.goto(shop.at("/console/overview"))
        state = page.locator("#state-basketed a")
        await state.focus()
        await expect(state).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(r"/console\?state=basketed"))
        await expect(page.get_by_role("heading", name="Found")).to_be_visible()


@pytest.mark.full
async def test_all_stored_histories_are_checked_without_a_script(shop: Shop) -> None:
    async with shop.desk(Role.AGENT, java_script_enabled=False) as page:
        await page.goto(shop.at("/console/flow"))
        await page.get_by_role("button", name="Check all stored histories").click()
        await expect(page.get_by_role("heading", name="All of them fold")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
async def test_neither_bars_anybody_or_is_too_wide(shop: Shop, width: int, scheme: str) -> None:
    await shop.paid("Gooseberry")
    size = {"width": width, "height": 900}
    async with shop.desk(Role.VIEWER, viewport=size, color_scheme=scheme) as page:
        for path in ("/console/overview?window=30d", "/console/flow"):
            await page.goto(shop.at(path))
            await open_all(page)
            assert (path, await barriers(page)) == (path, [])
            assert (path, await overflow(page)) == (path, 0)
