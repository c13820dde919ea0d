"""Takes the pictures of docs/console/: `make screenshots`."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path

from playwright.async_api import FloatRect, async_playwright

from adapters.embedded import EmbeddedPostgres
from booking_flow.staff.people import Role
from persistence.migrate import upgrade
from tests.browser.conftest import ARGS, chromium
from tests.browser.shop import Shop, open_shop
from tests.conftest import ROOT, administer
from tests.http.kit import Guest

FOLDER = ROOT / "docs" / "console"
LOOKS = ((1280, "light"), (390, "dark"))
TALLEST = 1700
"""How much of a long page is shown."""
LINE = "A guest called: the card was charged, and the page said error."


async def main() -> None:
    """Fill a shop with an afternoon's worth of bookings and look at every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="screenshots-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        async with EmbeddedPostgres(folder / "postgres", durable=False) as server:
            await administer(server, "CREATE DATABASE template_of_shop")
            await upgrade(server.dsn_of("template_of_shop"))
            await _look(server)


async def _look(server: EmbeddedPostgres) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=ARGS)
        async with open_shop(browser, server, "template_of_shop") as shop:
            paths = await _fill(shop)
            await _sign_in_page(shop)
            for name, path in paths.items():
                for width, scheme in LOOKS:
                    await _shoot(shop, name, path, Role.SUPERVISOR, width=width, scheme=scheme)
        await browser.close()


async def _fill(shop: Shop) -> Mapping[str, str]:
    """Let guests of every kind come by, and return the pages to look at."""
    await shop.service.simulator.control("latency", scale=0.15)
    await shop.doubtful("Underhill", cruise_id="2201103")
    await shop.wait(hours=2, minutes=49)
    for surname, cruise in (("Gooseberry", "2190297"), ("Marchbanks", "2190299")):
        await shop.paid(surname, cruise_id=cruise)
        await shop.wait(minutes=17)
    await shop.declined("Thistlewood", cruise_id="2190295")
    await shop.wait(minutes=41)
    await shop.stuck(cruise_id="2201104")
    await shop.wait(minutes=13)
    await shop.paid("Quillfeather", cruise_id="2190302")
    released = await shop.held(cruise_id="2190298")
    await released.release()
    session = await _unlucky(shop)
    agent = shop.clerks[Role.AGENT]
    tasks = (await agent.call("GET", "tasks")).body["tasks"]
    task = next(each for each in tasks if each["sessionId"] == session.uuid)
    return {
        "find": "/console",
        "session": f"/console/sessions/{session.uuid}",
        "tasks": "/console/tasks",
        "task": f"/console/tasks/{task['taskId']}",
        "overview": "/console/overview",
        "flow": "/console/flow",
    }


async def _unlucky(shop: Shop) -> Guest:
    """Return a guest whose card was declined, whose second one went into the dark, and a note."""
    guest = shop.service.guest()
    await guest.open()
    await shop.wait(minutes=2)
    await guest.price()
    await shop.wait(minutes=6)
    await guest.select()
    total = (await guest.look()).body["price"]["total"]
    surname = "Featherstonehaugh"
    for card, fault in (("4000000000000002", None), ("4111111111111111", "http_500_after")):
        if fault:
            await shop.service.simulator.fault("book.pl", fault)
        await guest.book(guest.booking(surname=surname, payment=guest.payment(total, card=card)))
        await shop.wait(minutes=1, seconds=12)
    agent = shop.clerks[Role.AGENT]
    version = (await agent.read(guest.uuid))["session"]["version"]
    path, tag = f"sessions/{guest.uuid}/note", {"If-Match": f'"{version}"'}
    await agent.call("POST", path, {"reason": LINE}, headers=tag)
    return guest


async def _sign_in_page(shop: Shop) -> None:
    for width, scheme in LOOKS:
        await _shoot(shop, "sign-in", "/console/sign-in", None, width=width, scheme=scheme)


async def _shoot(
    shop: Shop, name: str, path: str, role: Role | None, *, width: int, scheme: str
) -> None:
    size = {"width": width, "height": 600}
    async with shop.desk(role, viewport=size, color_scheme=scheme) as page:
        await page.goto(shop.at(path))
        whole = int(await page.evaluate("document.documentElement.scrollHeight"))
        clip = FloatRect(x=0, y=0, width=width, height=min(whole, TALLEST))
        file = FOLDER / f"{name}-{width}-{scheme}.png"
        await page.screenshot(path=file, full_page=True, clip=clip, animations="disabled")
        print(file.relative_to(ROOT), file.stat().st_size)  # noqa: T201 - its user reads this


if __name__ == "__main__":
    asyncio.run(main())
