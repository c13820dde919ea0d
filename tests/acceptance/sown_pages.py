"""Card numbers are typed into every field of every form of the shop's and the console's pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import cycle
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from booking_http.console.auth import SIGN_IN
from booking_http.console.routes import PAGES
from booking_http.console.staff_page import ACCOUNTS
from tests.support.console import Page, Visitor
from tests.support.receivers import Postbox, part
from tests.support.service import CRUISE, Service, Simulator
from tests.support.shopping import CARD, Shopper
from tests.support.sower import Sower
from tests.support.waiting import eventually

_QUERIES = (
    *("q", "port", "ship", "category", "sort", "nights", "price", "rate", "cabin", "shown"),
    *("language", "back", "sent", "done", "show", "kind", "next", "out", "mine", "answered"),
    *("reference", "email", "cursor", "days", "other"),
)
"""What the addresses of pages are asked with."""
_LAST = ("amount-deposit", "everywhere", "csrf", "proof", "attempt")
"""Fields with which a form may be taken although they are wrong, or which refuse it first."""
PLAIN = tuple(
    path
    for method, path, _, _ in PAGES
    if method == "GET" and "{" not in path and not path.startswith(SIGN_IN)
)
"""The console's pages whose addresses name nothing."""
_SIGN_OUT = "/console/sign-out"
MANAGED = ("email", "phone", "address", "name", "data", "erasure", "cancel")


@dataclass(slots=True, kw_only=True)
class PageSower:
    """Somebody who types card numbers into whatever a page asks for."""

    visitor: Visitor
    sower: Sower
    each_alone: bool
    """Whether each field is typed into by itself, or all of a form at once."""

    async def page(self, path: str, **typed: str) -> Page:
        """Type into the address and each form of a page, and return the page as it was."""
        shown = await self.checked(await self.visitor.get(path))
        for form in shown.forms:
            if form["action"] == _SIGN_OUT:
                continue
            await self.form(form, form["action"] or path, typed)
        await self.address(path)
        return shown

    async def form(self, form: Mapping[str, Any], action: str, typed: Mapping[str, str]) -> None:
        """Send a form with numbers in its fields, and at last under names that it does not know."""
        kept = form["fields"] | typed
        for names in self._groups(form["names"] | set(typed)):
            numbers = dict(zip(names, self._numbers(), strict=False))
            await self.sends(form["method"], action, kept | numbers)
        unknown = {"other": self.sower.bare(), self.sower.spaced(): "1"}
        await self.sends(form["method"], action, kept | unknown)

    async def address(self, path: str) -> None:
        """Ask for a page with a number in each of its parameters."""
        mark = "&" if "?" in path else "?"
        sown = urlencode({name: self.sower.bare() for name in _QUERIES})
        await self.checked(await self.visitor.get(f"{path}{mark}{sown}"))

    async def sends(self, method: str, action: str, fields: Mapping[str, str]) -> Page:
        """Send a form as a browser does, and follow where it leads."""
        if method == "get":
            return await self.checked(await self.visitor.get(f"{action}?{urlencode(fields)}"))
        answered = await self.checked(await self.visitor.post(action, dict(fields)))
        if answered.status == 303 and answered.location.startswith("/"):
            await self.checked(await self.visitor.get(answered.location))
        return answered

    async def checked(self, page: Page) -> Page:
        """Return a page in which no number is written back."""
        assert page.status < 500, page
        assert self.sower.found_in(f"{page.html} {page.headers}") == [], page
        return page

    def _groups(self, names: set[str]) -> Sequence[Sequence[str]]:
        if self.each_alone:
            return [[name] for name in _in_order(names)]
        return [_in_order(names - set(_LAST))]

    def _numbers(self) -> Iterator[str]:
        return (make() for make in cycle((self.sower.bare, self.sower.spaced)))


def _in_order(names: set[str]) -> list[str]:
    return sorted(names, key=lambda name: (_LAST.index(name) if name in _LAST else -1, name))


async def sow_shop(
    service: Service, simulator: Simulator, postbox: Postbox, sower: Sower, *, each_alone: bool
) -> Shopper:
    """Go through the shop: every page before the booking, the booking, and every page after it."""
    shopper = Shopper(service)
    pages = PageSower(visitor=shopper.browser, sower=sower, each_alone=each_alone)
    await pages.page("/")
    await pages.page(f"/cruise/{CRUISE}", adults="2", children="0")
    await _sow_cabin(shopper, pages)
    await _sow_guests(shopper, pages)
    await _sow_payment(shopper, pages, simulator)
    await _sow_managing(shopper, pages, postbox)
    return shopper


