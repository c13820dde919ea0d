"""The guest's pages in a real browser: with scripts, by keyboard, for everybody, within bounds."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import pytest
from playwright.async_api import CDPSession, Page, Route, expect

from booking_http.shop.manage_page import ACTS
from booking_http.shop.pages import ASSETS
from tests.browser.shop import Shop
from tests.browser.test_pages import barriers, open_all, overflow

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

CRUISE = "2190294"
CARD = {
    "cardNumber": "4111 1111 1111 1111",
    "expiry": "12/31",
    "cvv": "123",
    "cardholderName": "Ada Example",
}
DECLINED = "4000 0000 0000 0002"
SETTINGS = {
    "shop": True,
    "terms_field": "terms",
    "balance_by_card": True,
    "help_phone": "+1 305 555 0199",
    "help_hours": "08:00 to 20:00 EST",
}


async def see_prices(
    page: Page, shop: Shop, *, ages: tuple[int, ...] = (), button: str = "See live prices"
) -> None:
    await page.goto(shop.at(f"/cruise/{CRUISE}"))
    await page.select_option("#children", str(len(ages)))
    for number, age in enumerate(ages, start=1):
        await page.select_option(f"#age{number}", str(age))
    await page.get_by_role("button", name=button).click()
    await page.wait_for_selector(".late")


async def hold(page: Page, *, rate: str = "4V-NRD") -> None:
    await page.locator(f"#rate-{rate}").check()
    await page.get_by_role("button", name="Choose the cabin").click()
    await page.wait_for_selector(".late")
    await page.get_by_role("button", name="Hold this cabin").click()
    await page.wait_for_url("**/guests")


async def name_guests(page: Page, *, ages: tuple[int, ...] = ()) -> None:
    await fill_guests(page, ages=ages)
    await page.get_by_role("button", name="Go on to extras").click()
    await page.wait_for_url("**/extras")
    await page.get_by_role("button", name="Go on to check and pay").click()
    await page.wait_for_url("**/pay")


async def fill_guests(page: Page, *, ages: tuple[int, ...] = ()) -> None:
    surname = "Example"
    shown = await page.locator(".guest > legend .soft").first.inner_text()
    assert "adult" in shown
    sailing = date.today() + timedelta(days=105)
    for number, age in enumerate((40, 41, *ages)):
        prefix = f"#passengers-{number}-"
        born = sailing - timedelta(days=int(age * 365.25) + 40)
        await page.select_option(f"{prefix}title", "Ms")
        await page.fill(f"{prefix}firstName", f"Ada{'abcdef'[number]}")
        await page.fill(f"{prefix}lastName", surname)
        for part in ("day", "month", "year"):
            await page.fill(f"{prefix}dateOfBirth-{part}", str(getattr(born, part)))
        await page.select_option(f"{prefix}gender", "F")
        await page.select_option(f"{prefix}nationality", "US")
    await page.select_option("#contact-title", "Ms")
    await page.select_option("#contact-country", "US")
    typed = {"firstName": "Ada", "lastName": surname, "email": "ada@example.com"}
    typed |= {"phone": "+1 305 555 0100", "address": "1 Harbour Street", "city": "Miami"}
    typed |= {"postalCode": "33101", "state": "FL"}
    for name, text in typed.items():
        await page.fill(f"#contact-{name}", text)


async def type_card(page: Page, **changes: str) -> None:
    for name, text in (CARD | changes).items():
        await page.fill(f"#payment-{name}", text)


async def to_payment(page: Page, shop: Shop) -> None:
    await see_prices(page, shop)
    await hold(page)
    await name_guests(page)


async def test_a_declined_card_stays_typed_and_another_one_books_once(shop: Shop) -> None:
    """With scripts: the number stays in its field, a double click books once."""
    before = len((await shop.service.simulator.ledger())["charges"])
    async with shop.desk(None) as page:
        await to_payment(page, shop)
        await type_card(page, cardNumber=DECLINED)
        await page.check("#terms")
        await page.locator("button.pay").click()
        await expect(page.locator("#problem")).to_contain_text("Your bank declined this card")
        await expect(page.locator("#problem")).to_be_focused()
        await expect(page.locator("#payment-cardNumber")).to_have_value(DECLINED)
        assert DECLINED.replace(" ", "") not in await page.content()
        await page.fill("#payment-cardNumber", CARD["cardNumber"])
        await page.locator("button.pay").dblclick()
        await page.wait_for_url("**/booking/**")
        await expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")
        kept = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
        assert json.loads(kept) == [{}, {}]
        for typed in ("4111", "Example", "ada@example.com"):
            assert typed not in page.url
        await page.go_back()
        await expect(page).to_have_url(re.compile("/booking/"))
    assert len((await shop.service.simulator.ledger())["charges"]) == before + 1


async def test_an_unknown_outcome_leads_on_by_itself_once_it_is_known(shop: Shop) -> None:
    async with shop.desk(None) as page:
        await to_payment(page, shop)
        await shop.service.simulator.fault("book.pl", "http_500_after")
        await type_card(page)
        await page.check("#terms")
        await page.locator("button.pay").click()
        await page.wait_for_url("**/wait")
        await expect(page.get_by_text("Do not book or pay again.")).to_be_visible()
        assert await barriers(page) == []


@pytest.mark.parametrize(
    "lost", [(), pytest.param(("**/events",), marks=pytest.mark.full)], ids=["stream", "poll"]
)
async def test_an_answer_that_is_lost_on_its_way_is_told_by_the_stream_or_by_looking(
    shop: Shop, lost: tuple[str, ...]
) -> None:
    """The form's own answer never comes; the picture of the security code follows the brand.

    The cabin is of a grade of which no other test here needs the few that are on the plan.
    """
    guest = shop.service.guest()
    await guest.to_priced()
    assert (await guest.select(guest.rate("2N"))).status == 200
    await guest.edit({"passengers": guest.passengers(), "contact": guest.contact()})
    async with shop.desk(None) as page:
        await page.goto(f"{await shop.come_in(page, guest)}/pay")
        await expect(page.locator(".code-back, .code-front").locator("visible=true")).to_have_count(
            2
        )
        await page.fill("#payment-cardNumber", "3782 822463 10005")
        await expect(page.locator(".code-back")).to_be_hidden()
        await type_card(page)
        await expect(page.locator(".code-front")).to_be_hidden()
        await page.check("#terms")

        async def keep_back(route: Route) -> None:
            if route.request.method == "POST":
                await route.fetch(max_redirects=0)
            else:
                await route.continue_()

        await page.route("**/pay", keep_back)
        for address in lost:
            await page.route(address, lambda route: route.abort())
        await page.locator("button.pay").click()
        await page.wait_for_url("**/booking/**")
        await expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")
        await page.unroute_all(behavior="ignoreErrors")


@pytest.mark.full
async def test_a_network_that_goes_away_at_paying_ends_where_the_outcome_is(shop: Shop) -> None:
    async with shop.desk(None) as page:
        await to_payment(page, shop)
        await type_card(page)
        await page.check("#terms")
        await page.context.set_offline(True)
        await page.locator("button.pay").click()
        await expect(page.locator("#spoken")).to_contain_text("You are not connected")
        await expect(page.locator("#payment-cardNumber")).to_have_value(CARD["cardNumber"])
        await page.context.set_offline(False)
        await page.locator("button.pay").click()
        await page.wait_for_url("**/booking/**")


@pytest.mark.full
async def test_a_second_tab_is_where_the_session_is(shop: Shop) -> None:
    async with shop.desk(None) as page:
        await see_prices(page, shop)
        home = page.url
        await hold(page)
        other = await page.context.new_page()
        await other.goto(home)
        await expect(other).to_have_url(page.url)
        await page.reload()
        await expect(other.get_by_role("heading", level=1)).to_have_text("Who travels?")


async def test_the_whole_way_by_keyboard(shop: Shop) -> None:
    """From a sailing to a held cabin with Tab, arrows, Space and Enter alone."""
    async with shop.desk(None) as page:
        await page.goto(shop.at(f"/cruise/{CRUISE}"))
        await page.get_by_role("button", name="See live prices").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".late")
        await page.locator("input[name=rate]:checked").focus()
        await page.keyboard.press("ArrowDown")
        chosen = page.locator("input[name=rate]:checked")
        await expect(chosen).to_be_focused()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/cabin?**")
        await page.wait_for_selector(".late")
        # The next rate is for some guests only, and says for whom.
        await page.locator("[name^=declared-]").first.focus()
        await page.keyboard.press("Space")
        await page.get_by_role("button", name="Hold").first.focus()
        await page.keyboard.press("Space")
        await page.wait_for_url("**/guests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a guest looks at the pages; twice the size leaves half the width to lay a page out in."""

    width: int = 1280
    scheme: Literal["light", "dark"] = "light"
    zoom: int = 1
    colours: Literal["none", "active"] = "none"

    @property
    def options(self) -> dict[str, Any]:
        """Return the options of a browser's context."""
        return {
            "viewport": {"width": self.width // self.zoom, "height": 900 // self.zoom},
            "device_scale_factor": self.zoom,
            "color_scheme": self.scheme,
            "forced_colors": self.colours,
            "reduced_motion": "reduce" if self.colours == "active" else "no-preference",
        }

    def __str__(self) -> str:
        forced = ", forced colours" if self.colours == "active" else ""
        return f"{self.width}, {self.scheme}, {self.zoom}x{forced}"


LOOKS = [
    Look(width=390, scheme="dark"),
    *(
        pytest.param(look, marks=pytest.mark.full)
        for look in (
            *(
                Look(width=width, scheme=scheme)
                for width in (320, 390, 768, 1280)
                for scheme in ("light", "dark")
            ),
            Look(zoom=2),
            Look(zoom=2, scheme="dark"),
            *(Look(width=width, colours="active") for width in (390, 1280)),
            Look(width=1280, colours="active", scheme="dark"),
        )
    ),
]


@pytest.mark.parametrize("look_by", LOOKS, ids=str)
async def test_no_page_has_a_serious_barrier_or_is_too_wide(shop: Shop, look_by: Look) -> None:
    """The first pages in every run; each state of each page where everything is looked at."""
    walks = [way_to_booking] if look_by == LOOKS[0] else [way_to_booking, beside_it, afterwards]
    async with shop.desk(None, **look_by.options) as page:
        for walk in walks:
            async for state in walk(page, shop):
                await open_all(page)
                assert (state, await barriers(page)) == (state, [])
                assert (state, await overflow(page)) == (state, 0)


async def way_to_booking(page: Page, shop: Shop) -> AsyncIterator[str]:
    """Book a cabin, with every mistake on the way."""
    for path in ("/", "/?month=2099-01", f"/cruise/{CRUISE}", "/booking", "/book/BF-NONE0"):
        await page.goto(shop.at(path))
        yield path
    await see_prices(page, shop, ages=(8,))
    yield "prices"
    await page.locator("#rate-4V-NRD").check()
    await page.get_by_role("button", name="Choose the cabin").click()
    await page.wait_for_selector(".late")
    yield "cabin"
    await page.get_by_role("button", name="Hold this cabin").click()
    await page.wait_for_url("**/guests")
    await page.get_by_role("button", name="Go on to extras").click()
    await page.wait_for_selector("#problem")
    yield "guests, nothing typed"
    await name_guests(page, ages=(8,))
    yield "pay"
    await page.locator("button.pay").click()
    await page.wait_for_selector("#problem")
    yield "pay, nothing typed"
    await type_card(page)
    await page.check("#terms")
    await page.locator("button.pay").click()
    await page.wait_for_url("**/booking/**")
    yield "booked"


async def beside_it(page: Page, shop: Shop) -> AsyncIterator[str]:
    """Look at what lies beside the way, and wait for an outcome."""
    guest = shop.service.guest()
    await guest.to_priced()
    home = await shop.come_in(page, guest)
    await page.goto(f"{home}/price?rate=4V:NRD")
    await page.wait_for_selector(".late")
    yield "what is in the price"
    await page.goto(f"{home}/cabin?rate=2D:SEN")
    await page.wait_for_selector(".late")
    await page.get_by_role("button", name="Hold a cabin").click()
    await page.wait_for_selector("#problem")
    yield "cabin of a restricted rate, not declared"
    held = await guest.select(guest.rate("4V"))
    for step in ("guests", "extras", "release"):
        await page.goto(f"{home}/{step}")
        await page.evaluate(
            "document.querySelectorAll('[data-again]').forEach(e => e.hidden = false)"
        )
        yield f"{step} of a hold that ends soon"
    await guest.edit({"passengers": guest.passengers(), "contact": guest.contact()})
    await page.goto(f"{home}/pay")
    await type_card(page, cardNumber=DECLINED)
    await page.check("#terms")
    await page.locator("button.pay").click()
    await page.wait_for_selector("#problem")
    yield "declined"
    await shop.service.simulator.fault("book.pl", "http_500_after")
    payment = guest.payment(held.body["price"]["total"])
    assert (await guest.book(guest.booking(payment=payment))).status == 202
    await page.goto(f"{home}/wait")
    yield "outcome unknown"


async def afterwards(page: Page, shop: Shop) -> AsyncIterator[str]:
    """Look at what can be done about a booking, and cancel it and a search."""
    guest = await shop.paid("Example")
    home = (await shop.come_in(page, guest)).replace("/book/", "/booking/")
    for path in ("cancel", "manage", *(f"manage/{act}" for act in ACTS)):
        await page.goto(f"{home}/{path}")
        yield path
    await page.get_by_role("button", name="Ask to erase").click()
    await page.wait_for_selector("#problem")
    yield "no code typed"
    async for state in balance(page, shop):
        yield state
    await guest.cancel()
    await page.goto(home)
    yield "cancellation asked for"
    other = await shop.held()
    over = (await shop.come_in(page, other)).replace("/book/", "/booking/")
    await other.cancel()
    await page.goto(over)
    yield "a search that was cancelled"


async def balance(page: Page, shop: Shop) -> AsyncIterator[str]:
    """Look at a booking that owes a balance, and pay it with every mistake."""
    guest = await shop.on_deposit()
    home = (await shop.come_in(page, guest)).replace("/book/", "/booking/")
    for path in (home, f"{home}/pay"):
        await page.goto(path)
        yield "a balance is owed"
    await page.locator("button.pay").click()
    await page.wait_for_selector("#problem")
    yield "balance, nothing typed"
    await shop.service.simulator.fault("payment.pl", "http_500_after")
    await shop.service.simulator.fault("cruiseimportbooking.pl", "http_500", times=2)
    await type_card(page)
    await page.locator("button.pay").click()
    await page.wait_for_url("**/wait")
    yield "a balance in doubt"


async def test_what_a_page_loads_of_ours_is_small() -> None:
    """100 KB compressed for a page, 40 KB of it scripts, even if one loaded everything."""
    sizes = {name: len(asset.zipped) for name, asset in ASSETS.files.items()}
    assert sum(size for name, size in sizes.items() if name.endswith(".js")) <= 40_000
    assert sum(sizes.values()) <= 100_000


async def test_prices_on_a_page_that_stays_open_are_called_old_after_ten_minutes(
    shop: Shop,
) -> None:
    async with shop.desk(None) as page:
        await page.clock.install()
        await see_prices(page, shop)
        note = page.get_by_text("These prices are more than 10 minutes old.")
        await page.clock.fast_forward("09:30")
        await expect(note).to_be_hidden()
        await page.clock.fast_forward("01:00")
        await expect(note).to_be_visible()


@pytest.mark.full
async def test_budgets_of_a_throttled_telephone(shop: Shop) -> None:
    """4 times slower, 1.6 Mbit/s and 150 ms.

    The largest paint comes within 2.5 s with hardly a shift, what is touched answers within 200 ms,
    and the price list of 7 grades takes 100 ms of script.
    """
    guest = shop.service.guest()
    await guest.to_priced()
    async with shop.desk(None, viewport={"width": 390, "height": 844}) as page:
        link = await page.context.new_cdp_session(page)
        await link.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        await link.send("Network.emulateNetworkConditions", TELEPHONE)
        await link.send("Performance.enable")
        await page.add_init_script(TOUCHES)
        home = await shop.come_in(page, guest)
        await within_budget(page, shop.at("/"), "label[for=children]")
        await within_budget(page, shop.at(f"/cruise/{CRUISE}"), "label[for=children]")
        before = await script_seconds(link)
        await within_budget(page, home, "input[name=rate]:checked")
        grades = await page.locator(".grade").count()
        assert (grades, await script_seconds(link) - before <= 0.1) == (7, True)
        await guest.price()
        assert (await guest.select(guest.rate("4V"))).status == 200
        await guest.edit({"passengers": guest.passengers(), "contact": guest.contact()})
        await within_budget(page, f"{home}/guests", "#contact-city")
        await within_budget(page, f"{home}/pay", "#terms")


TELEPHONE = {"offline": False, "latency": 150, "downloadThroughput": 2e5, "uploadThroughput": 9e4}


async def script_seconds(link: CDPSession) -> float:
    """Return how long scripts have run in the page, what its garbage took with it."""
    found = (await link.send("Performance.getMetrics"))["metrics"]
    return float(next(each["value"] for each in found if each["name"] == "ScriptDuration"))


async def within_budget(page: Page, address: str, touched: str) -> None:
    """Open a page and touch something; what is measured is the page, not the line's answer."""
    await page.request.get(address)
    await page.goto(address)
    paint, shift = await page.evaluate(VITALS)
    assert paint <= 2500, (address, paint)
    assert shift <= 0.1, (address, shift)
    # The second try tells the page from a machine that does something else meanwhile.
    slowest = min([await _touch(page, touched) for _ in range(2)])
    assert slowest <= 200, (address, slowest)


async def _touch(page: Page, touched: str) -> float:
    await page.evaluate("window.slowest = 0")
    await page.locator(touched).click()
    await page.keyboard.press("Tab")
    return float(await page.evaluate(SLOWEST))


SLOWEST = """new Promise((done) =>
  requestAnimationFrame(() => setTimeout(() => done(window.slowest), 50)))"""
TOUCHES = """window.slowest = 0; new PerformanceObserver((list) => {
  for (const each of list.getEntries()) window.slowest = Math.max(window.slowest, each.duration);
}).observe({ type: "event", buffered: true, durationThreshold: 16 });"""
VITALS = """new Promise((done) => {
  let paint = 0, shift = 0;
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) paint = Math.max(paint, each.startTime);
  }).observe({ type: "largest-contentful-paint", buffered: true });
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) if (!each.hadRecentInput) shift += each.value;
  }).observe({ type: "layout-shift", buffered: true });
  requestIdleCallback(() => done([paint, shift]));
})"""
