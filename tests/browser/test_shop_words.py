"""What a guest reads in a browser for every no, and the way on that goes with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from unittest.mock import patch

import pytest
from playwright.async_api import Page, expect
from yarl import URL

from booking_flow.channels import CHANNELS
from booking_flow.policy import PaymentChannel
from booking_http.shop import payment_page
from tests.browser.shop import DECLINED, Shop
from tests.browser.test_pages import barriers
from tests.browser.test_shop import CRUISE, fill_guests, type_card
from tests.browser.test_shop import SETTINGS as SHOP_SETTINGS
from tests.conftest import PostgresServer, administer
from tests.support.service import SOLD_OUT, Guest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SETTINGS = SHOP_SETTINGS | {"pay_later": False}
NOT_LIVE, DEPARTED = "2161250", "2190001"
Meet = Callable[[Page, Shop], Awaitable[None]]


async def priced(page: Page, shop: Shop) -> str:
    guest = shop.service.guest()
    await guest.to_priced()
    return await shop.come_in(page, guest)


async def held(page: Page, shop: Shop) -> tuple[Guest, str]:
    guest = await shop.held()
    return guest, await shop.come_in(page, guest)


async def named(page: Page, shop: Shop) -> tuple[Guest, str]:
    """Hold a cabin, say who travels, and open the page on which to pay."""
    guest, home = await held(page, shop)
    details = {"passengers": guest.passengers(), "contact": guest.contact()}
    assert (await guest.edit(details)).status == 200
    await page.goto(f"{home}/pay")
    return guest, home


async def hold(page: Page, home: str, *, rate: str, cabin: bool = False) -> None:
    await page.goto(f"{home}/cabin?rate={rate}")
    await page.wait_for_selector(".late")
    name = "Hold this cabin" if cabin else "Hold a cabin of this grade"
    await page.get_by_role("button", name=name).click()


async def pay(page: Page, **card: str) -> None:
    await type_card(page, **card)
    await page.check("#terms")
    await page.locator("button.pay").click()


def at_hold(fault: str, *, rate: str = "4V:NRD", cabin: bool = False) -> Meet:
    async def meet(page: Page, shop: Shop) -> None:
        home = await priced(page, shop)
        await shop.service.simulator.fault("basketadd.pl", fault)
        await hold(page, home, rate=rate, cabin=cabin)

    return meet


def at_prices(fault: str, times: int = 1) -> Meet:
    async def meet(page: Page, shop: Shop) -> None:
        guest = shop.service.guest()
        await guest.open()
        home = await shop.come_in(page, guest)
        await shop.service.simulator.fault("cruisecabingrades.pl", fault, times=times)
        await page.goto(home)

    return meet


def at_sailing(cruise_id: str, **party: str) -> Meet:
    async def meet(page: Page, shop: Shop) -> None:
        await page.goto(shop.at(f"/cruise/{cruise_id}"))
        if await page.locator("#adults").count():
            for name, value in party.items():
                await page.select_option(f"#{name}", value)
            await page.get_by_role("button", name="See live prices").click()

    return meet


async def rate_gone(page: Page, shop: Shop) -> None:
    """Look at the cabins of a rate that the line stops selling meanwhile."""
    home, other = await priced(page, shop), shop.service.guest()
    await page.goto(f"{home}/cabin?rate=GS:BAR")
    await page.wait_for_selector(".late")
    await other.to_priced()
    await shop.service.simulator.fault("basketadd.pl", "rate_gone")
    assert (await other.select(other.rate("GS"))).code == "basket_unpriced"
    gone = other.rate("GS")["rateCode"]
    assert gone in ("BAR", "NRD")
    await page.goto(f"{home}/cabin?rate=GS:{gone}")
    await page.wait_for_selector(".late")
    await page.get_by_role("button", name="Hold a cabin of this grade").click()


async def card_invalid(page: Page, shop: Shop) -> None:
    await named(page, shop)
    await pay(page, cardNumber="4111 1111 1111 1112")


async def party_mismatch(page: Page, shop: Shop) -> None:
    _, home = await held(page, shop)
    await page.goto(f"{home}/guests")
    await fill_guests(page)
    await page.fill("#passengers-1-dateOfBirth-year", "2020")
    await page.get_by_role("button", name="Go on to extras").click()


async def rate_limited(page: Page, shop: Shop) -> None:
    guest, _ = await named(page, shop)
    total = (await guest.look()).body["price"]["total"]
    for _ in range(3):
        payment = guest.payment(total, card=DECLINED)
        assert (await guest.book(guest.booking(payment=payment))).status == 402
    await page.reload()
    await pay(page)


async def already_held(page: Page, shop: Shop) -> None:
    guest = shop.service.guest()
    await guest.to_priced()
    home = await shop.come_in(page, guest)
    await page.goto(f"{home}/cabin?rate=4V:NRD")
    await page.wait_for_selector(".late")
    assert (await guest.select(guest.rate("2N"))).status == 200
    await page.get_by_role("button", name="Hold a cabin of this grade").click()


async def in_progress(page: Page, shop: Shop) -> None:
    _, home = await named(page, shop)
    other = await page.context.new_page()
    await other.goto(f"{home}/pay")
    await shop.service.simulator.fault("book.pl", "slow", seconds=2.5)
    await pay(other)
    await pay(page)


async def older_page(page: Page, shop: Shop) -> None:
    guest, home = await held(page, shop)
    await page.goto(f"{home}/release")
    payment = guest.payment((await guest.look()).body["price"]["total"])
    assert (await guest.book(guest.booking(payment=payment))).status == 201
    await page.get_by_role("button", name="Let it go").click()


async def payment_required(page: Page, shop: Shop) -> None:
    """Send the page of a process that is set to take no card, where the line wants one."""
    with patch.object(payment_page, "channel_of", lambda _: CHANNELS[PaymentChannel.MANUAL]):
        await named(page, shop)
        await page.check("#terms")
        await page.locator("button.pay").click()
        await page.wait_for_selector("#problem")


async def version_mismatch(page: Page, shop: Shop) -> None:
    """Send a form through something that adds the version of a page of before."""
    _, home = await held(page, shop)
    await page.goto(f"{home}/release")
    await page.set_extra_http_headers({"If-Match": '"1"'})
    await page.get_by_role("button", name="Let it go").click()


async def another_browser(page: Page, shop: Shop) -> None:
    guest = await shop.held()
    await page.goto(shop.at(f"/book/{(await guest.look()).body['reference']}"))


async def code_wrong(page: Page, shop: Shop) -> None:
    guest = await shop.paid("Quince")
    home = (await shop.come_in(page, guest)).replace("/book/", "/booking/")
    await page.goto(f"{home}/manage/phone")
    await page.fill("#phone", "+1 305 555 0111")
    await page.fill("#code", "000000")
    await page.get_by_role("button", name="Change it").click()


async def card_declined(page: Page, shop: Shop) -> None:
    await named(page, shop)
    await pay(page, cardNumber=DECLINED)


async def hold_lapsed(page: Page, shop: Shop) -> None:
    await named(page, shop)
    await type_card(page)
    await page.check("#terms")
    await shop.wait(minutes=20)
    await page.locator("button.pay").click()


async def session_expired(page: Page, shop: Shop) -> None:
    home = await priced(page, shop)
    await page.goto(f"{home}/cabin?rate=4V:NRD")
    await page.wait_for_selector(".late")
    await shop.wait(hours=3)
    await page.get_by_role("button", name="Hold a cabin of this grade").click()


SILENT = "is not answering"
ROWS: dict[str, tuple[Meet, str, str]] = {
    "price_changed": (at_hold("price_differs"), "The price has changed", "Accept USD"),
    "rate_gone": (rate_gone, "This rate is no longer sold", "See today's prices"),
    "cabin_gone": (
        at_hold("sold_out", rate="2N:BAR", cabin=True),
        "This cabin has just been taken",
        "Choose a similar cabin",
    ),
    "sold_out": (at_sailing(SOLD_OUT), "full for", "Other sailings"),
    "basket_unpriced": (
        at_hold("unpriced_basket", rate="J3:BAR"),
        "could not do this just now",
        "Call us",
    ),
    "supplier_error": (at_prices("http_500", 3), "could not do this just now", "Try again"),
    "supplier_unavailable": (at_prices("token_expired_401", 2), SILENT, "Try again"),
    "sailing_mismatch": (
        at_prices("other_sailing"),
        "answered about another sailing",
        "Call us",
    ),
    "card_declined": (card_declined, "2 more cards can be tried", ""),
    "card_invalid": (card_invalid, "We cannot take this card number", ""),
    "party_invalid": (
        at_sailing(CRUISE, adults="8", children="1", age1="9"),
        "At most 8 guests",
        "",
    ),
    "party_mismatch": (party_mismatch, "Guest 2", ""),
    "rate_limited": (rate_limited, "Too many attempts", "Call us"),
    "already_basketed": (already_held, "You hold another cabin already", "Let it go"),
    "in_progress": (in_progress, "You are booked", ""),
    "payment_required": (payment_required, "A card is needed to book", ""),
    "version_mismatch": (
        version_mismatch,
        "This page is older than your booking",
        "Go to it",
    ),
    "wrong_state": (older_page, "This page is older than your booking", "Go to it"),
    "line_not_bookable": (at_sailing(NOT_LIVE), "We cannot book this sailing here", "Call us"),
    "sailing_departed": (at_sailing(DEPARTED), "We cannot book this sailing here", "Call us"),
    "session_not_found": (another_browser, "not open in this browser", "Find my booking"),
    "code_wrong": (code_wrong, "This is not the code that we mailed", ""),
    # These two let time pass for everybody.
    "hold_lapsed": (hold_lapsed, "Your hold has ended", "Hold it again"),
    "session_expired": (session_expired, "This search is over", "Start again"),
}
QUICK = {"price_changed"}


@pytest.mark.parametrize(
    "code",
    [pytest.param(code, marks=() if code in QUICK else pytest.mark.full) for code in ROWS],
)
async def test_every_no_has_words_and_a_way_on(shop: Shop, code: str) -> None:
    meet, words, way = ROWS[code]
    async with shop.desk(None) as page:
        await meet(page, shop)
        await expect(page.locator("main")).to_contain_text(words)
        if way:
            await expect(page.locator("main")).to_contain_text(way)
        await expect(page.locator("main")).not_to_contain_text(code)
        assert await barriers(page) == []


@asynccontextmanager
async def database_away(shop: Shop, server: PostgresServer) -> AsyncIterator[None]:
    """Keep the service from its database for a while."""
    name = URL(shop.service.parts.settings.database_url.get_secret_value()).path.strip("/")
    await administer(server, f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
    await administer(
        server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    try:
        yield
    finally:
        await administer(server, f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")


@pytest.mark.full
async def test_while_our_own_service_is_away_a_guest_reads_so_and_types_nothing_again(
    shop: Shop, postgres_server: PostgresServer
) -> None:
    busy = "Our own service is busy"
    async with shop.desk(None) as page:
        _, home = await named(page, shop)
        await type_card(page)
        await page.check("#terms")
        before = await shop.service.simulator.received("book.pl")
        async with database_away(shop, postgres_server):
            await page.locator("button.pay").click()
            problem = page.locator("#problem")
            await expect(problem).to_contain_text(busy, timeout=40_000)
            await expect(problem).to_be_focused()
            other = await page.context.new_page()
            for address in (shop.at("/"), home):
                answer = await other.goto(address)
                assert answer is not None
                assert answer.status == 503
                await expect(other.locator("main")).to_contain_text(busy)
                await expect(other.locator("main")).to_contain_text("Try again")
                assert await barriers(other) == []
        assert await shop.service.simulator.received("book.pl") == before
        await expect(page.locator("#payment-cardNumber")).to_have_value("4111 1111 1111 1111")
        await page.locator("button.pay").click()
        await page.wait_for_url("**/booking/**")
        assert await shop.service.simulator.received("book.pl") == before + 1