async def _sow_cabin(shopper: Shopper, pages: PageSower) -> None:
    assert (await shopper.opens()).status == 303
    shopper.sailing = date.fromisoformat(str((await shopper.body())["cruise"]["sailingDate"]))  # type: ignore[index]
    cabin = f"{shopper.home}/cabin?rate=4V:NRD"
    await pages.page(shopper.home)
    await pages.address(f"{shopper.home}/price")
    hidden = (await pages.page(cabin)).form("/cabin")
    form = {"method": "post", "names": set(hidden), "fields": hidden}
    await pages.form(form, f"{shopper.home}/hold", {})
    released = await pages.page(f"{shopper.home}/release")
    assert any(form["action"].endswith("/release") for form in released.forms), released
    held = await shopper.holds()
    assert held.location == f"{shopper.home}/guests", held


async def _sow_guests(shopper: Shopper, pages: PageSower) -> None:
    people = shopper.people()
    shown = await pages.page(f"{shopper.home}/guests", **people)
    (form,) = (form for form in shown.forms if form["action"].endswith("/guests"))
    await pages.form(form, f"{shopper.home}/draft", people)
    assert (await shopper.names()).location == f"{shopper.home}/extras"
    await pages.page(f"{shopper.home}/extras", specialRequests="A cot.")
    assert (await shopper.get(f"{shopper.home}/extras")).status == 200


async def _sow_payment(shopper: Shopper, pages: PageSower, simulator: Simulator) -> None:
    """Have a card declined by the line, then type numbers all over the page until one books."""
    path, card = f"{shopper.home}/pay", {"terms": "yes", "paymentType": "full_payment", **CARD}
    await simulator.fault("book.pl", "failed_red")
    asked = (await shopper.get(path)).form("/pay") | card
    declined = await pages.sends(
        "post", path, asked | {"payment-cardNumber": pages.sower.bare(), "attempt": "a" * 32}
    )
    assert declined.status == 402, declined
    card["payment-cardNumber"] = pages.sower.bare()
    shown = await pages.checked(await shopper.get(path))
    (form,) = (form for form in shown.forms if form["action"].endswith("/pay"))
    await pages.form(form | {"names": form["names"] - {"payment-cardNumber"}}, path, card)
    assert (await shopper.body())["state"] == "paid"
    for page in (f"{shopper.home}/wait", f"/booking/{shopper.reference}"):
        await pages.page(page)
    await pages.address(f"/booking/{shopper.reference}/calendar.ics")


async def _sow_managing(shopper: Shopper, pages: PageSower, postbox: Postbox) -> None:
    await pages.page("/booking", reference=shopper.reference, email="ada@example.com")
    home = f"/booking/{shopper.reference}/manage"
    await pages.page(home)
    code = await _mailed_code(shopper, f"{home}/email", postbox)
    good = {"code": code, "email": "ada.example@example.com"}
    await _sow_one(pages, f"{home}/email", f"{home}/email", good)
    for act in MANAGED:
        await pages.page(f"{home}/{act}", code="000000", pointer="/passengers/0/lastName")
    asked = await pages.page(f"/booking/{shopper.reference}/cancel")
    await pages.form(asked.forms[-1], f"{shopper.home}/restart", {})


async def _sow_one(pages: PageSower, path: str, action: str, typed: Mapping[str, str]) -> None:
    """Have a form of a page taken, with a number in a field that it does not know."""
    kept = (await pages.visitor.get(path)).form(action) | dict(typed)
    done = await pages.sends("post", action, kept | {"other": pages.sower.bare()})
    assert done.status == 303, done


async def _mailed_code(shopper: Shopper, path: str, postbox: Postbox) -> str:
    """Have a code mailed and return it."""
    await shopper.browser.send(await shopper.get(path), f"{path}/code")
    found: list[str] = []

    async def came() -> bool:
        for mail in postbox.mails:
            with suppress(AssertionError):
                found.extend(re.findall(r"^\d{6}$", part(mail, "plain"), re.MULTILINE))
        return bool(found)

    await eventually(came)
    return found[-1]


async def sow_console(pages: PageSower, reference: str, uuid: str, colleague: UUID) -> None:
    """Go through the console's pages, about a session and a colleague; end by signing out."""
    visitor = pages.visitor
    session, why = f"/console/sessions/{uuid}", {"reason": "the guest called"}
    for path in PLAIN:
        await pages.page(path)
    asked = (await visitor.get("/console")).form("/console") | {"query": reference}
    found = await pages.sends("post", "/console", asked)
    await pages.page(found.location)
    await pages.page(f"{ACCOUNTS}/{colleague}")
    await pages.page(session)
    await pages.address(f"{session}/story.json")
    await _sow_one(pages, session, f"{session}/note", why)
    queue = await pages.page("/console/tasks")
    task = re.findall(r"/console/tasks/[0-9a-f-]{36}(?=\")", queue.html)[0]
    await pages.visitor.get(task)
    await pages.page(task)
    chosen = {f"task-{task.rpartition('/')[2]}": "1"}
    await pages.page("/console/tasks?kind=pass_on_requests", **chosen)
    leaving = (await visitor.get("/console")).form(_SIGN_OUT)
    await pages.sends("post", _SIGN_OUT, leaving | {"everywhere": pages.sower.bare()})
    await pages.page(SIGN_IN)
