"""Every page for everybody: no serious barrier, nothing wider than the screen, by day and night."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page

from booking_flow.staff.people import Role
from booking_http.console.auth import SECOND_FACTOR
from booking_http.console.staff_page import ACCOUNTS
from persistence.staff import PostgresStaff
from tests.browser.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

OPEN = """document.querySelectorAll("main details").forEach((each) => {
  each.removeAttribute("name");
  each.open = true;
})"""
SERIOUS = {"serious", "critical"}


@dataclass(frozen=True, slots=True)
class Scenes:
    """Sessions whose pages show all there is to show."""

    paid: str
    doubtful: str
    declined: str
    task: str = field(default="")
    account: str = field(default="")

    def paths(self) -> list[str]:
        """Return every page; those of the overview and the flow have tests of their own."""
        tasks = ("/console/tasks", f"/console/tasks/{self.task}")
        rest = (f"/console/sessions/{each}" for each in (self.paid, self.declined))
        own = ("/console/account", SECOND_FACTOR)
        staff = (ACCOUNTS, f"{ACCOUNTS}/{self.account}", "/console/audit")
        first = ["/console", f"/console/sessions/{self.doubtful}", *tasks]
        return [*first, *rest, *own, *staff]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes(shop: Shop) -> Scenes:
    """Make the sessions."""
    paid, declined = await shop.paid("Gooseberry"), await shop.declined("Underhill")
    doubtful, _ = await shop.doubtful("Featherstonehaugh")
    task = await shop.clerks[Role.AGENT].task()
    accounts = PostgresStaff(shop.service.parts.database)
    viewer = await accounts.find(shop.clerks[Role.VIEWER].email)
    assert viewer is not None
    return Scenes(paid.uuid, doubtful.uuid, declined.uuid, task["taskId"], str(viewer.account.id))


async def open_all(page: Page) -> None:
    """Disclose everything the page can disclose, of a group with one name more than one."""
    await page.evaluate(OPEN)


async def barriers(page: Page) -> list[str]:
    """Return what bars somebody's way, and where."""
    found = await Axe().run(page, options={"resultTypes": ["violations"]})
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found.response["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]


async def overflow(page: Page) -> int:
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(await page.evaluate(wide))


@pytest.mark.parametrize(
    ("width", "scheme", "most"),
    [
        (390, "dark", 4),
        *(
            pytest.param(width, scheme, None, marks=pytest.mark.full)
            for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"))
        ),
    ],
)
async def test_no_page_has_a_serious_barrier_or_is_too_wide(
    shop: Shop, scenes: Scenes, width: int, scheme: str, most: int | None
) -> None:
    size = {"width": width, "height": 900}
    async with shop.desk(Role.SUPERVISOR, viewport=size, color_scheme=scheme) as page:
        for path in scenes.paths()[:most]:
            await page.goto(shop.at(path))
            await open_all(page)
            assert (path, await barriers(page)) == (path, [])
            assert (path, await overflow(page)) == (path, 0)
    async with shop.desk(None, viewport=size, color_scheme=scheme) as page:
        await page.goto(shop.at("/console/sign-in?out"))
        assert await barriers(page) == []
        assert await overflow(page) == 0


@pytest.mark.full
async def test_headings_come_in_order_and_every_page_has_one_of_the_first(
    shop: Shop, scenes: Scenes
) -> None:
    async with shop.desk(Role.SUPERVISOR) as page:
        for path in scenes.paths():
            await page.goto(shop.at(path))
            levels = await page.locator("h1, h2, h3, h4").evaluate_all(
                "all => all.map(each => Number(each.tagName[1]))"
            )
            assert levels.count(1) == 1, path
            assert levels[0] == 1, path
            assert all(after <= before + 1 for before, after in pairwise(levels)), (path, levels)
