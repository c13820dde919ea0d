"""Takes the pictures of docs/console/: `make screenshots`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from booking_flow.staff.people import Role
from booking_http.console.auth import SECOND_FACTOR
from booking_http.console.staff_page import ACCOUNTS
from persistence.staff import PostgresStaff
from tests.browser.pictures import pictured_shop, shoot
from tests.browser.shop import Shop
from tests.conftest import ROOT
from tests.support.service import Guest

FOLDER = ROOT / "docs" / "console"
LOOKS = ((1280, "light"), (390, "dark"))
TALLEST = 1700
"""How much of a long page is shown."""
LINE = "A guest called: the card was charged, and the page said error."


async def main() -> None:
    """Fill a shop with an afternoon's worth of bookings and look at every page."""
    async with pictured_shop() as shop:
        paths = await _fill(shop)
        await _sign_in_page(shop)
        for name, path in paths.items():
            for width, scheme in LOOKS:
                await _shoot(shop, name, path, Role.SUPERVISOR, width=width, scheme=scheme)


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
    viewer = await PostgresStaff(shop.service.parts.database).find(shop.clerks[Role.VIEWER].email)
    assert viewer is not None
    return {
        "find": "/console",
        "session": f"/console/sessions/{session.uuid}",
        "tasks": "/console/tasks",
        "task": f"/console/tasks/{task['taskId']}",
        "overview": "/console/overview",
        "staff": ACCOUNTS,
        "staff-account": f"{ACCOUNTS}/{viewer.account.id}",
        "account": "/console/account",
        "second-factor": SECOND_FACTOR,
        "audit": "/console/audit",
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
        file = FOLDER / f"{name}-{width}-{scheme}.png"
        await shoot(page, file, width=width, tallest=TALLEST)


if __name__ == "__main__":
    asyncio.run(main())
