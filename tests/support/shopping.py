"""A guest at the pages without a browser: forms are filled in and sent as a browser would."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.support.console import Page, Visitor
from tests.support.service import CRUISE, VISA, Service

CARD = {
    "payment-cardNumber": VISA,
    "payment-expiry": "12/31",
    "payment-cvv": "123",
    "payment-cardholderName": "A. Cardholder",
}


@dataclass(slots=True)
class Shopper:
    """Somebody who books for two adults and, if told so, children."""

    service: Service
    ages: tuple[int, ...] = ()
    surname: str = "Example"
    browser: Visitor = field(init=False)
    reference: str = ""

    def __post_init__(self) -> None:
        self.browser = Visitor(self.service)

    @property
    def home(self) -> str:
        return f"/book/{self.reference}"

    @property
    def secret(self) -> str:
        """What opens the session; the browser keeps it."""
        return self.browser.cookies[f"booking-{self.reference}"]

    async def get(self, path: str) -> Page:
        return await self.browser.get(path)

    async def opens(self, cruise_id: str = CRUISE) -> Page:
        """Send the party from a sailing's page."""
        path = f"/cruise/{cruise_id}"
        party = {"adults": "2", "children": str(len(self.ages))}
        ages = {f"age{number}": str(age) for number, age in enumerate(self.ages, start=1)}
        page = await self.browser.send(await self.get(path), path, **party, **ages)
        if page.status == 303:
            self.reference = page.location.rpartition("/")[2]
        return page

    async def holds(self, rate: str = "4V:NRD", cabin: str = "GUAR") -> Page:
        """Look at the prices and cabins of a rate, and hold one."""
        assert (await self.get(self.home)).status == 200
        page = await self.get(f"{self.home}/cabin?rate={rate}")
        assert page.status == 200, page
        return await self.browser.send(page, f"{self.home}/cabin", rate=rate, cabin=cabin)

    async def names(self, **typed: str) -> Page:
        """Fill in who travels."""
        page = await self.get(f"{self.home}/guests")
        return await self.browser.send(page, f"{self.home}/guests", **self.people() | typed)

    def people(self) -> dict[str, str]:
        sailing = self._sailing_date
        every = {"contact-title": "Mrs", "contact-firstName": "Ada", "contact-lastName": "Example"}
        every |= {"contact-email": "ada@example.com", "contact-phone": "+1 305 555 0100"}
        every |= {"contact-country": "US", "contact-address": "1 Harbour Street"}
        every |= {"contact-postalCode": "33101", "contact-city": "Miami", "contact-state": "FL"}
        for number, age in enumerate((40, 41, *self.ages)):
            born = sailing - timedelta(days=int(age * 365.25) + 40)
            prefix = f"passengers-{number}-"
            every |= {
                f"{prefix}title": "Ms",
                f"{prefix}firstName": f"Ada{'abcdefgh'[number]}",
                f"{prefix}lastName": self.surname,
                f"{prefix}dateOfBirth-day": str(born.day),
                f"{prefix}dateOfBirth-month": str(born.month),
                f"{prefix}dateOfBirth-year": str(born.year),
                f"{prefix}gender": "F",
                f"{prefix}nationality": "US",
            }
        return every

    @property
    def _sailing_date(self) -> date:
        assert self.sailing is not None
        return self.sailing

    sailing: date | None = None

    async def body(self) -> dict[str, object]:
        """Return the session as the API shows it."""
        answer = await self.service.call("GET", f"/api/v1/booking/session/{self.secret}")
        found: dict[str, object] = answer.body
        return found

    async def to_payment(self, **choice: str) -> Page:
        """Go as far as the page on which to pay."""
        assert (await self.opens()).status == 303
        self.sailing = date.fromisoformat(str((await self.body())["cruise"]["sailingDate"]))  # type: ignore[index]
        held = await self.holds(**choice)
        assert held.location == f"{self.home}/guests", held
        named = await self.names()
        assert named.location == f"{self.home}/extras", named
        extras = await self.get(f"{self.home}/extras")
        kept = await self.browser.send(extras, f"{self.home}/extras", specialRequests="A cot.")
        assert kept.location == f"{self.home}/pay", kept
        return await self.get(kept.location)

    async def pays(self, page: Page, **typed: str) -> Page:
        """Send the card."""
        ticked = {"terms": "yes", "paymentType": "full_payment"}
        return await self.browser.send(page, f"{self.home}/pay", **ticked | CARD | typed)


def cabins_on(page: Page) -> list[str]:
    """Return the cabins that can be chosen, as the form sends them."""
    return re.findall(r'name="cabin" id="cabin-[^"]*" value="([^"]*)"', page.html)
