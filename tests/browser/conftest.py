"""Fixtures: a real Chromium, and one service per module with sessions worth looking at."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.shop import Shop, open_shop
from tests.conftest import PostgresServer

_NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


def chromium() -> str:
    """Return the browser to drive; without one skip, or fail where one is required."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None and os.environ.get("REQUIRE_BROWSER"):
        pytest.fail("no Chromium was found; CHROMIUM may name one")
    if found is None:
        pytest.skip("no Chromium was found; CHROMIUM may name one")
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Start a browser for the module's tests."""
    path = chromium()
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=path, args=ARGS)
        yield started
        await started.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(
    request: pytest.FixtureRequest,
    browser: Browser,
    postgres_server: PostgresServer,
    migrated_template: str,
) -> AsyncIterator[Shop]:
    """Open a shop with its staff for the module's tests, as the module's SETTINGS say if any."""
    settings = getattr(request.module, "SETTINGS", {})
    async with open_shop(browser, postgres_server, migrated_template, **settings) as opened:
        yield opened
