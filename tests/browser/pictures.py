"""What taking pictures of pages needs: a running shop in a browser, and one file for each page."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from playwright.async_api import FloatRect, Page, async_playwright

from adapters.embedded import EmbeddedPostgres
from persistence.migrate import upgrade
from tests.browser.conftest import ARGS, chromium
from tests.browser.shop import Shop, open_shop
from tests.conftest import ROOT, administer

_TEMPLATE: Final = "template_of_shop"


@asynccontextmanager
async def pictured_shop(**settings: Any) -> AsyncIterator[Shop]:
    """Open a shop over servers of its own; `settings` are those of the service."""
    with tempfile.TemporaryDirectory(prefix="screenshots-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        async with (
            EmbeddedPostgres(folder / "postgres", durable=False) as server,
            async_playwright() as playwright,
        ):
            await administer(server, f"CREATE DATABASE {_TEMPLATE}")
            await upgrade(server.dsn_of(_TEMPLATE))
            browser = await playwright.chromium.launch(executable_path=chromium(), args=ARGS)
            async with open_shop(browser, server, _TEMPLATE, **settings) as shop:
                yield shop
            await browser.close()


async def shoot(page: Page, file: Path, *, width: int, tallest: int) -> None:
    """Take a page's picture, of a long page the first `tallest` pixels, and say how large it is."""
    whole = int(await page.evaluate("document.documentElement.scrollHeight"))
    clip = FloatRect(x=0, y=0, width=width, height=min(whole, tallest))
    file.parent.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=file, full_page=True, clip=clip, animations="disabled")
    print(file.relative_to(ROOT), file.stat().st_size)  # noqa: T201 - its user reads this
