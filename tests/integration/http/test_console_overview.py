"""The overview as a page: every number leads to the list of exactly those sessions."""

from __future__ import annotations

import html
import re

import pytest

from booking_flow.staff.people import Role
from booking_http.console.heat_map import HEATS, heat
from tests.integration.http.test_staff_overview import a_busy_day
from tests.support.console import Visitor, come_in
from tests.support.service import Service
from tests.support.staff import hire

OVERVIEW = "/console/overview"
_COUNTED = re.compile(r'<a href="(/console\?[^"]+)">([\d,]+)</a>')
_LISTED = re.compile(r'class="id" href="/console/sessions/([0-9a-f-]{36})"')


@pytest.fixture
async def viewer(service: Service) -> Visitor:
    """Return somebody who has signed in and may look."""
    return await come_in(service, await hire(service, Role.VIEWER))


async def test_every_number_leads_to_its_list(service: Service, viewer: Visitor) -> None:
    await a_busy_day(service)
    page = (await viewer.get(OVERVIEW)).html
    sessions = page.partition('id="supplier"')[0]
    links = _COUNTED.findall(sessions)
    assert len(links) > 10
    for href, number in set(links):
        listed = await viewer.get(html.unescape(href))
        assert len(_LISTED.findall(listed.html)) == int(number), href
    for href, _ in set(_COUNTED.findall(page)) - set(links):
        assert _LISTED.findall((await viewer.get(html.unescape(href))).html), href


async def test_the_map_shows_who_stands_where_and_what_is_open(
    service: Service, viewer: Visitor
) -> None:
    doubtful = await a_busy_day(service)
    page = await viewer.get(OVERVIEW)
    assert page.status == 200
    drawn = page.html.partition("<svg ")[2].partition("</svg>")[0]
    words = " ".join(re.sub(r"<[^>]+>", " ", drawn).split())
    assert "Cabin held 1 · oldest" in words
    assert "Booked and paid 1 in 24h" in words
    assert "Book 1 unknown" in words
    assert 'href="/console?step=book&amp;stepStatus=unknown"' in drawn
    assert f'href="/console/sessions/{doubtful.uuid}"' in page.html


async def test_the_window_is_chosen_by_a_link(service: Service, viewer: Visitor) -> None:
    await a_busy_day(service)
    for window in ("1h", "7d", "30d"):
        page = await viewer.get(f"{OVERVIEW}?window={window}")
        assert f'href="{OVERVIEW}?window={window}" aria-current="true"' in page.html
        assert f"in {window}" in page.words
    refused = await viewer.get(f"{OVERVIEW}?window=9d")
    assert (refused.status, "To the first page" in refused.words) == (400, True)


async def test_a_quiet_shop_says_so(viewer: Visitor) -> None:
    page = await viewer.get(OVERVIEW)
    assert "Nothing is open." in page.words
    assert "The supplier was not asked in this time." in page.words


async def test_nothing_of_a_guest_is_on_it_and_who_is_not_signed_in_sees_none_of_it(
    service: Service, viewer: Visitor
) -> None:
    await a_busy_day(service)
    page = await viewer.get(OVERVIEW)
    assert "Alexa" not in page.html
    assert "Content-Security-Policy" in page.headers
    assert " style=" not in page.html
    stranger = await Visitor(service).get(OVERVIEW)
    assert (stranger.status, stranger.location) == (
        303,
        "/console/sign-in?next=%2Fconsole%2Foverview",
    )


@pytest.mark.parametrize(
    ("number", "hottest", "warmth"),
    [(0, 0, 0), (0, 9, 0), (1, 1, HEATS), (1, 1000, 1), (40, 1000, 3), (1000, 1000, HEATS)],
)
def test_few_sessions_beside_many_still_show(number: int, hottest: int, warmth: int) -> None:
    assert heat(number, hottest) == warmth


def test_no_state_is_hotter_than_the_hottest_shade() -> None:
    """A quotient of equal logarithms may come out above one, and there is no sixth shade."""
    assert {heat(number, number) for number in range(1, 2001)} == {HEATS}
