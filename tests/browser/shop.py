"""A service with staff at their browsers, and guests of every kind."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, StorageState
from yarl import URL

from booking_flow.staff.people import Role
from tests.conftest import PostgresServer, administer, copy_of
from tests.support.service import Guest, Service, running_service, running_simulator, seed_catalogue
from tests.support.staff import PASSWORD, Clerk, hire

NAMES: Mapping[Role, str] = {
    Role.VIEWER: "Vic Viewer",
    Role.AGENT: "Ada Agent",
    Role.SUPERVISOR: "Sue Pervisor",
}
DECLINED = "4000000000000002"
_numbers = count(1)


@dataclass(slots=True, kw_only=True)
class Shop:
    """A running service, its staff, and the browser they use."""

    service: Service
    browser: Browser
    clerks: Mapping[Role, Clerk]
    _states: dict[Role, StorageState] = field(default_factory=dict)
    _passed: timedelta = timedelta()

    def at(self, path: str) -> str:
        """Return the address of a page."""
        return str(self.service.url.join(URL(path)))

    @asynccontextmanager
    async def desk(self, role: Role | None = Role.AGENT, **options: Any) -> AsyncIterator[Page]:
        """Open a page for somebody of this role who has signed in, or for nobody."""
        if role:
            options["storage_state"] = await self._state(role)
        context = await self.browser.new_context(**options)
        context.set_default_timeout(15_000)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if _policy(said) else None)
        try:
            yield page
            assert complaints == []
        finally:
            await context.close()

    async def sign_in(self, page: Page, clerk: Clerk, password: str = PASSWORD) -> None:
        """Fill in the form to sign in and send it."""
        if "/console/sign-in" not in page.url:
            await page.goto(self.at("/console/sign-in"))
        await page.get_by_label("E-mail address").fill(clerk.email)
        await page.get_by_label("Password").fill(password)
        await page.get_by_role("button", name="Sign in").click()

    async def _state(self, role: Role) -> StorageState:
        if role not in self._states:
            context: BrowserContext = await self.browser.new_context()
            page = await context.new_page()
            await self.sign_in(page, self.clerks[role])
            await page.get_by_role("heading", name="Find a session").wait_for()
            self._states[role] = await context.storage_state()
            await context.close()
        return self._states[role]

    async def wait(self, **elapsed: float) -> None:
        """Let time pass for the database, on top of what has passed."""
        self._passed += timedelta(**elapsed)
        await self.service.advance(seconds=self._passed.total_seconds())

    async def come_in(self, page: Page, guest: Guest) -> str:
        """Give a browser what opens a guest's session, and return the address of its pages."""
        reference = (await guest.look()).body["reference"]
        await page.context.add_cookies(
            [{"name": f"booking-{reference}", "value": guest.session_id, "url": self.at("/")}]
        )
        return self.at(f"/book/{reference}")

    async def held(self, **choice: str) -> Guest:
        """Return a guest for whom a cabin is held."""
        guest = self.service.guest()
        await guest.to_basketed(**choice)
        return guest

    async def paid(self, surname: str, **choice: str) -> Guest:
        """Return a guest of this name who has booked and paid."""
        guest = await self.held(**choice)
        total = (await guest.look()).body["price"]["total"]
        made = await guest.book(guest.booking(surname=surname, payment=guest.payment(total)))
        assert made.status == 201, made
        return guest

    async def on_deposit(self) -> Guest:
        """Return a guest who has booked, paid a deposit, and owes the rest."""
        guest = await self.held()
        held = (await guest.look()).body
        payment = guest.payment(held["price"]["deposit"], deposit=True)
        done = await guest.book(guest.booking(payment=payment) | guest.consent(held))
        assert done.body["state"] == "paid", done
        return guest

    async def declined(self, surname: str, **choice: str) -> Guest:
        """Return a guest of this name whose card was declined."""
        guest = await self.held(**choice)
        payment = guest.payment((await guest.look()).body["price"]["total"], card=DECLINED)
        refused = await guest.book(guest.booking(surname=surname, payment=payment))
        assert refused.status == 402, refused
        return guest

    async def doubtful(self, surname: str, **choice: str) -> tuple[Guest, str]:
        """Return a guest of this name whose booking was made and never answered, and its number."""
        guest = await self.held(**choice)
        await self.service.simulator.fault("book.pl", "http_500_after")
        asked = await guest.book(guest.booking(surname=surname))
        assert asked.status == 202, asked
        bookings = (await self.service.simulator.ledger())["bookings"]
        return guest, bookings[-1]["reservation"]

    async def stuck(self, **choice: str) -> Guest:
        """Return a guest who cancelled, and whose cabin the supplier did not let go."""
        guest = await self.held(**choice)
        await self.service.simulator.fault("basketremove.pl", "http_500")
        asked = await guest.cancel()
        assert asked.status == 202, asked
        return guest


def _policy(said: Any) -> bool:
    """Whether a browser complains that a page breaks its own policy."""
    return said.type == "error" and "Content Security Policy" in said.text


@asynccontextmanager
async def open_shop(
    browser: Browser, server: PostgresServer, template: str, **settings: Any
) -> AsyncIterator[Shop]:
    """Open a shop on a database of its own."""
    name = f"b_{os.getpid()}_{next(_numbers)}"
    await administer(server, copy_of(template, name))
    url = server.dsn_of(name)
    await seed_catalogue(url)
    async with running_simulator() as simulator, running_service(url, simulator, **settings) as run:
        clerks = {role: await hire(run, role, name) for role, name in NAMES.items()}
        yield Shop(service=run, browser=browser, clerks=clerks)
    await administer(server, f"DROP DATABASE {name} WITH (FORCE)")
