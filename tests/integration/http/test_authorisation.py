"""Who may do what: every route that is served, tried by everyone, against what its table says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from booking_flow.staff.actions import ACTIONS
from booking_flow.staff.people import Role
from booking_http.api.lookup_routes import LOOKUP_PAGE
from booking_http.console.auth import SECOND_FACTOR
from booking_http.console.routes import PAGES as CONSOLE_PAGES
from booking_http.routes import ROUTES
from booking_http.service import SERVICE
from booking_http.shop.routes import PAGES as SHOP_PAGES
from booking_http.staff.passwords import new_secret
from booking_http.web.auth import COOKIE, CSRF_HEADER, csrf_token
from persistence.staff import PostgresStaff
from tests.integration.http.conftest import MakeService
from tests.support.service import Service
from tests.support.shopping import Shopper
from tests.support.staff import hire, rows

Key = tuple[str, str]


class Owner(StrEnum):
    """Whose a route is that is not the staff's."""

    EVERYONE = "everyone"
    SESSION = "session"
    """Of who has the secret of the session in the address, or the cookie that holds it."""


Access = Role | Owner
ASSETS: Final = ("/docs/{name}", "/console/static/{name}", "/shop/static/{name}")
OPEN: Final[Mapping[Key, Access]] = {
    ("GET", LOOKUP_PAGE[0]): Owner.EVERYONE,
    **dict.fromkeys(
        (
            *(
                ("HEAD", path)
                for path in ("/livez", "/readyz", "/metrics", "/openapi.json", "/docs")
            ),
            *((method, path) for method in ("GET", "HEAD") for path in ASSETS),
        ),
        Owner.EVERYONE,
    ),
}
"""What is served beside the tables: for everyone, and nothing of anybody."""
NO_PAGE: Final = re.compile(r"/(console|book|booking|cruise|shop)/?(\(.*|{tail.*)")
"""Pages that say that there is no such page."""


def declared(method: str, path: str) -> dict[str, Access]:
    """Return the paths that a route stands for, each with who may; none where nobody says so."""
    found: dict[Key, Access] = dict((*_of_api(), *_of_pages(), *OPEN.items()))
    access = found.get((method, path))
    if "{deed}" in path:
        return {path.replace("{deed}", act.name): act.role for act in ACTIONS.values()}
    return {} if access is None else {path: access}


def _of_api() -> Iterator[tuple[Key, Access]]:
    for row in ROUTES:
        secret = Owner.SESSION if "session_id" in row.parameters else Owner.EVERYONE
        yield (row.method, row.path), row.role or secret


def _of_pages() -> Iterator[tuple[Key, Access]]:
    for method, path, _, role in CONSOLE_PAGES:
        yield (method, path), role or Owner.EVERYONE
    for method, path, _ in SHOP_PAGES:
        yield (method, path), Owner.SESSION if "{reference}" in path else Owner.EVERYONE


@dataclass(slots=True, kw_only=True)
class Actor:
    """Somebody who tries: what they send to the API, and what their browser keeps."""

    name: str
    role: Role | None = None
    token: str = ""
    cookie: str = ""
    secret: str = ""
    """The second half of a session's key."""
    kept: dict[str, str] = field(default_factory=dict)
    """Cookies of the shop."""
    owns: bool = False

    def may(self, access: Access) -> bool:
        """Whether the tables let them."""
        match access:
            case Owner.EVERYONE:
                return True
            case Owner.SESSION:
                return self.owns
        return self.role is not None and self.role.includes(access)


async def staff_actor(service: Service, name: str, role: Role, *, end: str = "") -> Actor:
    """Return a member of staff with a token and a cookie, which `end` then ends."""
    clerk, cookie = await hire(service, role), new_secret()
    accounts = PostgresStaff(service.parts.database)
    found = await accounts.find(clerk.email)
    assert found is not None
    await accounts.begin(found.account.id, cookie)
    if end:
        for table in ("staff_tokens", "staff_sessions"):
            await rows(service, end.format(table=table), id=found.account.id)
    token = clerk.headers["Authorization"]
    return Actor(name=name, role=None if end else role, token=token, cookie=cookie)


