"""Somebody at the console without a browser: pages are read and forms sent as a browser would."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any

from yarl import URL

from booking_flow.staff.people import Role
from booking_http.console.result_addresses import FOUND
from booking_http.staff.passwords import new_secret
from booking_http.web.auth import COOKIE
from persistence.staff import PostgresStaff
from tests.support.service import Guest, Service
from tests.support.staff import PASSWORD, Clerk, hire


class Words(HTMLParser):
    """Collects what a page says, and its forms."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.forms: list[dict[str, Any]] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag == "form":
            self.forms.append({"action": given["action"], "fields": {}})
        elif tag in ("input", "textarea", "select") and self.forms and given.get("name"):
            ticked = given.get("type") not in ("checkbox", "radio") or "checked" in given
            if ticked:
                self.forms[-1]["fields"][given["name"]] = given.get("value") or ""

    def handle_data(self, data: str) -> None:
        self.said.append(data)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was answered."""

    status: int
    html: str
    headers: dict[str, str] = field(repr=False)

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    @property
    def words(self) -> str:
        """What it says, without its markup."""
        parser = Words()
        parser.feed(self.html)
        return " ".join("".join(parser.said).split())

    @property
    def forms(self) -> list[dict[str, Any]]:
        """Every form with where it is sent and what it holds."""
        parser = Words()
        parser.feed(self.html)
        return parser.forms

    def form(self, action: str) -> dict[str, str]:
        """The fields of the form that is sent there."""
        found = next(form for form in self.forms if form["action"].endswith(action))
        fields: dict[str, str] = found["fields"]
        return fields

    @property
    def alert(self) -> str:
        """What went wrong, as it is said aloud."""
        found = re.search(r'role="alert"[^>]*>(.*?)</div>', self.html, re.DOTALL)
        return html.unescape(re.sub(r"<[^>]+>", " ", found[1])) if found else ""


@dataclass(slots=True)
class Visitor:
    """Somebody with a browser's cookies."""

    service: Service
    cookies: dict[str, str] = field(default_factory=dict)
    site: str = "same-origin"
    """Where the page is from that sends a form."""

    async def get(self, path: str) -> Page:
        return await self._send("GET", path)

    async def post(self, path: str, fields: dict[str, str]) -> Page:
        """Send a form; a search leads on to the page of what was found."""
        page = await self._send("POST", path, data=fields)
        return await self.get(page.location) if page.location.startswith(FOUND) else page

    async def send(self, page: Page, path: str, **typed: str) -> Page:
        """Fill in the form of a page that is sent there, and send it."""
        return await self.post(path, page.form(path) | typed)

    async def sign_in(self, clerk: Clerk, password: str = PASSWORD, **more: str) -> Page:
        page = await self.get("/console/sign-in")
        typed = {"email": clerk.email, "password": password} | more
        return await self.send(page, "/console/sign-in", **typed)

    async def act(self, session_id: str, deed: str, **typed: str) -> Page:
        """Send one of the forms on a session's page."""
        path = f"/console/sessions/{session_id}"
        return await self.send(await self.get(path), f"{path}/{deed}", **typed)

    async def _send(self, method: str, path: str, **content: Any) -> Page:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Cookie": cookies, "Sec-Fetch-Site": self.site}
        url = self.service.url.join(URL(path))
        async with self.service.http.request(
            method, url, headers=sent, allow_redirects=False, **content
        ) as answer:
            for line in answer.headers.getall("Set-Cookie", []):
                for name, morsel in SimpleCookie(line).items():
                    self.cookies[name] = morsel.value
            return Page(answer.status, await answer.text(), dict(answer.headers))


async def come_in(service: Service, clerk: Clerk) -> Visitor:
    """Return somebody who has signed in."""
    visitor = Visitor(service)
    page = await visitor.sign_in(clerk)
    assert page.status == 303, page
    assert visitor.cookies[COOKIE]
    return visitor


async def at_desk(service: Service, role: Role, name: str = "Sam Example") -> Visitor:
    """Return somebody of this role who has a cookie already."""
    clerk, secret = await hire(service, role, name), new_secret()
    accounts = PostgresStaff(service.parts.database)
    found = await accounts.find(clerk.email)
    assert found is not None
    await accounts.begin(found.account.id, secret)
    return Visitor(service, {COOKIE: secret})


def page_of(guest: Guest) -> str:
    """Return the address of a guest's session."""
    return f"/console/sessions/{guest.uuid}"