REVOKED: Final = "UPDATE {table} SET revoked_at = now() WHERE account_id = :id RETURNING 1"
EXPIRED: Final = (
    "UPDATE {table} SET expires_at = now() - interval '1 second' WHERE account_id = :id RETURNING 1"
)


async def everyone(service: Service, mine: Shopper, other: Shopper) -> list[Actor]:
    return [
        Actor(name="nobody"),
        Actor(
            name="other guest",
            secret=other.secret.partition(".")[2],
            kept=dict(other.browser.cookies),
        ),
        await staff_actor(service, "viewer", Role.VIEWER),
        await staff_actor(service, "agent", Role.AGENT),
        await staff_actor(service, "supervisor", Role.SUPERVISOR),
        await staff_actor(service, "revoked", Role.SUPERVISOR, end=REVOKED),
        await staff_actor(service, "expired", Role.SUPERVISOR, end=EXPIRED),
        Actor(
            name="guest",
            secret=mine.secret.partition(".")[2],
            kept=dict(mine.browser.cookies),
            owns=True,
        ),
    ]


@dataclass(slots=True)
class Attempts:
    """Tries every route about one guest's session."""

    service: Service
    mine: Shopper

    async def is_let_in(self, actor: Actor, method: str, path: str, access: Access) -> bool:
        """Send a request that says nothing, and return whether it is the actor that is refused."""
        if path.startswith("/console"):
            return await self._console(actor, method, path)
        if path.startswith("/api"):
            return await self._api(actor, method, path, access)
        return await self._shop(actor, method, path)

    def _at(self, path: str, actor: Actor) -> str:
        uuid = self.mine.secret.partition(".")[0]
        names = {
            "session_id": f"{uuid}.{actor.secret or 'A' * 43}",
            "session_uuid": uuid,
            "reference": self.mine.reference,
            "cruise_id": "2190294",
            "name": "nothing.txt",
            "act": "email",
        }
        nobody = "00000000-0000-7000-8000-000000000000"
        return re.sub(r"{(\w+)}", lambda found: names.get(found[1], nobody), path)

    async def _send(
        self, actor: Actor, method: str, path: str, **more: Any
    ) -> tuple[int, str, str]:
        url = self.service.url.with_path(self._at(path, actor))
        async with self.service.http.request(method, url, allow_redirects=False, **more) as answer:
            streams = answer.content_type == "text/event-stream"
            body = "" if streams else await answer.text()
            return answer.status, answer.headers.get("Location", ""), body

    async def _api(self, actor: Actor, method: str, path: str, access: Access) -> bool:
        headers = {"Authorization": actor.token} if actor.token else {}
        body: dict[str, Any] = {} if method == "GET" else {"json": {}}
        status, _, said = await self._send(actor, method, path, headers=headers, **body)
        by_token = self._verdict(status, said, access)
        if access not in tuple(Role) or not actor.cookie or path.endswith("sign-out"):
            return by_token
        cookie = {
            "Cookie": f"{COOKIE}={actor.cookie}",
            CSRF_HEADER: self._proof(actor),
        }
        status, _, said = await self._send(actor, method, path, headers=cookie, **body)
        assert self._verdict(status, said, access) is by_token, f"cookie and token: {path}"
        return by_token

    async def refused_before_enrolling(self, actor: Actor, method: str, path: str) -> bool:
        """Whether a cookie without a second factor leads to setting one up, and to nothing else."""
        proof = self._proof(actor)
        headers = {"Cookie": f"{COOKIE}={actor.cookie}", CSRF_HEADER: proof}
        console = path.startswith("/console")
        body: dict[str, Any] = {"data": {"csrf": proof}} if console else {"json": {}}
        status, location, said = await self._send(
            actor, method, path, headers=headers, **({} if method == "GET" else body)
        )
        if console:
            return (status, location) == (303, SECOND_FACTOR)
        return status == 401 and "second_factor_required" in said

    def _verdict(self, status: int, said: str, access: Access) -> bool:
        if access is Owner.SESSION:
            return "session_not_found" not in said and status not in (401, 403)
        if access is Owner.EVERYONE:
            # A look-up of nobody's link is told as a session that is not there.
            return status != 403 and (status != 401 or "password is wrong" in said)
        return status not in (401, 403)

    def _proof(self, actor: Actor) -> str:
        return csrf_token(self.service.app[SERVICE], actor.cookie)

    async def _console(self, actor: Actor, method: str, path: str) -> bool:
        cookies = f"{COOKIE}={actor.cookie}; console_browser=browser"
        proof = self._proof(actor)
        if path.startswith("/console/sign-in"):
            proof = csrf_token(self.service.app[SERVICE], "browser")
        body: dict[str, Any] = {"data": {"csrf": proof}} if method == "POST" else {}
        status, location, _ = await self._send(
            actor, method, path, headers={"Cookie": cookies}, **body
        )
        if path.startswith("/console/sign-in"):
            return status != 403
        # Who signs out is told so where they sign in.
        turned_away = location.startswith("/console/sign-in") and not location.endswith("?out")
        return status not in (401, 403) and not turned_away

    async def _shop(self, actor: Actor, method: str, path: str) -> bool:
        visit = actor.kept.get("visit", "visit")
        kept = {"visit": visit} | actor.kept
        cookies = "; ".join(f"{name}={value}" for name, value in kept.items())
        proof = self.service.app[SERVICE].hashes.digest("shop-form", visit.encode()).hex()
        body: dict[str, Any] = {"data": {"proof": proof}} if method == "POST" else {}
        status, _, _ = await self._send(actor, method, path, headers={"Cookie": cookies}, **body)
        if "{reference}" in path:
            return status not in (403, 404)
        return status not in (401, 403)


def served_by(service: Service) -> list[Key]:
    """Return method and path of every route that leads somewhere."""
    return [
        (route.method, route.resource.canonical)
        for route in service.app.router.routes()
        if route.resource is not None and not NO_PAGE.fullmatch(route.resource.canonical)
    ]


async def test_every_route_lets_in_those_whom_its_table_names_and_nobody_else(
    make_service: MakeService,
) -> None:
    service: Service = await make_service(shop=True)
    mine, other = Shopper(service), Shopper(service)
    await mine.opens()
    await other.opens()
    actors, attempts = await everyone(service, mine, other), Attempts(service, mine)
    served = served_by(service)
    gaps = [key for key in served if not declared(*key) and not key[1].startswith("/pictures")]
    assert gaps == [], "nobody says who may come in here"
    wrong, cells = [], 0
    # Signing out comes last, since it ends what they come in by.
    for method, path in sorted(served, key=lambda key: key[1].endswith("sign-out")):
        for place, access in declared(method, path).items():
            for actor in actors:
                cells += 1
                if await attempts.is_let_in(actor, method, place, access) != actor.may(access):
                    wrong.append(f"{method} {place} by {actor.name}: {access} may")
    assert wrong == []
    assert cells > len(actors) * (len(ROUTES) + len(CONSOLE_PAGES) + len(SHOP_PAGES))


async def test_who_must_set_up_a_second_factor_comes_nowhere_else(
    make_service: MakeService,
) -> None:
    service: Service = await make_service(shop=True, staff_totp="all")
    mine = Shopper(service)
    await mine.opens()
    actor = await staff_actor(service, "supervisor", Role.SUPERVISOR)
    attempts, tried = Attempts(service, mine), 0
    for method, path in served_by(service):
        for place, access in declared(method, path).items():
            if access not in tuple(Role) or place in (SECOND_FACTOR, "/console/sign-out"):
                continue
            tried += 1
            refused = await attempts.refused_before_enrolling(actor, method, place)
            assert refused, f"{method} {place}"
    assert tried > len(CONSOLE_PAGES)
